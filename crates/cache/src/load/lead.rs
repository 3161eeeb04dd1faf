//! The caller that runs a load.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};

use crate::{
    Cache, Cause, Terms,
    clock::nanos,
    counters::Count,
    flights::{Finished, Flight, FlightId},
    storage::Entry,
    tags::Begin,
    write::{Newcomer, Outcome, Progress},
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
    progress: Progress,
    /// The value may come with tags: which invalidations it is older than.
    begin: Option<Begin<'a>>,
    started: Duration,
    counted: bool,
}

impl<'a, K, V, S> Lead<'a, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    pub(super) fn new(cache: &'a Cache<K, V, S>, hash: u64, id: FlightId) -> Self {
        Self {
            cache,
            hash,
            id,
            in_flight: true,
            flight: None,
            progress: Progress::default(),
            begin: None,
            started: cache.clock.elapsed(),
            counted: false,
        }
    }

    pub(super) const fn id(&self) -> FlightId {
        self.id
    }

    /// To be called before the load starts if its value may come with tags.
    pub(super) fn may_bring_tags(&mut self) {
        self.begin = Some(self.cache.tags().begin());
    }

    /// Ends the load: keeps a copy of `value` on these terms unless the load was fenced, and gives one to each who waits.
    pub(super) fn land(mut self, value: V, terms: Option<&Terms>) -> V
    where
        V: Clone,
    {
        let mut copy = Some(value.clone());
        while let Some(again) = copy.take().and_then(|value| self.keep(value, terms)) {
            self.cache.make_room_elsewhere(self.hash, &mut self.progress);
            copy = Some(again);
        }
        self.count(false);
        if let Some(flight) = &self.flight {
            flight.land(Some(value.clone()));
            self.flight = None;
        }
        value
    }

    /// Puts `value` into the cache, unless the key was written or removed since the load began. Ends the load's record
    /// either way, but if the place is to be given back first: then `value` comes back.
    fn keep(&mut self, value: V, terms: Option<&Terms>) -> Option<V> {
        let cache = self.cache;
        let pass = cache.pass(terms, self.begin.as_ref());
        let mut departed = cache.leaving();
        let mut place = cache.storage.lock(self.hash);
        let finished = cache.flights.finish(self.hash, self.id);
        self.in_flight = false;
        let Some(mut finished) = finished else {
            drop(place);
            return None;
        };
        self.flight = finished.flight.take();
        let pass = if finished.fenced { None } else { pass.ok() };
        let weight = pass.as_ref().map(|_| cache.weigh(&finished.key, &value));
        let (Some(pass), Some(weight)) = (pass, weight.filter(|weight| *weight <= cache.capacity())) else {
            drop(place); // key and value are dropped after it
            cache.counters.add(Count::Rejections, u64::from(!finished.fenced));
            return None;
        };
        let Ok(found) = place.seek(&finished.key) else {
            self.resume(finished);
            return Some(value);
        };
        let Finished { key, fenced, fenced_all, .. } = finished;
        let mut newcomer = Newcomer::new(self.hash, (key, value), weight, terms, pass);
        newcomer.progress = self.progress;
        let outcome = cache.admit(&mut place, found, newcomer, false, &mut departed);
        let outcome = match outcome {
            Outcome::Again(Newcomer { entry: Entry { key, value, .. }, progress, .. }) => {
                self.progress = progress;
                self.resume(Finished { key, fenced, flight: None, fenced_all });
                drop(place);
                drop(departed);
                return Some(value);
            }
            ended => ended,
        };
        drop(place);
        cache.count_outcome(&outcome);
        drop(departed);
        if let Outcome::Replaced(old) = &outcome {
            cache.see_off_one(old, Cause::Replaced);
        }
        None
    }

    fn count(&mut self, failed: bool) {
        let took = self.cache.clock.elapsed().saturating_sub(self.started);
        self.cache.counters.one(Count::Loads);
        self.cache.counters.add(Count::LoadFailures, u64::from(failed));
        self.cache.counters.add(Count::LoadNanos, nanos(took));
        self.counted = true;
    }

    /// The load is in flight again: its value could not be put in yet. Under the same hold of the place's lock.
    fn resume(&mut self, mut finished: Finished<K, V>) {
        finished.flight = self.flight.take();
        self.cache.flights.resume(self.hash, self.id, finished);
        self.in_flight = true;
    }
}

impl<K, V, S> Drop for Lead<'_, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    fn drop(&mut self) {
        if !self.counted {
            self.count(true);
        }
        // What is left of the load is dropped here, under no lock: it may run the user's code.
        let finished = if self.in_flight { self.cache.flights.finish(self.hash, self.id) } else { None };
        let joined = finished.as_ref().and_then(|finished| finished.flight.clone());
        if let Some(flight) = joined.or(self.flight.take()) {
            flight.land(None);
        }
    }
}
