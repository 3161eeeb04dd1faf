//! Loading on a miss: the caller that comes first loads, the others wait for it.

use std::{
    convert::Infallible,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use hashbrown::Equivalent;

use crate::{
    Cache,
    cache::NoRoomHere,
    flight::Flight,
    shard::{Departed, Entry},
};

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// The value of `key`; on a miss, what `load` returns, which is kept.
    ///
    /// At most one load per key runs at a time; other callers of that key wait for it and share its value. No lock is
    /// held while `load` runs, so it may use this cache, but for the same key, on which it would wait for itself. If the
    /// key is written or removed meanwhile, the loaded value goes to its callers only.
    ///
    /// If `load` panics, one of those who wait loads in its turn.
    pub fn get_or_insert_with<Q>(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        match self.try_get_or_insert_with(key, || Ok::<V, Infallible>(load())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a `load` that may fail.
    ///
    /// # Errors
    ///
    /// The error of `load`, to the caller that ran it. Nothing is kept; one of those who wait, if any, loads in its turn.
    pub fn try_get_or_insert_with<Q, E>(&self, key: &Q, load: impl FnOnce() -> Result<V, E>) -> Result<V, E>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        let hash = self.hash(key);
        loop {
            let mut departed = Departed::new();
            let mut shard = self.lock(hash);
            let found = shard.live(hash, key, &self.clock, &mut departed);
            shard.touch(found);
            if let Some(entry) = found.and_then(|slot| shard.entry(slot)) {
                return Ok(entry.value.clone());
            }
            self.bound.release(departed.take_weight());
            let joined = shard.flights.join(hash, key);
            let Some(flight) = joined else {
                let flight = shard.flights.start(hash, key.to_owned().into());
                drop(shard);
                return Lead { cache: self, hash, flight, announced: false, done: false }.run(load);
            };
            drop(shard);
            if let Some(value) = flight.wait() {
                return Ok(value);
            }
        }
    }
}

/// The caller that runs the load. Dropped without a value, by an error or a panic, it leaves the load to the others.
struct Lead<'a, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    cache: &'a Cache<K, V, S>,
    hash: u64,
    flight: Arc<Flight<V>>,
    /// The policy was told of the entry about to come in.
    announced: bool,
    /// The load ended with a value and nothing is left to clean up.
    done: bool,
}

impl<K, V, S> Lead<'_, K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    fn run<E>(mut self, load: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let value = load()?;
        while let Err(NoRoomHere) = self.keep(&value) {
            self.cache.evict_elsewhere(self.hash);
        }
        // The record is gone, so nobody can join any more: a count of one means that nobody waits.
        if Arc::strong_count(&self.flight) > 1 {
            self.flight.land(Some(value.clone()));
        }
        self.done = true;
        Ok(value)
    }

    /// Puts a copy of `value` into the cache, unless the key was written or removed since the load began. Ends the load's
    /// record either way.
    fn keep(&mut self, value: &V) -> Result<(), NoRoomHere> {
        let mut departed = Departed::new();
        let copy = value.clone();
        let mut shard = self.cache.lock(self.hash);
        let Some(key) = shard.flights.key(self.hash, &self.flight) else {
            return Ok(());
        };
        let weight = self.cache.weigh(key, value);
        if weight > self.cache.capacity() {
            shard.stats.rejections += 1;
            let key = shard.flights.finish(self.hash, &self.flight);
            drop(shard);
            drop(key);
            return Ok(());
        }
        if !std::mem::replace(&mut self.announced, true) {
            shard.policy.miss(self.hash, weight);
        }
        // Whoever inserts the key fences this load off first, so there is no entry of the key to replace.
        self.cache.make_room(&mut shard, None, weight, &mut departed)?;
        if let Some(key) = shard.flights.finish(self.hash, &self.flight) {
            let deadline = self.cache.deadline(None);
            self.cache.admit(&mut shard, Entry { hash: self.hash, weight, deadline, key, value: copy });
        }
        Ok(())
    }
}

impl<K, V, S> Drop for Lead<'_, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let key = self.cache.lock(self.hash).flights.finish(self.hash, &self.flight);
        self.flight.land(None);
        drop(key); // here, not under the lock: it may run the user's code
    }
}
