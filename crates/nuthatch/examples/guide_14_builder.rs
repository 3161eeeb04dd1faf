//! Step 14 of docs/guide: the builder, with defaults for what is not said and an error for what cannot be.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{collections::HashMap, fmt, marker::PhantomData, mem, thread};

struct Unbounded;

struct Entries {
    capacity: usize,
}

/// What a cache shall be like. Only the bound has to be said.
#[must_use = "a builder does nothing until it is built"]
struct Builder<K, V, B = Unbounded, S = RandomState> {
    bound: B,
    options: Options<S>,
    entries: PhantomData<fn(K, V)>,
}

/// What is independent of the bound, so that a change of state moves it as one.
struct Options<S> {
    shards: Option<usize>,
    time_to_live: Option<Duration>,
    hasher: S,
}

impl<K, V, S> Builder<K, V, Unbounded, S> {
    fn capacity(self, entries: usize) -> Builder<K, V, Entries, S> {
        Builder { bound: Entries { capacity: entries }, options: self.options, entries: PhantomData }
    }
}

impl<K, V, B, S> Builder<K, V, B, S> {
    /// How many locks. By default eight for each thread that can run.
    fn shards(mut self, shards: usize) -> Self {
        self.options.shards = Some(shards);
        self
    }

    /// How long an entry is good for. By default for ever.
    fn time_to_live(mut self, time: Duration) -> Self {
        self.options.time_to_live = Some(time);
        self
    }

    /// Another type of hasher makes another type of cache.
    fn hasher<T: BuildHasher>(self, hasher: T) -> Builder<K, V, B, T> {
        let Options { shards, time_to_live, .. } = self.options;
        Builder { bound: self.bound, options: Options { shards, time_to_live, hasher }, entries: PhantomData }
    }
}

impl<K, V, S> Builder<K, V, Entries, S> {
    /// All that the types could not rule out is looked at here, before anything is made.
    fn build(self) -> Result<Cache<K, V, S>, BuildError> {
        let (capacity, options) = (self.bound.capacity, self.options);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let shards = options.shards.unwrap_or_else(|| (8 * threads).min(capacity));
        if capacity == 0 {
            return Err(BuildError::Capacity);
        }
        if !(1..=capacity).contains(&shards) {
            return Err(BuildError::Shards { shards, capacity });
        }
        if options.time_to_live == Some(Duration::ZERO) {
            return Err(BuildError::TimeToLive);
        }
        // Rounded down: all shards together must not hold more than was asked for.
        let store =
            || Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity: capacity / shards };
        Ok(Cache {
            shards: std::iter::repeat_with(|| Mutex::new(store())).take(shards).collect(),
            time_to_live: options.time_to_live,
            hasher: options.hasher,
        })
    }
}

/// Why a cache could not be built: which setting, and what it may be.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
enum BuildError {
    Capacity,
    Shards { shards: usize, capacity: usize },
    TimeToLive,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity => write!(f, "capacity: 0 would keep nothing; at least 1"),
            Self::Shards { shards, capacity } => {
                write!(f, "shards: {shards} for a capacity of {capacity}; from 1 to the capacity")
            }
            Self::TimeToLive => write!(f, "time_to_live: zero would keep nothing; leave it out for no limit"),
        }
    }
}

impl Error for BuildError {}

struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
    written: Instant,
}

struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// Takes the entry in and hands out the one that left for it: the old one of this key, or the hand's victim.
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

struct Cache<K, V, S = RandomState> {
    shards: Box<[Mutex<Store<K, V>>]>,
    time_to_live: Option<Duration>,
    hasher: S,
}

impl<K, V> Cache<K, V> {
    /// For the default hasher only, or a call could not tell which `S` is meant.
    fn builder() -> Builder<K, V> {
        let options = Options { shards: None, time_to_live: None, hasher: RandomState::new() };
        Builder { bound: Unbounded, options, entries: PhantomData }
    }
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher> Cache<K, V, S> {
    fn shard(&self, key: &K) -> &Mutex<Store<K, V>> {
        &self.shards[(self.hasher.hash_one(key) % self.shards.len() as u64) as usize]
    }

    fn get(&self, key: &K) -> Option<V> {
        let mut store = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let slot = *store.index.get(key)?;
        let slot = &mut store.slots[slot];
        slot.marked = true;
        let alive = self.time_to_live.is_none_or(|time| slot.written.elapsed() < time);
        alive.then(|| slot.value.clone())
    }

    fn insert(&self, key: K, value: V) {
        let new = Slot { key, value, marked: false, written: Instant::now() };
        let shard = self.shard(&new.key);
        let left = shard.lock().unwrap_or_else(PoisonError::into_inner).put(new);
        drop(left);
    }
}

fn main() -> Result<(), BuildError> {
    let pages = Cache::builder().capacity(100).time_to_live(Duration::from_secs(3600)).build()?;
    pages.insert("/about", "who we are");
    assert_eq!(pages.get(&"/about"), Some("who we are"));

    // Settings in any order; the hasher shows in the type.
    let exact: Cache<u32, u32, RandomState> =
        Cache::builder().shards(1).hasher(RandomState::new()).capacity(3).build()?;
    (0..5).for_each(|key| exact.insert(key, key * key));
    assert_eq!((0..5).filter_map(|key| exact.get(&key)).count(), 3);

    let refused = Cache::<u32, u32>::builder().capacity(4).shards(16).build();
    let error = refused.err();
    assert_eq!(error, Some(BuildError::Shards { shards: 16, capacity: 4 }));
    println!("{}", error.as_ref().map_or_else(String::new, ToString::to_string));
    Ok(())
}
