//! Looking up.

use std::hash::{BuildHasher, Hash};

use hashbrown::Equivalent;

use crate::{
    Cache, Cause,
    counters::Count,
    lifetimes::State,
    storage::{Departed, Glance, Look, Place, Sets, Slot, Stamps, Storage},
};

/// Whether a look-up is one that counts, and that the policy hears of: known when a look-up is compiled.
type Counted = bool;
const COUNTED: Counted = true;
const UNNOTICED: Counted = false;

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The value of `key`, cloned. O(1).
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.get_with(key, V::clone)
    }

    /// What `read` makes of the value of `key`. `read` may run while the key's place is locked: keep it short, and do not
    /// use this cache in it.
    #[inline]
    pub fn get_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look::<COUNTED, _, _>(key, read)
    }

    /// As [`get`](Self::get), but a look-up that no statistic and no policy hears of.
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.peek_with(key, V::clone)
    }

    /// As [`get_with`](Self::get_with), but a look-up that no statistic and no policy hears of.
    pub fn peek_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look::<UNNOTICED, _, _>(key, read)
    }

    /// Whether a live entry of `key` is held. Not counted as a look-up.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek_with(key, |_| ()).is_some()
    }

    #[inline]
    fn look<const COUNT: Counted, Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look_hashed::<COUNT, _, _>(self.hash(key), key, read)
    }

    /// As [`get`](Self::get), for a key whose hash is known.
    #[inline]
    pub(crate) fn get_hashed<Q>(&self, hash: u64, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.look_hashed::<COUNTED, _, _>(hash, key, V::clone)
    }

    #[inline]
    fn look_hashed<const COUNT: Counted, Q, R>(
        &self,
        hash: u64,
        key: &Q,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let Storage::Sets(sets) = &self.storage else {
            return self.look_otherwise::<COUNT, _, _>(hash, key, read);
        };
        if !sets.kept().reads_are_plain() {
            return self.look_otherwise::<COUNT, _, _>(hash, key, read);
        }
        if let Some(tally) = self.counters.own() {
            // The way of most look-ups: no lock, nothing to be asked, and no call but the last.
            match sets.glance(hash, key, COUNT) {
                Glance::Hit(value) => {
                    if COUNT {
                        tally.one(Count::Hits);
                    }
                    return Some(read(&value));
                }
                Glance::Miss if COUNT && self.memory.is_none() => {
                    tally.one(Count::ColdMisses);
                    return None;
                }
                Glance::Miss if !COUNT => return None,
                Glance::Miss | Glance::Unclear => {}
            }
        }
        self.look_again::<COUNT, _, _>(key, read)
    }

    /// As [`look`](Self::look), for a key that the short way was not the way for.
    #[cold]
    fn look_again<const COUNT: Counted, Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key); // anew: the short way has no register to spare for it
        self.look_otherwise::<COUNT, _, _>(hash, key, read)
    }

    /// As [`look`](Self::look), where there is no short way.
    #[inline(never)]
    fn look_otherwise<const COUNT: Counted, Q, R>(
        &self,
        hash: u64,
        key: &Q,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let (mut read, mut result) = (Some(read), None);
        // Written where it is to be, for values may be large.
        let mut then = |value: &V| result = read.take().map(|read| read(value));
        let look = match &self.storage {
            Storage::Exact(exact) if !self.reads_matter => exact.look(hash, key, COUNT, &mut then),
            Storage::Sets(sets) if !self.reads_matter => match self.glance_at(sets, hash, key, COUNT) {
                Glance::Hit(value) => {
                    then(&value);
                    Look::Hit
                }
                Glance::Miss => Look::Miss,
                Glance::Unclear => sets.look(hash, key, COUNT, &mut then),
            },
            _ => Look::Ask,
        };
        match look {
            Look::Hit if COUNT => self.counters.one(Count::Hits),
            Look::Miss if COUNT => self.count_miss(hash, None),
            Look::Hit | Look::Miss => {}
            Look::Ask => result = read.and_then(|read| self.look_locked::<COUNT, _, _>(hash, key, read)),
        }
        result
    }

    /// A hit that needs no refresh, counted, if it can be had without a lock.
    #[inline]
    pub(crate) fn glance<Q>(&self, hash: u64, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let Storage::Sets(sets) = &self.storage else { return None };
        let plain = sets.kept().reads_are_plain();
        if !plain && (self.reads_matter || self.lifetimes.refreshes()) {
            return None;
        }
        let glance = if plain { sets.glance(hash, key, true) } else { Glance::Unclear };
        let value = match glance {
            Glance::Hit(value) => value,
            Glance::Miss => return None,
            Glance::Unclear => match self.glance_at(sets, hash, key, true) {
                Glance::Hit(value) => value,
                Glance::Miss | Glance::Unclear => return None,
            },
        };
        self.counters.one(Count::Hits);
        Some(value)
    }

    /// Looks without a lock, where that can be done.
    #[inline(never)]
    fn glance_at<Q>(&self, sets: &Sets<K, V>, hash: u64, key: &Q, count: bool) -> Glance<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if !sets.reads_race() {
            return Glance::Unclear;
        }
        // Tags are asked about under the lock: while the entry is where it was found.
        sets.glance_twice(hash, key, count, |stamps| stamps.tags == 0 && self.serves(stamps))
    }

    #[inline(never)]
    fn look_locked<const COUNT: Counted, Q, R>(
        &self,
        hash: u64,
        key: &Q,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut departed = self.leaving();
        let (mut place, found) = self.storage.find(hash, key);
        let found = self.living(&mut place, found, &mut departed);
        let served = found.filter(|slot| !self.storage.kept().any() || self.serves(&place.stamps(*slot)));
        // Past its time, and kept for those who would load it: a miss here.
        let stale = (found.is_some() && served.is_none()).then_some(Cause::Expired);
        let result = served.map(|slot| {
            if COUNT {
                self.touch(&mut place, slot);
            }
            read(place.value(slot))
        });
        drop(place);
        if COUNT {
            match result {
                Some(_) => self.counters.one(Count::Hits),
                None => self.count_miss(hash, departed.last_cause().or(stale)),
            }
        }
        result
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// Whether a plain look-up may return the entry.
    #[inline]
    pub(crate) fn serves(&self, stamps: &Stamps) -> bool {
        !self.storage.kept().any()
            || matches!(self.state(stamps), State::Fresh | State::RefreshDue) && self.is_valid(stamps)
    }

    /// Counts a look-up that found what it found, and returns it if it may be served.
    pub(crate) fn count_found(
        &self,
        hash: u64,
        place: &Place<'_, K, V>,
        found: Option<Slot>,
        departed: &Departed<K, V>,
    ) -> Option<Slot> {
        let served = found.filter(|slot| !self.storage.kept().any() || self.serves(&place.stamps(*slot)));
        // Past its time, and kept for those who would load it: a miss here.
        let stale = (found.is_some() && served.is_none()).then_some(Cause::Expired);
        match served {
            Some(_) => self.counters.one(Count::Hits),
            None => self.count_miss(hash, departed.last_cause().or(stale)),
        }
        served
    }

    /// The entry at `slot` was read: the policy and its deadlines are told.
    #[inline]
    pub(crate) fn touch(&self, place: &mut Place<'_, K, V>, slot: Slot) {
        place.hit(slot);
        if self.reads_matter {
            let mut stamps = place.stamps(slot);
            let moved = self.lifetimes.on_read(self.now(), &stamps.times, place.key(slot), place.value(slot));
            if let Some(times) = moved {
                stamps.times = times;
                place.set_stamps(slot, &stamps);
            }
        }
    }
}
