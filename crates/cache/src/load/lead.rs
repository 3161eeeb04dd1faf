//! The caller that runs a load.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};

use super::{CacheRef, Held, LoadError};
use crate::{
    Cache, Cause, Terms,
    counters::Count,
    events,
    flights::{Before, Finished, Flight, FlightId, Flights, Stopwatch},
    storage::{Entry, pause},
    tags::{Begin, Detached},
    write::{Newcomer, Outcome, Progress},
};

/// The right to load a key, and the duty to tell those who wait. Ends a load once, and is used where it was made: moving it
/// about shows in the time of a miss. Dropped without a value, by an error, a panic or because
/// a future was dropped, it leaves the load to them.
pub(super) struct Lead<C: CacheRef> {
    cache: C,
    load: Load<C::Value>,
    stopwatch: Option<Stopwatch>,
    /// The value may come with tags: which invalidations it is older than.
    begun: Option<Detached>,
}

/// How far a load has gone.
struct Load<V> {
    hash: u64,
    id: FlightId,
    /// The load's record is still there: others may join it.
    in_flight: bool,
    /// The key was held when the load began.
    replaces: bool,
    /// Who waits, once the record is gone.
    flight: Option<Arc<Flight<V>>>,
    progress: Progress,
}

/// A value that could not be put in yet.
enum Again<V> {
    /// Room is to be made elsewhere.
    Full(V),
    /// Where it belongs somebody else is at work.
    Busy(V),
}

impl<C: CacheRef> Lead<C> {
    pub(super) fn new(cache: C, hash: u64, id: FlightId, replaces: bool) -> Self {
        let load = Load { hash, id, in_flight: true, replaces, flight: None, progress: Progress::default() };
        Self { cache, load, stopwatch: None, begun: None }
    }

    pub(super) const fn id(&self) -> FlightId {
        self.load.id
    }

    /// Takes the time from now on. Apart from [`new`](Self::new), which is called under a lock.
    pub(super) fn take_time(&mut self) {
        self.stopwatch = Stopwatch::start(self.load.id, &self.cache.cache().clock);
    }

    /// To be called before the load starts if its value may come with tags.
    pub(super) fn may_bring_tags(&mut self) {
        self.begun = Some(self.cache.cache().tags().begin().detach());
    }

    /// Ends the load: keeps a copy of the value on these terms unless the load was fenced, and gives one to each who waits.
    pub(super) fn land(&mut self, value: C::Value, terms: Option<&Terms>) -> C::Value
    where
        C::Value: Clone,
    {
        self.count(true);
        let mut copy = value.clone();
        let mut waited = 0;
        loop {
            match self.keep(copy, terms) {
                None => break,
                Some(Again::Busy(again)) => {
                    pause(&mut waited);
                    copy = again;
                }
                Some(Again::Full(again)) => {
                    let Load { hash, progress, .. } = &mut self.load;
                    self.cache.cache().make_room_elsewhere(*hash, progress);
                    copy = again;
                }
            }
        }
        self.tell(&value);
        value
    }

    /// Ends the load as its loader did. A failure is not one if what is `held` may be served all the same.
    pub(super) fn conclude<E>(
        &mut self,
        loaded: Result<(C::Value, Option<Terms>), E>,
        held: &mut Option<Held<C::Value>>,
    ) -> Result<C::Value, LoadError<E>>
    where
        C::Value: Clone,
    {
        match loaded {
            Ok((value, terms)) => Ok(self.land(value, terms.as_ref())),
            Err(error) => match held.take() {
                Some(Held { value, on_error: true, .. }) => Ok(self.land_stale(value)),
                _ => Err(LoadError::Failed(error)),
            },
        }
    }

    /// Ends a load that failed with a value that may be served all the same.
    pub(super) fn land_stale(&mut self, value: C::Value) -> C::Value
    where
        C::Value: Clone,
    {
        self.count(false);
        let finished = self.load.finish(&self.cache.cache().flights);
        self.tell(&value);
        drop(finished);
        value
    }

    /// Gives `value` to those who wait.
    fn tell(&mut self, value: &C::Value)
    where
        C::Value: Clone,
    {
        if let Some(flight) = &self.load.flight {
            flight.land(Some(value.clone()));
            self.load.flight = None;
        }
    }

