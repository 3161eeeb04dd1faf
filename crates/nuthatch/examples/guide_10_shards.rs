//! Step 10 of docs/guide: many small caches that look like one.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{borrow::Borrow, collections::HashMap, mem, thread, time::Instant};

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

/// Every key has one shard, so threads meet only when their keys do.
struct Cache<K, V> {
    shards: Box<[Mutex<Store<K, V>>]>,
    hasher: RandomState,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn new(capacity: usize, shards: usize) -> Self {
        let share = capacity.div_ceil(shards);
        let store = || Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity: share };
        let shards = std::iter::repeat_with(|| Mutex::new(store())).take(shards).collect();
        Self { shards, hasher: RandomState::new() }
    }

    /// The shard of `key`, locked. All its spellings have the same hash: that is what `Borrow` promised in step 3.
    fn lock<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, Store<K, V>> {
        let shard = self.hasher.hash_one(key) % self.shards.len() as u64;
        self.shards[shard as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut store = self.lock(key);
        let slot = store.find(key)?;
        Some(store.slots[slot].value.clone())
    }

    fn insert(&self, key: K, value: V) {
        let left = self.lock(&key).put(key, value);
        drop(left);
    }

    fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut store = self.lock(key);
        let slot = store.find(key)?;
        Some(store.take(slot).value)
    }

    /// One lock at a time: for a moment the value is under neither key, but no two threads can wait for each other.
    fn rename<Q>(&self, from: &Q, to: K)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(value) = self.remove(from) {
            self.insert(to, value);
        }
    }

    /// Adds up shard by shard: exact only while nobody writes.
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).slots.len()).sum()
    }
}

/// Nanoseconds per `get` when two threads read at the same time.
fn ns_per_get(cache: &Cache<u32, u32>) -> f64 {
    const ROUNDS: u32 = 200_000;
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..ROUNDS).for_each(|key| assert_ne!(cache.get(&(key % 64)), Some(u32::MAX))));
        }
    });
    start.elapsed().as_nanos() as f64 / f64::from(2 * ROUNDS)
}

fn main() {
    let pages = Cache::new(1000, 16);
    pages.insert("/news".to_owned(), "what is new");
    thread::scope(|scope| {
        scope.spawn(|| pages.rename("/news", "/archive".to_owned()));
        scope.spawn(|| pages.rename("/archive", "/news".to_owned()));
    });
    assert_eq!(pages.len(), 1);

    // 64 keys and room for 64. One shard keeps all; of sixteen, some are full while others have room.
    let (one, sixteen) = (Cache::new(64, 1), Cache::new(64, 16));
    for key in 0..64 {
        one.insert(key, key);
        sixteen.insert(key, key);
    }
    assert_eq!(one.len(), 64);
    assert!(sixteen.len() <= 64);
    println!("of 64 keys, 1 shard keeps {}, 16 shards keep {}", one.len(), sixteen.len());
    println!(
        "two readers, ns per get: 1 shard {:.0}, 16 shards {:.0}",
        ns_per_get(&one),
        ns_per_get(&sixteen)
    );
}
