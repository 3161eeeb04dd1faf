//! Step 6 of docs/guide: a cache that threads share, behind a lock that lets itself go.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem, panic, thread};

struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
}

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
    store: Mutex<Store<K, V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache of nothing");
        let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity };
        Self { store: Mutex::new(store) }
    }

    /// A panic under the lock can only come from `Hash`, `Eq` or `Clone`. In `get` nothing was changed by then, so
    /// a lock that a reader poisoned guards a store in order.
    fn lock(&self) -> MutexGuard<'_, Store<K, V>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.lock().get(key).cloned()
    }

    fn insert(&self, key: K, value: V) {
        let left = self.lock().put(key, value); // the guard has no name: it is dropped at this semicolon
        drop(left); // and the old entry here, where nothing is locked: its `drop` may do as it likes
    }

    fn get_or_insert_with(&self, key: K, load: impl FnOnce(&K) -> V) -> V {
        if let Some(value) = self.get(&key) {
            return value;
        }
        let value = load(&key);
        self.insert(key, value.clone());
        value
    }

    fn len(&self) -> usize {
        self.lock().slots.len()
    }
}

/// A lock makes a cache `Sync`, so it may even be a static.
static PAGES: LazyLock<Cache<u32, Page>> = LazyLock::new(|| Cache::new(2));

struct Page(&'static str);

impl Clone for Page {
    fn clone(&self) -> Self {
        if self.0 == "cursed" {
            panic::resume_unwind(Box::new("cannot be cloned")); // a panic without the message on the terminal
        }
        Self(self.0)
    }
}

/// A value that uses the cache when it goes. Dropped under the lock, it would wait for itself for ever.
impl Drop for Page {
    fn drop(&mut self) {
        assert!(PAGES.len() <= 2);
    }
}

fn main() {
    // Four threads, three keys, room for two.
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for turn in 0..100 {
                    let page = PAGES.get_or_insert_with((thread + turn) % 3, |_| Page("a page"));
                    assert_eq!(page.0, "a page");
                }
            });
        }
    });
    assert_eq!(PAGES.len(), 2);

    // A thread that panics under the lock poisons it; the next one decides whether to go on. Here it may.
    PAGES.insert(9, Page("cursed"));
    let outcome = thread::spawn(|| PAGES.get(&9).is_some()).join();
    assert!(outcome.is_err() && PAGES.store.is_poisoned());
    PAGES.insert(9, Page("lifted"));
    assert_eq!(PAGES.get(&9).map(|page| page.0), Some("lifted"));

    println!("{} pages, whatever happened", PAGES.len());
}