    /// Puts `value` into the cache, unless the key was written or removed since the load began. Ends the load's record
    /// either way, but if the place is to be given back first: then `value` comes back.
    fn keep(&mut self, value: C::Value, terms: Option<&Terms>) -> Option<Again<C::Value>> {
        let Self { cache, load, begun, .. } = self;
        let cache = cache.cache();
        let value = match terms {
            None if begun.is_none() && !load.replaces => keep_fast(cache, load, value)?,
            _ => value,
        };
        let begin = begun.take().map(|begun| cache.tags().attach(begun));
        let pass = cache.pass(terms, begin.as_ref());
        *begun = begin.map(Begin::detach);
        let mut departed = cache.leaving();
        let mut place = cache.storage.lock(load.hash);
        let finished = load.finish(&cache.flights)?;
        if finished.fenced {
            drop(place); // before key and value
            return None;
        }
        // A key that was not held still is not: whoever inserts it fences its load. The tests look all the same.
        let seek = load.replaces || cfg!(debug_assertions);
        let Ok(found) = (if seek { place.seek(&finished.key) } else { Ok(None) }) else {
            load.resume(&cache.flights, finished.key, finished.before);
            return Some(Again::Busy(value));
        };
        debug_assert!(load.replaces || found.is_none(), "a key came in past its load");
        let weight = pass.as_ref().map_or(u64::MAX, |_| cache.weigh(&finished.key, &value));
        let (Ok(pass), true) = (pass, weight <= cache.capacity()) else {
            // What it would have replaced is out of date.
            if let Some(slot) = found {
                departed.push(place.take(slot), Cause::Explicit);
            }
            drop(place); // before key and value
            cache.counters.one(Count::Rejections);
            return None;
        };
        let Finished { key, before, .. } = finished;
        let mut newcomer = Newcomer::new(load.hash, (key, value), weight, terms, pass);
        newcomer.progress = load.progress;
        let outcome = cache.admit(&mut place, found, newcomer, false, &mut departed);
        if let Outcome::Again(Newcomer { entry: Entry { key, value, .. }, progress, .. }) = outcome {
            load.progress = progress;
            load.resume(&cache.flights, key, before);
            return Some(Again::Full(value));
        }
        drop(place);
        cache.count_outcome(&outcome);
        drop(departed);
        match &outcome {
            Outcome::Inserted => cache.sweep_aside(load.hash),
            Outcome::Replaced(old) => cache.see_off_one(old, Cause::Replaced),
            Outcome::Refused(_) | Outcome::Again(_) => {}
        }
        None
    }

    /// The load has ended. Returns how many nanoseconds it took.
    fn count(&mut self, with: bool) -> u64 {
        let counters = &self.cache.cache().counters;
        counters.one(Count::Loads);
        if !with {
            counters.one(Count::LoadFailures);
        }
        let took = self.stopwatch.take().map_or(0, |stopwatch| stopwatch.stop(&self.cache.cache().clock));
        counters.add(Count::LoadNanos, took);
        took
    }
}

impl<C: CacheRef> Drop for Lead<C> {
    fn drop(&mut self) {
        drop(self.begun.take().map(|begun| self.cache.cache().tags().attach(begun)));
        if !self.load.in_flight && self.load.flight.is_none() {
            return;
        }
        let failed = self.load.in_flight.then(|| self.count(false));
        // What is left of the load is dropped here, under no lock: it may run the user's code.
        let finished = if self.load.in_flight { self.load.finish(&self.cache.cache().flights) } else { None };
        if let Some(flight) = self.load.flight.take() {
            flight.land(None);
        }
        drop(finished);
        if let Some(nanos) = failed {
            events::load_failed(Duration::from_nanos(nanos));
        }
    }
}

/// Puts in a value of which nothing is kept beside it and its key, which was not held when the load began and so still is not,
/// where a newcomer needs nothing but a victim. Gives the value back if that is not so.
#[inline]
fn keep_fast<K, V, S>(cache: &Cache<K, V, S>, load: &mut Load<V>, value: V) -> Option<V>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    let Some(sets) = cache.plain_sets() else { return Some(value) };
    let (mut value, mut unwanted) = (Some(value), None); // dropped under no lock
    let left = sets.put_absent(load.hash, || {
        let Finished { key, fenced, .. } = load.finish(&cache.flights)?;
        if fenced {
            unwanted = Some(key);
            return None;
        }
        value.take().map(|value| (key, value))
    });
    match left {
        None => value,
        Some(None) => None,
        Some(Some((key, value))) => {
            cache.counters.one(Count::Insertions);
            drop(cache.see_off_plain(key, value, Cause::Size));
            None
        }
    }
}

impl<V> Load<V> {
    /// Ends the load's record: nobody can join any more, and who has joined is known.
    fn finish<K>(&mut self, flights: &Flights<K, V>) -> Option<Finished<K, V>> {
        let mut finished = flights.finish(self.hash, self.id)?;
        self.in_flight = false;
        self.flight = finished.flight.take();
        Some(finished)
    }

    /// The load is in flight again: its value could not be put in yet. Under the same hold of the place's lock.
    fn resume<K>(&mut self, flights: &Flights<K, V>, key: K, before: Before) {
        flights.resume(self.hash, self.id, key, self.flight.take(), before);
        self.in_flight = true;
    }
}
