//! Step 12 of docs/guide: counters and a generation that need no lock, and the cache line that threads share.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Mutex, PoisonError};
use std::{collections::HashMap, hint, mem, thread, time::Instant};

/// Cache lines of its own: two of 64 bytes, because processors like to fetch them in pairs.
#[repr(align(128))]
struct Padded<T>(T);

struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
    generation: u64,
}

struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// The value of `key`, if no `clear` came after it. An old one stays until it is replaced or evicted.
    fn get(&mut self, key: &K, generation: u64) -> Option<&V> {
        let slot = &mut self.slots[*self.index.get(key)?];
        if slot.generation < generation {
            return None;
        }
        slot.marked = true;
        Some(&slot.value)
    }

    fn put(&mut self, new: Slot<K, V>) -> Option<Slot<K, V>> {
        let left = match self.index.get(&new.key) {
            Some(&slot) => Some(self.take(slot)),
            None => (self.slots.len() == self.capacity).then(|| self.evict()),
        };
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
        if let Some(moved) = self.slots.get(slot).and_then(|moved| self.index.get_mut(&moved.key)) {
            *moved = slot;
        }
        gone
    }
}

struct Shard<K, V> {
    store: Mutex<Store<K, V>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Cache<K, V> {
    shards: Box<[Padded<Shard<K, V>>]>,
    hasher: RandomState,
    generation: Padded<AtomicU64>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn new(capacity: usize, shards: usize) -> Self {
        let capacity = capacity.div_ceil(shards);
        let store = || Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity };
        let shard =
            || Shard { store: Mutex::new(store()), hits: AtomicU64::new(0), misses: AtomicU64::new(0) };
        Self {
            shards: std::iter::repeat_with(|| Padded(shard())).take(shards).collect(),
            hasher: RandomState::new(),
            generation: Padded(AtomicU64::new(0)),
        }
    }

    fn shard(&self, key: &K) -> &Shard<K, V> {
        let shard = self.hasher.hash_one(key) % self.shards.len() as u64;
        &self.shards[shard as usize].0
    }

    fn get_or_insert_with(&self, key: K, load: impl FnOnce(&K) -> V) -> V {
        let generation = self.generation.0.load(Acquire);
        let shard = self.shard(&key);
        let lock = || shard.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = lock().get(&key, generation).cloned() {
            shard.hits.fetch_add(1, Relaxed);
            return value;
        }
        shard.misses.fetch_add(1, Relaxed);
        let value = load(&key);
        // The generation from before the load: if a `clear` came meanwhile, what is kept is old from the start.
        let left = lock().put(Slot { key, value: value.clone(), marked: false, generation });
        drop(left);
        value
    }

    /// Makes everything old at once, without a lock, however much there is.
    fn clear(&self) {
        self.generation.0.fetch_add(1, Release);
    }

    fn hits_and_misses(&self) -> (u64, u64) {
        let sum = |count: fn(&Shard<K, V>) -> &AtomicU64| {
            self.shards.iter().map(|shard| count(&shard.0).load(Relaxed)).sum()
        };
        (sum(|shard| &shard.hits), sum(|shard| &shard.misses))
    }
}

/// Nanoseconds per addition while two threads count at the same time, each for itself. Of a hundred short bursts the
/// ninetieth: in most of them one thread may have been waiting for a core, and then there is nothing to see.
fn ns_per_count(mine: &AtomicU64, yours: &AtomicU64) -> f64 {
    const BURSTS: usize = 100;
    const ROUNDS: u32 = 5_000;
    let arrived = AtomicUsize::new(0);
    let count = |counter: &AtomicU64| {
        let mut times = [0.0; BURSTS];
        for (burst, time) in times.iter_mut().enumerate() {
            // Waits awake: once both are here, both are running. A thread that slept would come late.
            arrived.fetch_add(1, Release);
            while arrived.load(Acquire) < 2 * (burst + 1) {
                hint::spin_loop();
            }
            let start = Instant::now();
            for _ in 0..ROUNDS {
                counter.fetch_add(1, Relaxed);
            }
            *time = start.elapsed().as_nanos() as f64 / f64::from(ROUNDS);
        }
        times.sort_by(f64::total_cmp);
        times[BURSTS * 9 / 10]
    };
    thread::scope(|scope| {
        scope.spawn(|| count(yours));
        count(mine)
    })
}

fn main() {
    // One thread changes the source and clears. Once the other sees the clear, it sees the change too.
    let source = AtomicU64::new(1);
    let prices = Cache::new(100, 4);
    assert_eq!(prices.get_or_insert_with("nuts", |_| source.load(Relaxed)), 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            source.store(2, Relaxed);
            prices.clear(); // Release: what this thread did before ...
        });
        while prices.generation.0.load(Acquire) == 0 {
            hint::spin_loop();
        }
        // ... is seen by a thread that Acquired the new generation. The price of 1 cannot come back.
        assert_eq!(prices.get_or_insert_with("nuts", |_| source.load(Relaxed)), 2);
    });
    assert_eq!(prices.get_or_insert_with("nuts", |_| 0), 2);
    assert_eq!(prices.hits_and_misses(), (1, 2));

    let together = Padded([AtomicU64::new(0), AtomicU64::new(0)]);
    let apart = [Padded(AtomicU64::new(0)), Padded(AtomicU64::new(0))];
    let one_line = ns_per_count(&together.0[0], &together.0[1]);
    let padded = ns_per_count(&apart[0].0, &apart[1].0);
    assert_eq!(together.0[0].load(Relaxed), apart[0].0.load(Relaxed), "Relaxed, but none is lost");
    println!("two threads, a counter each, ns per addition: one line {one_line:.1}, padded {padded:.1}");
}
