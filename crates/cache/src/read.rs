//! Looking up.

use std::hash::{BuildHasher, Hash};

use hashbrown::Equivalent;

use crate::{
    Cache, Cause,
    counters::Count,
    lifetimes::State,
    storage::{Departed, Glance, Place, Slot, Stamps, Storage},
};

/// Whether a look-up is one that counts, and that the policy hears of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notice {
    Counted,
    Unnoticed,
}

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
        self.look(key, Notice::Counted, read)
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
        self.look(key, Notice::Unnoticed, read)
    }

    /// Whether a live entry of `key` is held. Not counted as a look-up.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.peek_with(key, |_| ()).is_some()
    }

    #[inline]
    fn look<Q, R>(&self, key: &Q, notice: Notice, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.look_hashed(self.hash(key), key, notice, read)
    }

    /// As [`get`](Self::get), for a key whose hash is known.
    #[inline]
    pub(crate) fn get_hashed<Q>(&self, hash: u64, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.look_hashed(hash, key, Notice::Counted, V::clone)
    }

    #[inline]
    fn look_hashed<Q, R>(&self, hash: u64, key: &Q, notice: Notice, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let read = match self.read_plainly(hash, key, notice, read) {
            Ok(result) => return result,
            Err(read) => read,
        };
        match self.glance_at(hash, key, notice == Notice::Counted) {
            Glance::Hit(value) => {
                if notice == Notice::Counted {
                    self.counters.one(Count::Hits);
                }
                Some(read(&value))
            }
            Glance::Miss => {
                if notice == Notice::Counted {
                    self.count_miss(hash, None);
                }
                None
            }
            Glance::Unclear => self.look_under_latch(hash, key, notice, read),
        }
    }

    #[inline(never)]
    fn look_under_latch<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        notice: Notice,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let counted = notice == Notice::Counted;
        match &self.storage {
            Storage::Sets(sets) if !self.reads_matter => match sets.look(hash, key, counted, read) {
                Ok(found) => {
                    if counted {
                        match found {
                            Some(_) => self.counters.one(Count::Hits),
                            None => self.count_miss(hash, None),
                        }
                    }
                    found
                }
                Err(read) => self.look_locked(hash, key, notice, read),
            },
            _ => self.look_locked(hash, key, notice, read),
        }
    }

    /// Looks where there is nothing to be asked about an entry, and nothing to be done but to read it.
    #[inline]
    fn read_plainly<Q, R, F>(&self, hash: u64, key: &Q, notice: Notice, read: F) -> Result<Option<R>, F>
    where
        Q: Equivalent<K> + ?Sized,
        F: FnOnce(&V) -> R,
    {
        let Storage::Exact(exact) = &self.storage else { return Err(read) };
        if exact.kept().any() || self.lifetimes.reads_matter() {
            return Err(read);
        }
        let result = exact.read(hash, key, notice == Notice::Counted, read)?;
        if notice == Notice::Counted {
            match result {
                Some(_) => self.counters.one(Count::Hits),
                None => self.count_miss(hash, None),
            }
        }
        Ok(result)
    }

    /// A hit that needs no refresh, counted, if it can be had without a lock.
    #[inline]
    pub(crate) fn glance<Q>(&self, hash: u64, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        if self.lifetimes.refreshes() {
            return None;
        }
        let Glance::Hit(value) = self.glance_at(hash, key, true) else { return None };
        self.counters.one(Count::Hits);
        Some(value)
    }

    /// Looks without a lock, where that can be done.
    #[inline]
    fn glance_at<Q>(&self, hash: u64, key: &Q, count: bool) -> Glance<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match &self.storage {
            // Tags are asked about under the lock: while the entry is where it was found.
            Storage::Sets(sets) if sets.reads_race() && !self.reads_matter => {
                sets.glance(hash, key, count, |stamps| stamps.tags == 0 && self.serves(stamps))
            }
            _ => Glance::Unclear,
        }
    }

    #[inline(never)]
    fn look_locked<Q, R>(&self, hash: u64, key: &Q, notice: Notice, read: impl FnOnce(&V) -> R) -> Option<R>
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
            if notice == Notice::Counted {
                self.touch(&mut place, slot);
            }
            read(place.value(slot))
        });
        drop(place);
        if notice == Notice::Counted {
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
