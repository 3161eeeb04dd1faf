//! Step 13 of docs/guide: a cache bounded by entries or by weight, and no way to build one without a bound.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{collections::HashMap, hash::Hash, marker::PhantomData, mem};

/// The state of a builder that knows no bound: it has no `build`.
struct Unbounded;

/// Bounded by the number of entries.
struct Entries {
    capacity: u64,
}

/// Knows how much weight is allowed, but not what an entry weighs: no `build` either.
struct Unweighed {
    capacity: u64,
}

/// Bounded by weight.
struct Weighed<W> {
    capacity: u64,
    weigher: W,
}

/// What a cache shall be like. `B` is the state; each call that settles something returns another type.
struct Builder<K, V, B = Unbounded> {
    bound: B,
    entries: PhantomData<fn(K, V)>,
}

impl<K, V> Builder<K, V> {
    fn capacity(self, entries: u64) -> Builder<K, V, Entries> {
        Builder { bound: Entries { capacity: entries }, entries: PhantomData }
    }

    fn weight_capacity(self, weight: u64) -> Builder<K, V, Unweighed> {
        Builder { bound: Unweighed { capacity: weight }, entries: PhantomData }
    }
}

impl<K, V> Builder<K, V, Unweighed> {
    fn weigher<W: Fn(&K, &V) -> u64>(self, weigher: W) -> Builder<K, V, Weighed<W>> {
        Builder { bound: Weighed { capacity: self.bound.capacity, weigher }, entries: PhantomData }
    }
}

impl<K, V> Builder<K, V, Entries> {
    fn build(self) -> Cache<K, V> {
        Cache::new(self.bound.capacity, Box::new(|_, _| 1))
    }
}

impl<K, V, W: Fn(&K, &V) -> u64 + Send + Sync + 'static> Builder<K, V, Weighed<W>> {
    fn build(self) -> Cache<K, V> {
        Cache::new(self.bound.capacity, Box::new(self.bound.weigher))
    }
}

struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
    weight: u64,
}

struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    weight: u64,
    capacity: u64,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// Makes room first, then takes the entry in: the bound holds at every moment. Hands out all that left, which is
    /// the new entry itself if it is too heavy for the whole cache.
    fn put(&mut self, new: Slot<K, V>) -> Vec<Slot<K, V>> {
        let mut left = Vec::new();
        if let Some(&slot) = self.index.get(&new.key) {
            left.push(self.take(slot));
        }
        if new.weight > self.capacity {
            left.push(new);
            return left;
        }
        while new.weight > self.capacity - self.weight {
            left.push(self.evict());
        }
        self.weight += new.weight;
        self.index.insert(new.key.clone(), self.slots.len());
        self.slots.push(new);
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
        self.weight -= gone.weight;
        if let Some(moved) = self.slots.get(slot).and_then(|moved| self.index.get_mut(&moved.key)) {
            *moved = slot;
        }
        gone
    }
}

type Weigher<K, V> = dyn Fn(&K, &V) -> u64 + Send + Sync;

struct Cache<K, V> {
    store: Mutex<Store<K, V>>,
    weigher: Box<Weigher<K, V>>,
}

impl<K, V> Cache<K, V> {
    fn builder() -> Builder<K, V> {
        Builder { bound: Unbounded, entries: PhantomData }
    }

    fn new(capacity: u64, weigher: Box<Weigher<K, V>>) -> Self {
        let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, weight: 0, capacity };
        Self { store: Mutex::new(store), weigher }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn lock(&self) -> MutexGuard<'_, Store<K, V>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &K) -> Option<V> {
        let mut store = self.lock();
        let slot = *store.index.get(key)?;
        store.slots[slot].marked = true;
        Some(store.slots[slot].value.clone())
    }

    fn insert(&self, key: K, value: V) {
        let weight = (self.weigher)(&key, &value); // user code: before the lock
        let left = self.lock().put(Slot { key, value, marked: false, weight });
        drop(left);
    }
}

fn main() {
    let by_entries = Cache::builder().capacity(2).build();
    by_entries.insert("/", "a");
    by_entries.insert("/about", "bb");
    by_entries.insert("/news", "ccc");
    assert_eq!((by_entries.get(&"/"), by_entries.lock().slots.len()), (None, 2));

    let by_bytes = Cache::builder().weight_capacity(8).weigher(|_, page: &String| page.len() as u64).build();
    by_bytes.insert("/", "four".to_owned());
    by_bytes.insert("/about", "more".to_owned());
    by_bytes.insert("/news", "eight by".to_owned()); // both have to leave for it
    assert_eq!((by_bytes.get(&"/"), by_bytes.get(&"/about")), (None, None));
    by_bytes.insert("/all", "more than eight".to_owned()); // can never fit, so nothing leaves for it
    assert_eq!(by_bytes.get(&"/news").as_deref(), Some("eight by"));

    let store = by_bytes.lock();
    println!("{} bytes of at most {}", store.weight, store.capacity);
}
