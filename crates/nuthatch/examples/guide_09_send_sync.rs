//! Step 9 of docs/guide: what may cross threads, and who says so.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{borrow::Borrow, cell::Cell, collections::HashMap, hash::Hash, mem, ops::Deref, thread};

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
    /// Where the entry of `key` is, marked as read.
    fn find<Q>(&mut self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = *self.index.get(key)?;
        self.slots[slot].marked = true;
        Some(slot)
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

/// Hears of entries that leave. Any thread may call it, and two at once: hence `Send + Sync`.
type Listener<K, V> = dyn Fn(&K, &V) + Send + Sync;

struct Cache<K, V> {
    store: Mutex<Store<K, V>>,
    listener: Box<Listener<K, V>>,
}

/// Not `Send`, because its `MutexGuard` is not: a lock must be let go by the thread that took it.
struct Ref<'a, K, V> {
    store: MutexGuard<'a, Store<K, V>>,
    slot: usize,
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.store.slots[self.slot].value
    }
}

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    fn new(capacity: usize, listener: impl Fn(&K, &V) + Send + Sync + 'static) -> Self {
        assert!(capacity > 0, "a cache of nothing");
        let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity };
        Self { store: Mutex::new(store), listener: Box::new(listener) }
    }

    fn lock(&self) -> MutexGuard<'_, Store<K, V>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_ref<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut store = self.lock();
        let slot = store.find(key)?;
        Some(Ref { store, slot })
    }

    fn insert(&self, key: K, value: V) {
        let left = self.lock().put(key, value);
        if let Some(left) = left {
            (self.listener)(&left.key, &left.value); // no lock is held: it may use this cache
        }
    }
}

const fn needs_sync<T: Sync>() {}

/// Compiles only if a cache of any keys and values that may be *sent* may be *shared*. Nobody wrote that down: the
/// compiler works it out from the fields.
const fn shared_if_sent<K: Send, V: Send>() {
    needs_sync::<Cache<K, V>>();
}

fn main() {
    shared_if_sent::<String, Cell<u32>>();

    // A `Cell` is `Send` but not `Sync`: the mutex lends it to one thread at a time, and that is enough.
    let views: Cache<&str, Cell<u32>> = Cache::new(1, |path, views| println!("{path} left, {views:?}"));
    views.insert("/", Cell::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    if let Some(count) = views.get_ref("/") {
                        count.set(count.get() + 1);
                    }
                }
            });
        }
    });
    assert_eq!(views.get_ref("/").map(|count| count.get()), Some(200));

    views.insert("/about", Cell::new(0)); // prints: / left, Cell { value: 200 }
    assert!(views.get_ref("/").is_none());
}
