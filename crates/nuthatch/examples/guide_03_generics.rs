//! Step 3 of docs/guide: a cache of any key and value, looked up by anything that the key can lend.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

struct Cache<K, V> {
    map: HashMap<K, V>,
}

impl<K, V> Cache<K, V> {
    fn new() -> Self {
        Self { map: HashMap::new() }
    }

    fn len(&self) -> usize {
        self.map.len()
    }
}

impl<K: Hash + Eq, V> Cache<K, V> {
    fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.map.get(key)
    }

    fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }
}

/// Where a page lives. Never ends with a slash, but for the front page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Path(String);

impl Path {
    fn new(path: &str) -> Self {
        let trimmed = path.trim_end_matches('/');
        Self(if trimmed.is_empty() { "/" } else { trimmed }.to_owned())
    }
}

/// A promise: a `Path` and the text in it are equal to the same things and have the same hash. Both derive from the
/// one field, so both hold.
impl Borrow<str> for Path {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Page(String);

fn main() {
    let mut pages = Cache::new();
    pages.insert(Path::new("/about/"), Page("who we are".to_owned()));

    // Found by a `Path` and by a `&str`: for the second no `String` is made.
    assert_eq!(pages.get(&Path::new("/about")), Some(&Page("who we are".to_owned())));
    assert_eq!(pages.get("/about"), Some(&Page("who we are".to_owned())));
    // What did not come through the constructor is not in order: a miss, though never the wrong page.
    assert_eq!(pages.get("/about/"), None);

    // The same code for other types; the compiler writes it out once for each.
    let mut squares: Cache<u64, u64> = Cache::new();
    squares.insert(12, 144);
    assert_eq!(squares.get(&12), Some(&144));

    println!("{} page, {} square", pages.len(), squares.len());
}
