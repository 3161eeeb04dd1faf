//! Guards: a value borrowed from the cache, its place locked meanwhile.

use std::{
    fmt,
    hash::{BuildHasher, Hash},
    ops::{Deref, DerefMut},
};

use hashbrown::Equivalent;

use crate::{
    Cache, Cause, RandomState,
    counters::Count,
    leaving::Leaving,
    listener::FirstPanic,
    storage::{Departed, Noted, Place, Slot, Stamps},
};

/// A locked place that stays so for longer than a call, and on this thread, which is told when it waits for itself.
pub(crate) struct Kept<'a, K, V> {
    place: Place<'a, K, V>,
    _noted: Noted,
}

impl<'a, K, V> Kept<'a, K, V> {
    pub(crate) fn new(place: Place<'a, K, V>) -> Self {
        Self { _noted: place.note(), place }
    }
}

impl<'a, K, V> Deref for Kept<'a, K, V> {
    type Target = Place<'a, K, V>;

    fn deref(&self) -> &Self::Target {
        &self.place
    }
}

impl<K, V> DerefMut for Kept<'_, K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.place
    }
}

/// A value of the cache, borrowed. As long as it lives, its place is locked: others who come to the same place wait. Keep
/// it short, and drop it before the next call of the same cache, which panics rather than wait for itself.
pub struct Ref<'a, K, V> {
    place: Kept<'a, K, V>,
    slot: Slot,
}

impl<K, V> Ref<'_, K, V> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &K {
        self.place.key(self.slot)
    }
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.place.value(self.slot)
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ref").field(self.key()).field(&**self).finish()
    }
}

/// A value of the cache, borrowed to be changed in place. As for its lock, see [`Ref`]. When it is dropped, the entry
/// counts as written: it is weighed anew, and lives as long as one that was inserted then. If it has become too heavy,
/// it leaves.
pub struct RefMut<'a, K, V, S = RandomState> {
    hash: u64,
    place: Kept<'a, K, V>,
    slot: Slot,
    /// The value, where it cannot be changed in place.
    copy: Option<V>,
    /// What leaves meanwhile. Dropped after the place.
    leaving: Leaving<'a, K, V, S>,
}

impl<K, V, S> RefMut<'_, K, V, S> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &K {
        self.place.key(self.slot)
    }
}

impl<K, V, S> Deref for RefMut<'_, K, V, S> {
    type Target = V;

    fn deref(&self) -> &V {
        match &self.copy {
            Some(copy) => copy,
            None => self.place.value(self.slot),
        }
    }
}

impl<K, V, S> DerefMut for RefMut<'_, K, V, S> {
    fn deref_mut(&mut self) -> &mut V {
        match &mut self.copy {
            Some(copy) => copy,
            None => self.place.value_mut(self.slot),
        }
    }
}

impl<K, V, S> Drop for RefMut<'_, K, V, S> {
    fn drop(&mut self) {
        if let Some(copy) = self.copy.take() {
            self.place.replace(self.slot, copy); // of a type that is `Copy`: nothing to drop
        }
        let cache = self.leaving.cache;
        cache.amend(&mut self.place, self.hash, self.slot, &mut self.leaving);
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for RefMut<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RefMut").field(self.key()).field(&**self).finish()
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The value of `key`, borrowed instead of cloned. See [`Ref`] for what is locked meanwhile. Counts as a look-up.
    ///
    /// ```
    /// use nuthatch_cache::Cache;
    ///
    /// let cache = Cache::new(100);
    /// cache.insert("list", vec![1, 2, 3]);
    /// assert_eq!(cache.get_ref("list").map(|list| list.len()), Some(3));
    /// ```
    pub fn get_ref<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (place, slot) = self.borrow(self.hash(key), key)?;
        Some(Ref { place: Kept::new(place), slot })
    }

    /// The value of `key`, to be changed in place. See [`RefMut`] for what happens when that is done. Counts as a look-up.
    ///
    /// ```
    /// use nuthatch_cache::Cache;
    ///
    /// let cache = Cache::new(100);
    /// cache.insert("list", vec![1, 2]);
    /// if let Some(mut list) = cache.get_mut("list") {
    ///     list.push(3);
    /// }
    /// assert_eq!(cache.get("list"), Some(vec![1, 2, 3]));
    /// ```
    pub fn get_mut<Q>(&self, key: &Q) -> Option<RefMut<'_, K, V, S>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let (place, slot) = self.borrow(hash, key)?;
        self.flights.fence(hash, key);
        let copy = place.copied(slot);
        Some(RefMut { hash, place: Kept::new(place), slot, copy, leaving: self.leaving() })
    }

    /// Lets `change` change the value of `key` in place, and returns what it returns. As with
    /// [`get_mut`](Self::get_mut), `change` runs while the place of the key is locked. If it panics, the value stays as it
    /// left it.
    pub fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.get_mut(key).map(|mut value| change(&mut value))
    }

    /// Locks the place of `key` if it is held and good, and counts the look-up.
    fn borrow<Q>(&self, hash: u64, key: &Q) -> Option<(Place<'_, K, V>, Slot)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let mut departed = self.leaving();
        let (mut place, found) = self.storage.find(hash, key);
        let found = self.living(&mut place, found, &mut departed);
        let served = self.count_found(hash, &place, found, &departed);
        match served {
            Some(slot) => {
                self.touch(&mut place, slot);
                Some((place, slot))
            }
            None => {
                drop(place);
                None
            }
        }
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// The value at `slot` was changed in place: it is weighed and timed anew. Says where it is now, if it stays.
    ///
    /// A weigher or an expiry that panics leaves the weight unknown: the entry goes. The panic goes on, unless it is not
    /// the first: this runs where a closure of the user's has panicked, too.
    pub(crate) fn amend(
        &self,
        place: &mut Place<'_, K, V>,
        hash: u64,
        slot: Slot,
        departed: &mut Departed<K, V>,
    ) -> Option<Slot> {
        let mut panics = FirstPanic::default();
        let (old, key, value) = (place.stamps(slot), place.key(slot), place.value(slot));
        let mut new = None;
        panics.catch(|| {
            let weight = self.weigh(key, value);
            let times = self.lifetimes.on_update(|| self.now(), hash, None, &old.times, key, value);
            new = Some(Stamps { times, weight, ..old });
        });
        let mut found = Some(slot);
        let new = new.filter(|new| {
            let fits = new.weight <= self.capacity();
            let same = new.weight == old.weight;
            fits && (same || place.room(&mut found, new.weight, &mut true, true, departed).is_ok())
        });
        match (found, new) {
            (Some(slot), Some(new)) if new != old => place.set_stamps(slot, &new),
            (Some(slot), None) => {
                self.counters.one(Count::Rejections);
                departed.push(place.take(slot), Cause::Size);
                found = None;
            }
            // It left itself to make room.
            (None, Some(new)) => place.give_back(new.weight),
            _ => {}
        }
        panics.resume();
        found
    }
}
