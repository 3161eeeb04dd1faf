//! Step 5 of docs/guide: a cache that many parts of one thread may use, through `&self`.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{borrow::Borrow, cell::RefCell, collections::HashMap, hash::Hash, mem, rc::Rc};

struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
}

/// The cache of step 4: all that changes.
struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = self.slots.get_mut(*self.index.get(key)?)?;
        slot.marked = true;
        Some(&slot.value)
    }

    /// Takes the entry in and hands out the one that left for it: the old one of this key, or the hand's victim.
    fn put(&mut self, key: K, value: V) -> Option<Slot<K, V>> {
        let left = match self.index.get(&key) {
            Some(&slot) => Some(self.take(slot)),
            None => (self.slots.len() == self.capacity).then(|| self.evict()),
        };
        self.index.insert(key.clone(), self.slots.len());
        self.slots.push(Slot { key, value, marked: false });
        left
    }

    fn evict(&mut self) -> Slot<K, V> {
        self.hand %= self.slots.len();
        while mem::take(&mut self.slots[self.hand].marked) {
            self.hand = (self.hand + 1) % self.slots.len();
        }
        self.hand += 1; // the last entry moves into the gap: it is behind the hand now, and has a lap before it
        self.take(self.hand - 1)
    }

    fn take(&mut self, slot: usize) -> Slot<K, V> {
        let gone = self.slots.swap_remove(slot);
        self.index.remove(&gone.key);
        if let Some(moved) = self.slots.get(slot).and_then(|moved| self.index.get_mut(&moved.key)) {
            *moved = slot;
        }
        gone
    }
}

struct Cache<K, V> {
    store: RefCell<Store<K, V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache of nothing");
        let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity };
        Self { store: RefCell::new(store) }
    }

    /// A copy: a reference into the store would have to keep it borrowed.
    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.store.borrow_mut().get(key).cloned()
    }

    fn insert(&self, key: K, value: V) {
        self.store.borrow_mut().put(key, value);
    }

    /// Nothing is borrowed while `load` runs, so it may use this cache.
    fn get_or_insert_with(&self, key: K, load: impl FnOnce(&K) -> V) -> V {
        if let Some(value) = self.get(&key) {
            return value;
        }
        let value = load(&key);
        self.insert(key, value.clone());
        value
    }
}

/// Two parts of a program with the same cache, neither of which owns it alone.
struct Site {
    pages: Rc<Cache<String, Rc<str>>>,
}

struct Preview {
    pages: Rc<Cache<String, Rc<str>>>,
}

fn main() {
    let pages = Rc::new(Cache::new(100));
    let site = Site { pages: Rc::clone(&pages) };
    let preview = Preview { pages };

    // The page is made of another page of the same cache.
    let about = site.pages.get_or_insert_with("/about".to_owned(), |_| {
        let footer = site.pages.get_or_insert_with("/footer".to_owned(), |_| "the end".into());
        format!("who we are; {footer}").into()
    });
    assert_eq!(&*about, "who we are; the end");

    // Cloning an `Rc<str>` copies a pointer and counts; the text is there once.
    let again = preview.pages.get("/about");
    assert!(again.is_some_and(|page| Rc::ptr_eq(&page, &about)));

    println!("{about}");
}
