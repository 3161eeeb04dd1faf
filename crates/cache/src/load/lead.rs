//! The caller that runs a load.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use crate::{
    Cache,
    cache::NoRoomHere,
    flights::{Flight, FlightId},
    shard::{Departed, Entry},
};

/// The right to load a key, and the duty to tell those who wait. Dropped without a value, by an error, a panic or because
/// a future was dropped, it leaves the load to them.
pub(super) struct Lead<'a, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    cache: &'a Cache<K, V, S>,
    hash: u64,
    id: FlightId,
    /// The load's record is still there: others may join it.
    in_flight: bool,
    /// Who waits, once the record is gone.
    flight: Option<Arc<Flight<V>>>,
    /// The policy was told of the entry about to come in.
    announced: bool,
}

impl<'a, K, V, S> Lead<'a, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    pub(super) const fn new(cache: &'a Cache<K, V, S>, hash: u64, id: FlightId) -> Self {
        Self { cache, hash, id, in_flight: true, flight: None, announced: false }
    }

    pub(super) const fn id(&self) -> FlightId {
        self.id
    }

    /// Ends the load: keeps a copy of `value` unless the load was fenced, and gives one to each who waits.
    pub(super) fn land(mut self, value: V) -> V
    where
        V: Clone,
    {
        let mut copy = Some(value.clone());
        while let Err(NoRoomHere) = self.keep(&mut copy) {
            self.cache.evict_elsewhere(self.hash);
        }
        if let Some(flight) = &self.flight {
            flight.land(Some(value.clone()));
            self.flight = None;
        }
        value
    }

    /// Puts `value` into the cache, unless the key was written or removed since the load began. Ends the load's record
    /// either way.
    fn keep(&mut self, value: &mut Option<V>) -> Result<(), NoRoomHere> {
        // All that may leave is declared before the lock, and so dropped after it.
        let mut departed = Departed::new();
        let mut finished;
        let mut shard = self.cache.lock(self.hash);
        finished = self.cache.flights.finish(self.hash, self.id);
        self.in_flight = false;
        let Some(ended) = &mut finished else { return Ok(()) };
        self.flight = ended.flight.take();
        if ended.fenced {
            return Ok(());
        }
        let Some(new) = &*value else { return Ok(()) };
        let weight = self.cache.weigh(&ended.key, new);
        if weight > self.cache.capacity() {
            shard.stats.rejections += 1;
            return Ok(());
        }
        if !std::mem::replace(&mut self.announced, true) {
            shard.policy.miss(self.hash, weight);
        }
        // Whoever inserts the key fences this load off first, so there is no entry of the key to replace.
        let room = self.cache.make_room(&mut shard, None, weight, &mut departed);
        match (room, finished.take(), value.take()) {
            (Ok(_), Some(ended), Some(value)) => {
                let deadline = self.cache.deadline(None);
                self.cache
                    .admit(&mut shard, Entry { hash: self.hash, weight, deadline, key: ended.key, value });
                Ok(())
            }
            (_, ended, new) => {
                if let Some(mut ended) = ended {
                    ended.flight = self.flight.take();
                    self.cache.flights.resume(self.hash, self.id, ended);
                    self.in_flight = true;
                }
                *value = new;
                Err(NoRoomHere)
            }
        }
    }
}

impl<K, V, S> Drop for Lead<'_, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    fn drop(&mut self) {
        // What is left of the load is dropped here, under no lock: it may run the user's code.
        let finished = if self.in_flight { self.cache.flights.finish(self.hash, self.id) } else { None };
        let joined = finished.as_ref().and_then(|finished| finished.flight.clone());
        if let Some(flight) = joined.or(self.flight.take()) {
            flight.land(None);
        }
    }
}
