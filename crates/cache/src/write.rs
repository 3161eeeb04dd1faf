//! Taking entries in and out.

use std::{
    hash::{BuildHasher, Hash},
    time::Duration,
};

use hashbrown::Equivalent;

use crate::{
    Cache, Cause, Terms,
    counters::Count,
    lifetimes::Times,
    storage::{Departed, Entry, Fast, NoRoom, Place, Put, Sets, Slot, Stamps, Storage},
    tagging::Pass,
};

/// Room that is reserved by inserts about to come in is waited for this often before an entry is refused.
const ATTEMPTS: u32 = 1000;

/// An entry that is to come in, and how far that has gone.
pub(crate) struct Newcomer<'a, K, V> {
    pub(crate) hash: u64,
    pub(crate) entry: Entry<K, V>,
    pub(crate) terms: Option<&'a Terms>,
    pub(crate) pass: Pass<'a>,
    pub(crate) progress: Progress,
}

/// How far the coming of an entry has gone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// The policy has heard of it.
    told: bool,
    attempts: u32,
}

/// What became of a newcomer whose place was locked.
pub(crate) enum Outcome<'a, K, V> {
    Inserted,
    /// This was the entry before, but for its key: that is the newcomer's, which is not needed.
    Replaced(Entry<K, V>),
    /// It was not taken in.
    Refused(Entry<K, V>),
    /// Give the place back, see to [`Cache::make_room_elsewhere`], and try again.
    Again(Newcomer<'a, K, V>),
}

impl<'a, K, V> Newcomer<'a, K, V> {
    pub(crate) fn new(
        hash: u64,
        (key, value): (K, V),
        weight: u64,
        terms: Option<&'a Terms>,
        pass: Pass<'a>,
    ) -> Self {
        let stamps = Stamps { tags: pass.mark().0, ..Stamps::plain(weight) };
        Self { hash, entry: Entry { key, value, stamps }, terms, pass, progress: Progress::default() }
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Keeps `value` as the value of `key`, and returns the one it replaces.
    ///
    /// Evicts first what must leave to make room. An entry heavier than the whole capacity is refused and counted as a
    /// rejection; the value it would have replaced is gone all the same, for it is out of date. O(1) amortised.
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.put(key, value, None)
    }

    /// As [`insert`](Self::insert), to expire `ttl` from now, whatever the cache's own time to live.
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Option<V> {
        self.insert_with(key, value, &Terms::new().ttl(ttl))
    }

    /// As [`insert`](Self::insert), on terms of the entry's own.
    pub fn insert_with(&self, key: K, value: V, terms: &Terms) -> Option<V> {
        self.put(key, value, Some(terms))
    }

