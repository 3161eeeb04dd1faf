//! Step 8 of docs/guide: a guard that lends the value in place, and the lifetime that keeps it honest.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem, ops::Deref};

struct Slot<K, V> {
    key: K,
    value: V,
    marked: AtomicBool,
}

struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// Where the entry of `key` is, marked as read.
    fn find<Q>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = *self.index.get(key)?;
        let marked = &self.slots[slot].marked;
        if !marked.load(Relaxed) {
            marked.store(true, Relaxed);
        }
        Some(slot)
    }

    /// Takes the entry in and hands out the one that left for it: the old one of this key, or the hand's victim.
    fn put(&mut self, key: K, value: V) -> Option<Slot<K, V>> {
        let left = match self.index.get(&key) {
            Some(&slot) => Some(self.take(slot)),
            None => (self.slots.len() == self.capacity).then(|| self.evict()),
        };
        self.index.insert(key.clone(), self.slots.len());
        self.slots.push(Slot { key, value, marked: AtomicBool::new(false) });
        left
    }

    fn evict(&mut self) -> Slot<K, V> {
        self.hand %= self.slots.len();
        while mem::take(self.slots[self.hand].marked.get_mut()) {
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
    store: RwLock<Store<K, V>>,
}

/// A value in its place in the cache, which stays locked for reading until this is dropped.
struct Ref<'a, K, V> {
    store: RwLockReadGuard<'a, Store<K, V>>,
    slot: usize,
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.store.slots[self.slot].value
    }
}

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache of nothing");
        let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity };
        Self { store: RwLock::new(store) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Store<K, V>> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Store<K, V>> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends the value. While the `Ref` lives, no thread can change this cache, and this thread must not try.
    fn get_ref<'a, Q>(&'a self, key: &Q) -> Option<Ref<'a, K, V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let store = self.read();
        let slot = store.find(key)?;
        Some(Ref { store, slot })
    }

    /// What `read` makes of the value: the lock is held for exactly as long as the call.
    fn get_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get_ref(key).map(|value| read(&value))
    }

    fn insert(&self, key: K, value: V) {
        let left = self.write().put(key, value);
        drop(left);
    }
}

/// A value that cannot be cloned.
struct Page {
    text: String,
}

fn main() {
    let pages = Cache::new(100);
    pages.insert("/about", Page { text: "who we are".to_owned() });

    // No copy and no count: the text is read where it lies.
    let lent = pages.get_ref("/about");
    assert_eq!(lent.as_ref().map(|page| page.text.len()), Some(10));
    drop(lent); // with the guard alive, the `insert` below would wait for this very thread

    pages.insert("/about", Page { text: "who we were".to_owned() });
    let words = pages.get_with("/about", |page| page.text.split(' ').count());
    assert_eq!(words, Some(3));

    println!("{words:?} words, read in place");
}
