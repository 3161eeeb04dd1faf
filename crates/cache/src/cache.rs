//! The cache itself: finds the shard, makes room, takes entries in and out.

use std::{
    fmt,
    hash::{BuildHasher, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hashbrown::Equivalent;
use nuthatch_policy::Slot;

use crate::{
    Builder, Clock, Cursor, RandomState, Stats,
    bound::Bound,
    builder::Options,
    flights::Flights,
    shard::{Deadline, Departed, Entry, Shard},
};

pub(crate) type Weigher<K, V> = Box<dyn Fn(&K, &V) -> u64 + Send + Sync>;

/// A concurrent cache. See the [crate documentation](crate) for how it works and an example.
///
/// All methods take `&self`; share it by reference or in an `Arc`. Values are cloned out: put large ones in an `Arc`, or
/// read them in place with [`get_with`](Self::get_with).
///
/// `Eq` of keys and `Clone` of values run under the lock of one shard and must not use the same cache.
pub struct Cache<K, V, S = RandomState> {
    shards: Box<[Padded<Shard<K, V>>]>,
    pub(crate) bound: Bound,
    pub(crate) flights: Flights<K, V>,
    weigher: Option<Weigher<K, V>>,
    time_to_live: Option<Duration>,
    pub(crate) clock: Clock,
    hasher: S,
}

/// A lock on cache lines of its own, two because processors fetch them in pairs: neighbours do not slow each other down.
#[repr(align(128))]
struct Padded<T>(Mutex<T>);

impl<K, V> Cache<K, V> {
    /// Starts building a cache. It can be built once it knows its capacity.
    pub fn builder() -> Builder<K, V> {
        Builder::new()
    }
}

impl<K, V, S> Cache<K, V, S> {
    pub(crate) fn new(capacity: u64, weigher: Option<Weigher<K, V>>, options: Options<S>) -> Self {
        let shards = options.shards(capacity);
        let share = capacity.div_ceil(shards as u64).max(1);
        let shard = || Padded(Mutex::new(Shard::new(options.policy, share)));
        Self {
            shards: std::iter::repeat_with(shard).take(shards).collect(),
            bound: Bound::new(capacity),
            flights: Flights::new(capacity),
            weigher,
            time_to_live: options.time_to_live,
            clock: options.clock,
            hasher: options.hasher,
        }
    }

    /// The most weight (entries, without a weigher) that the cache holds.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.bound.capacity()
    }

    /// The weight held now, never more than the capacity. O(1).
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.bound.held()
    }

    /// How many entries are held, expired ones included until they are met or swept. Locks one shard after another.
    #[must_use]
    pub fn len(&self) -> usize {
        (0..self.shards.len()).map(|index| self.shard(index).len()).sum()
    }

    /// Whether no entry is held. Locks one shard after another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        (0..self.shards.len()).all(|index| self.shard(index).len() == 0)
    }

    /// What the cache has seen and holds. Locks one shard after another.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        for index in 0..self.shards.len() {
            let shard = self.shard(index);
            sum.add(&Stats { len: shard.len() as u64, ..shard.stats });
        }
        sum.weight = self.weight();
        sum
    }

    /// Removes every entry. Loads in flight return their value to their callers but do not keep it. Entries inserted by
    /// other threads meanwhile may or may not be removed. O(n).
    pub fn clear(&self) {
        self.flights.fence_all();
        for index in 0..self.shards.len() {
            let entries = self.shard(index).clear();
            self.bound.release(entries.iter().map(|(_, entry)| entry.weight).sum());
        }
    }

    /// Looks at up to `entries` entries of each shard, going on where the last sweep ended, and removes those that have
    /// expired. Inserts do this by themselves, two entries each; a cache that is seldom written may want it on a timer.
    pub fn sweep(&self, entries: u32) {
        for index in 0..self.shards.len() {
            let mut departed = Departed::new();
            self.shard(index).sweep_slots(entries, &self.clock, None, &mut departed);
            self.bound.release(departed.take_weight());
        }
    }

    /// Calls `visit` with about `count` live entries and returns where to go on; [`Cursor::START`] means the end.
    ///
    /// An entry that is held during a whole scan, from start to end, is visited at least once; one that comes or goes
    /// meanwhile may or may not be. `visit` runs under the lock of one shard and must not use this cache. Counts no hit.
    pub fn scan(&self, from: Cursor, count: usize, mut visit: impl FnMut(&K, &V)) -> Cursor {
        let (first, mut at) = from.parts();
        let mut left = count.max(1);
        for index in first..self.shards.len() {
            let shard = self.shard(index);
            for (slot, entry) in shard.walk(at, &self.clock) {
                if left == 0 {
                    return Cursor::new(index, slot);
                }
                visit(&entry.key, &entry.value);
                left -= 1;
            }
            at = Slot(0);
        }
        Cursor::START
    }

    /// The shard at `index`, round and round, locked.
    fn shard(&self, index: usize) -> MutexGuard<'_, Shard<K, V>> {
        // A panic in a user's `Eq` or `Clone` poisons the lock, but happens only where the shard is in order.
        self.shards[index & (self.shards.len() - 1)].0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard for `hash`, locked.
    pub(crate) fn lock(&self, hash: u64) -> MutexGuard<'_, Shard<K, V>> {
        self.shard(self.index(hash))
    }

    /// Which shard: by bits that the hash table inside does not use. Taken modulo the number of shards.
    const fn index(&self, hash: u64) -> usize {
        (hash >> 32) as usize
    }

    pub(crate) fn deadline(&self, ttl: Option<Duration>) -> Deadline {
        ttl.or(self.time_to_live).map_or(Deadline::NEVER, |ttl| Deadline::after(&self.clock, ttl))
    }

    pub(crate) fn weigh(&self, key: &K, value: &V) -> u64 {
        self.weigher.as_ref().map_or(1, |weigher| weigher(key, value))
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The value of `key`, cloned. O(1), locks one shard.
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.get_with(key, V::clone)
    }

    /// What `read` makes of the value of `key`. `read` runs under the lock of one shard: keep it short, and do not use
    /// this cache in it.
    pub fn get_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look(key, Shard::touch, read)
    }

    /// As [`get_with`](Self::get_with), but a lookup that no statistic and no policy hears of.
    pub fn peek_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look(key, |_, _| {}, read)
    }

    /// Whether a live entry of `key` is held. Not counted as a lookup.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek_with(key, |_| ()).is_some()
    }

    /// Keeps `value` as the value of `key`, and returns the one it replaces.
    ///
    /// Evicts first what must leave to make room. An entry heavier than the whole capacity is refused and counted as a
    /// rejection; the value it would have replaced is gone all the same, for it is out of date. O(1) amortised.
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.put(key, value, self.deadline(None))
    }

    /// As [`insert`](Self::insert), to expire `ttl` from now, whatever the cache's own time to live.
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Option<V> {
        self.put(key, value, self.deadline(Some(ttl)))
    }

    /// Removes `key` and returns its value if it was alive. A load of `key` in flight returns its value to its callers
    /// but does not keep it. O(1).
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let mut departed = Departed::new();
        let mut shard = self.lock(hash);
        self.flights.fence(hash, key);
        let removed = shard.live(hash, key, &self.clock, &mut departed).and_then(|slot| shard.remove(slot));
        drop(shard);
        self.bound.release(departed.take_weight());
        let removed = removed?;
        self.bound.release(removed.weight);
        Some(removed.value)
    }

    /// Finds the live entry of `key`, has `note` taken of what was found, and reads its value.
    fn look<Q, R>(
        &self,
        key: &Q,
        note: impl FnOnce(&mut Shard<K, V>, Option<Slot>),
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let mut departed = Departed::new();
        let mut shard = self.lock(hash);
        let found = shard.live(hash, key, &self.clock, &mut departed);
        note(&mut shard, found);
        let result = found.and_then(|slot| shard.entry(slot)).map(|entry| read(&entry.value));
        drop(shard);
        self.bound.release(departed.take_weight());
        result
    }

    fn put(&self, key: K, value: V, deadline: Deadline) -> Option<V> {
        let weight = self.weigh(&key, &value);
        let hash = self.hash(&key);
        let entry = Entry { hash, weight, deadline, key, value };
        if weight > self.bound.capacity() {
            self.lock(hash).stats.rejections += 1;
            return self.remove(&entry.key);
        }
        let mut announced = false;
        loop {
            let mut departed = Departed::new();
            let mut shard = self.lock(hash);
            self.flights.fence(hash, &entry.key);
            let held = shard.live(hash, &entry.key, &self.clock, &mut departed);
            if held.is_none() && !std::mem::replace(&mut announced, true) {
                shard.policy.miss(hash, weight);
            }
            match self.make_room(&mut shard, held, weight, &mut departed) {
                Ok(Some(slot)) => return shard.replace(slot, entry.value, weight, deadline),
                Ok(None) => {
                    self.admit(&mut shard, entry);
                    return None;
                }
                Err(NoRoomHere) => {
                    drop(shard);
                    self.evict_elsewhere(hash);
                }
            }
        }
    }

    /// Reserves `weight` units for an entry that fits the capacity and is to replace the one at `held`, if any. Evicts
    /// from `shard` as needed. Returns `held` if that entry is still there.
    pub(crate) fn make_room(
        &self,
        shard: &mut Shard<K, V>,
        mut held: Option<Slot>,
        weight: u64,
        departed: &mut Departed<K, V>,
    ) -> Result<Option<Slot>, NoRoomHere> {
        shard.sweep(&self.clock, held, departed);
        // What leaves makes room for what comes: only the difference touches the count that all shards share.
        let mut room =
            departed.take_weight() + held.and_then(|slot| shard.entry(slot)).map_or(0, |old| old.weight);
        while !self.bound.exchange(room, weight) {
            let Some((slot, evicted)) = shard.evict() else {
                // What left is given back; what is held still is, and stays counted.
                let kept = held.and_then(|slot| shard.entry(slot)).map_or(0, |old| old.weight);
                self.bound.release(room - kept);
                return Err(NoRoomHere);
            };
            departed.push(Some(evicted));
            let left = departed.take_weight();
            if held == Some(slot) {
                held = None; // its weight is in `room` already
            } else {
                room += left;
            }
        }
        Ok(held)
    }

    /// Takes in an entry for which room was made and whose key is not held.
    pub(crate) fn admit(&self, shard: &mut Shard<K, V>, entry: Entry<K, V>) {
        if let Err(refused) = shard.admit(entry) {
            // 2^32 - 1 entries in one shard: no slot is left for another.
            shard.stats.rejections += 1;
            self.bound.release(refused.weight);
        }
    }

    /// Lets one entry go from a shard other than that of `hash`, whose own entries were not enough. One lock at a time.
    pub(crate) fn evict_elsewhere(&self, hash: u64) {
        for step in 1..self.shards.len() {
            let evicted = self.shard(self.index(hash) + step).evict();
            if let Some((_, entry)) = evicted {
                self.bound.release(entry.weight);
                return;
            }
        }
        // Nothing to evict: the room is reserved by inserts that are about to come in. Let them.
        std::thread::yield_now();
    }

    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        spread(self.hasher.hash_one(key))
    }
}

impl<K, V, S> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("capacity", &self.capacity()).field("stats", &self.stats()).finish()
    }
}

/// The entries of this shard are not enough to make room.
#[derive(Debug)]
pub(crate) struct NoRoomHere;

/// Spreads a hash over all 64 bits: shards, tables and ghosts each rely on bits of their own, and a user's hasher may
/// leave some of them empty. One multiplication.
fn spread(hash: u64) -> u64 {
    let product = u128::from(hash ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    #[expect(clippy::cast_possible_truncation, reason = "folds the high half onto the low one")]
    let folded = (product >> 64) as u64 ^ product as u64;
    folded
}