    /// Removes `key` and returns its value if it was alive. A load of `key` in flight returns its value to its callers
    /// but does not keep it. O(1).
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_if(key, |_, _| true)
    }

    /// As [`remove`](Self::remove), if `condition` holds of the entry. It runs while the key's place is locked. If it does
    /// not hold, nothing happens.
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&K, &V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let mut departed = self.leaving();
        let (mut place, found) = self.storage.find(hash, key);
        let found = self.living(&mut place, found, &mut departed);
        let removed = match found {
            Some(slot) if !condition(place.key(slot), place.value(slot)) => None,
            found => {
                self.flights.fence(hash, key);
                found.map(|slot| place.take(slot))
            }
        };
        drop(place);
        drop(departed);
        self.removed(removed)
    }

    /// The value of an entry that was removed, if it was still good.
    pub(crate) fn removed(&self, removed: Option<Entry<K, V>>) -> Option<V> {
        let removed = removed?;
        let served = self.serves(&removed.stamps);
        self.see_off_one(&removed, Cause::Explicit);
        served.then(|| removed.into_value())
    }

    #[inline]
    fn put(&self, key: K, value: V, terms: Option<&Terms>) -> Option<V> {
        if terms.is_none() && self.plain && !self.storage.kept().any() {
            self.put_plain(key, value)
        } else {
            self.put_on_terms(key, value, terms)
        }
    }

    /// The sets, if nothing is to be kept of an entry beside key and value, and nothing is kept so far.
    #[inline]
    pub(crate) fn plain_sets(&self) -> Option<&Sets<K, V>> {
        match &self.storage {
            Storage::Sets(sets) if self.plain && !sets.kept().any() => Some(sets),
            _ => None,
        }
    }

    /// The shortest way in, for an entry of which nothing is to be kept beside key and value.
    #[inline]
    fn put_plain(&self, key: K, value: V) -> Option<V> {
        let hash = self.hash(&key);
        let fence = |key: &K| self.flights.fence(hash, key);
        let fast = match &self.storage {
            Storage::Sets(sets) => sets.put_fast(hash, key, value, fence),
            Storage::Exact(exact) => exact.put_fast(hash, key, value, fence),
        };
        match (fast, &self.storage) {
            (Fast::Inserted, _) => {
                self.counters.one(Count::Insertions);
                None
            }
            (Fast::InsertedFor(key, value), _) => {
                self.counters.one(Count::Insertions);
                self.see_off_plain(key, value, Cause::Size);
                None
            }
            (Fast::Replaced(key, old), _) => {
                self.counters.one(Count::Insertions);
                self.see_off_plain(key, old, Cause::Replaced)
            }
            (Fast::Otherwise(key, value), Storage::Sets(sets)) => self.put_otherwise(sets, hash, key, value),
            (Fast::Otherwise(key, value), Storage::Exact(_)) => self.put_on_terms(key, value, None),
        }
    }

    #[inline(never)]
    fn put_otherwise(&self, sets: &Sets<K, V>, hash: u64, key: K, value: V) -> Option<V> {
        let mut departed = self.leaving();
        match sets.put(hash, key, value, |key| self.flights.fence(hash, key), &mut departed) {
            Put::Inserted => self.counters.one(Count::Insertions),
            Put::InsertedFor(key, value) => {
                self.counters.one(Count::Insertions);
                self.see_off_plain(key, value, Cause::Size);
            }
            Put::Replaced(key, old) => {
                self.counters.one(Count::Insertions);
                return self.see_off_plain(key, old, Cause::Replaced);
            }
            Put::Refused(..) => self.counters.one(Count::Rejections),
        }
        None
    }

    fn put_on_terms(&self, key: K, value: V, terms: Option<&Terms>) -> Option<V> {
        let weight = self.weigh(&key, &value);
        let hash = self.hash(&key);
        let pass = match self.pass(terms, None) {
            Ok(pass) if weight <= self.capacity() => pass,
            _ => {
                self.counters.one(Count::Rejections);
                return self.remove(&key);
            }
        };
        let mut newcomer = Newcomer::new(hash, (key, value), weight, terms, pass);
        loop {
            let mut departed = self.leaving();
            let (mut place, found) = self.storage.find(hash, &newcomer.entry.key);
            self.flights.fence(hash, &newcomer.entry.key);
            let outcome = self.admit(&mut place, found, newcomer, false, &mut departed);
            drop(place);
            self.count_outcome(&outcome); // before the listener, which may panic
            drop(departed);
            match outcome {
                Outcome::Inserted => {
                    self.sweep_aside(hash);
                    return None;
                }
                Outcome::Replaced(old) => {
                    let served = self.serves(&old.stamps);
                    self.see_off_one(&old, Cause::Replaced);
                    return served.then(|| old.into_value());
                }
                Outcome::Refused(_) => return None,
                Outcome::Again(again) => {
                    newcomer = again;
                    self.make_room_elsewhere(hash, &mut newcomer.progress);
                }
            }
        }
    }

    /// Takes a newcomer in at its place, where its key is at `found` if it is held. `stay`: the place may not be given back.
    #[inline]
    pub(crate) fn admit<'a>(
        &self,
        place: &mut Place<'_, K, V>,
        found: Option<Slot>,
        mut newcomer: Newcomer<'a, K, V>,
        stay: bool,
        departed: &mut Departed<K, V>,
    ) -> Outcome<'a, K, V> {
        let mut found = self.living(place, found, departed);
        if self.storage.kept().any() {
            self.sweep_place(place, found, departed);
        }
        // Asked before room is made: an `Expiry` is the user's, and a panic of it takes nothing with it.
        let (ttl, now) = (newcomer.terms.and_then(Terms::own_ttl), || self.now());
        let Entry { key, value, .. } = &newcomer.entry;
        let times = match found.map(|slot| place.stamps(slot).times) {
            Some(old) => self.lifetimes.on_update(now, newcomer.hash, ttl, &old, key, value),
            None => self.lifetimes.on_create(now, newcomer.hash, ttl, key, value),
        };
        newcomer.entry.stamps.times = times;
        let weight = newcomer.entry.stamps.weight;
        let stay = stay || newcomer.progress.attempts > ATTEMPTS;
        let room = place.room(&mut found, weight, &mut newcomer.progress.told, stay, departed);
        let Newcomer { hash, entry, terms, pass, progress } = newcomer;
        match (room, found) {
            (Ok(()), Some(slot)) => {
                let old = place.stamps(slot);
                if entry.stamps != old {
                    place.set_stamps(slot, &entry.stamps);
                }
                pass.used();
                place.hit(slot);
                if terms.is_some_and(Terms::is_pinned) {
                    place.set_pinned(slot, true);
                }
                Outcome::Replaced(Entry {
                    value: place.replace(slot, entry.value),
                    stamps: old,
                    key: entry.key,
                })
            }
            (Ok(()), None) => {
                let ticks = if times == Times::FOREVER { self.ticks() } else { self.now().ticks() };
                match place.insert(entry, ticks, departed) {
                    Ok(slot) => {
                        pass.used();
                        if terms.is_some_and(Terms::is_pinned) {
                            place.set_pinned(slot, true);
                        }
                        Outcome::Inserted
                    }
                    Err(entry) => Outcome::Refused(entry),
                }
            }
            (Err(NoRoom::Here), _) => Outcome::Again(Newcomer { hash, entry, terms, pass, progress }),
            (Err(NoRoom::AtAll), found) => {
                // What it would have replaced is out of date.
                if let Some(slot) = found {
                    departed.push(place.take(slot), Cause::Explicit);
                }
                Outcome::Refused(entry)
            }
        }
    }

    /// Counts what came in. What left to that end is counted when it is seen off.
    pub(crate) fn count_outcome(&self, outcome: &Outcome<'_, K, V>) {
        match outcome {
            Outcome::Inserted | Outcome::Replaced(_) => self.counters.one(Count::Insertions),
            Outcome::Refused(_) => self.counters.one(Count::Rejections),
            Outcome::Again(_) => {}
        }
    }

    /// Does what [`Outcome::Again`] asks for.
    pub(crate) fn make_room_elsewhere(&self, hash: u64, progress: &mut Progress) {
        let mut departed = self.leaving();
        if self.storage.make_room_elsewhere(hash, &mut departed) {
            drop(departed);
        } else {
            // The room is reserved by inserts that are about to come in: let them. Or what holds it is pinned.
            progress.attempts += 1;
            std::thread::yield_now();
        }
    }
}
