//! Step 4 of docs/guide: a bound, a mark on what was read, and one look-up where there were three.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{borrow::Borrow, collections::HashMap, collections::hash_map::Entry, hash::Hash, mem};

/// One entry. `marked` says whether it was read since the hand last passed.
struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
}

/// At most `capacity` entries in a slab; `index` says which slot a key is in.
struct Cache<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache of nothing");
        Self { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity }
    }

    /// Lends the value and marks it, which is why it takes `&mut self`.
    fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = self.slots.get_mut(*self.index.get(key)?)?;
        slot.marked = true;
        Some(&slot.value)
    }

    /// The value of `key`, for as long as it takes to change it in place.
    fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(&mut self.slots.get_mut(*self.index.get(key)?)?.value)
    }

    fn get_or_insert_with(&mut self, key: K, load: impl FnOnce(&K) -> V) -> &mut V {
        let slot = match self.index.entry(key) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(gap) => {
                let new = Slot { key: gap.key().clone(), value: load(gap.key()), marked: false };
                if self.slots.len() < self.capacity {
                    self.slots.push(new);
                    *gap.insert(self.slots.len() - 1)
                } else {
                    let victim = find_victim(&mut self.slots, &mut self.hand);
                    gap.insert(victim);
                    let old = mem::replace(&mut self.slots[victim], new);
                    self.index.remove(&old.key);
                    victim
                }
            }
        };
        &mut self.slots[slot].value
    }
}

/// CLOCK: the hand goes round; what is marked loses its mark and stays, the first without one leaves.
fn find_victim<K, V>(slots: &mut [Slot<K, V>], hand: &mut usize) -> usize {
    loop {
        let at = *hand;
        *hand = (at + 1) % slots.len();
        if !mem::take(&mut slots[at].marked) {
            return at;
        }
    }
}

fn main() {
    let mut pages: Cache<String, String> = Cache::new(2);
    pages.get_or_insert_with("/".to_owned(), |path| format!("page {path}"));
    pages.get_or_insert_with("/about".to_owned(), |path| format!("page {path}"));

    if let Some(page) = pages.get_mut("/about") {
        page.push_str(", changed in place");
    }
    assert_eq!(pages.get("/").map(String::as_str), Some("page /")); // marks "/"

    // Full: the hand spares "/", which was read, and takes "/about", which was not.
    pages.get_or_insert_with("/news".to_owned(), |path| format!("page {path}"));
    assert_eq!(pages.get("/about"), None);
    assert!(pages.get("/").is_some() && pages.get("/news").is_some());
    assert_eq!((pages.index.len(), pages.slots.len()), (2, 2));

    println!("kept: {:?}", pages.slots.iter().map(|slot| &slot.key).collect::<Vec<_>>());
}
