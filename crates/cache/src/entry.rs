//! A key and what is held of it, as one step.

use std::{
    fmt,
    hash::{BuildHasher, Hash},
};

use crate::{
    Cache, Cause, RandomState,
    counters::Count,
    guard::Kept,
    leaving::Leaving,
    listener::FirstPanic,
    storage::Slot,
    tagging::Pass,
    write::{Newcomer, Outcome},
};

/// A key of the cache, with its value or without; made by [`Cache::entry`]. Its place is locked as long as this lives, so
/// nobody comes in between; see [`Ref`](crate::Ref) for what that means for others.
pub struct Entry<'a, K, V, S = RandomState>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    place: Kept<'a, K, V>,
    found: Option<Slot>,
    hash: u64,
    /// Dropped after the place, as what leaves meanwhile.
    key: K,
    leaving: Leaving<'a, K, V, S>,
}

/// What [`Cache::compute`] is to do with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<V> {
    /// Nothing.
    Keep,
    /// Keep this value.
    Put(V),
    /// Remove it, if it is held.
    Remove,
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The entry of `key`, held or not, to be looked at and changed in one step. Counts as a look-up.
    ///
    /// ```
    /// use nuthatch_cache::Cache;
    ///
    /// let cache = Cache::new(100);
    /// for word in ["hit", "miss", "hit"] {
    ///     cache.entry(word).and_modify(|count| *count += 1).or_insert(1);
    /// }
    /// assert_eq!(cache.get("hit"), Some(2));
    /// ```
    pub fn entry(&self, key: K) -> Entry<'_, K, V, S> {
        let hash = self.hash(&key);
        let mut leaving = self.leaving();
        let (mut place, found) = self.storage.find(hash, &key);
        let found = self.living(&mut place, found, &mut leaving);
        if let Some(slot) = self.count_found(hash, &place, found, &leaving) {
            self.touch(&mut place, slot);
        }
        Entry { hash, key, place: Kept::new(place), found, leaving }
    }

    /// Lets `decide` see the value of `key`, if it is held, and does what it says, in one step: `decide` runs once, and
    /// while the place of the key is locked. Returns the value that was replaced or removed, if there was one. Counts as a
    /// look-up.
    ///
    /// ```
    /// use nuthatch_cache::{Cache, Change};
    ///
    /// let cache = Cache::new(100);
    /// let lowest = |price: u32| move |held: Option<&u32>| match held {
    ///     Some(held) if *held <= price => Change::Keep,
    ///     _ => Change::Put(price),
    /// };
    /// cache.compute("apple", lowest(7));
    /// assert_eq!(cache.compute("apple", lowest(5)), Some(7));
    /// assert_eq!(cache.compute("apple", lowest(6)), None);
    /// assert_eq!(cache.get("apple"), Some(5));
    /// ```
    pub fn compute(&self, key: K, decide: impl FnOnce(Option<&V>) -> Change<V>) -> Option<V> {
        let entry = self.entry(key);
        match decide(entry.get()) {
            Change::Keep => None,
            Change::Put(value) => entry.insert(value),
            Change::Remove => entry.remove(),
        }
    }
}

impl<K, V, S> Entry<'_, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// The value, if it is held.
    #[must_use]
    pub fn get(&self) -> Option<&V> {
        self.good().map(|slot| self.place.value(slot))
    }

    /// Lets `change` change the value in place, if it is held.
    #[must_use = "an entry does nothing more by itself; `update` changes a value in place as well"]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        if let Some(slot) = self.good() {
            self.leaving.cache.flights.fence(self.hash, &self.key);
            let mut panics = FirstPanic::default();
            match self.place.copied(slot) {
                Some(mut copy) => {
                    panics.catch(|| change(&mut copy));
                    self.place.replace(slot, copy); // of a type that is `Copy`: nothing to drop
                }
                None => panics.catch(|| change(self.place.value_mut(slot))),
            }
            let cache = self.leaving.cache;
            // It may have become too heavy to stay.
            self.found = cache.amend(&mut self.place, self.hash, slot, &mut self.leaving);
            panics.resume();
        }
        self
    }

    /// The value; if it is not held, `value`, which is kept. An entry that is refused (too heavy, or all others pinned) is
    /// returned all the same.
    pub fn or_insert(self, value: V) -> V
    where
        V: Clone,
    {
        self.or_insert_with(|| value)
    }

    /// The value; if it is not held, what `make` returns, which is kept. `make` runs while the place is locked: for what
    /// takes longer there is [`get_or_insert_with`](Cache::get_or_insert_with).
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        if let Some(value) = self.get().cloned() {
            drop(self); // before the value is on its way: a key that panics then takes it with it
            return value;
        }
        let value = make();
        self.insert(value.clone());
        value
    }

    /// The value; if it is not held, the type's default, which is kept.
    pub fn or_default(self) -> V
    where
        V: Clone + Default,
    {
        self.or_insert_with(V::default)
    }

    /// Keeps `value`, and returns the one it replaces.
    pub fn insert(self, value: V) -> Option<V> {
        // In this order: what is left of them is dropped in the reverse one, under no lock.
        let Self { mut leaving, hash, key, mut place, found } = self;
        let cache = leaving.cache;
        cache.flights.fence(hash, &key);
        let weight = cache.weigh(&key, &value);
        if weight > cache.capacity() {
            cache.counters.one(Count::Rejections);
            let removed = found.map(|slot| place.take(slot));
            drop(place);
            return cache.removed(removed);
        }
        let newcomer = Newcomer::new(hash, (key, value), weight, None, Pass::NONE);
        let outcome = cache.admit(&mut place, found, newcomer, true, &mut leaving);
        drop(place);
        cache.count_outcome(&outcome);
        let Outcome::Replaced(old) = outcome else { return None };
        let served = cache.serves(&old.stamps);
        cache.see_off_one(&old, Cause::Replaced);
        served.then(|| old.into_value())
    }

    /// Removes the entry, and returns its value if it was held.
    pub fn remove(self) -> Option<V> {
        let Self { leaving, hash, key, mut place, found } = self;
        leaving.cache.flights.fence(hash, &key);
        let removed = found.map(|slot| place.take(slot));
        drop(place);
        leaving.cache.removed(removed)
    }

    fn good(&self) -> Option<Slot> {
        self.found.filter(|slot| self.leaving.cache.serves(&self.place.stamps(*slot)))
    }
}

impl<K, V, S> fmt::Debug for Entry<'_, K, V, S>
where
    K: Hash + Eq + fmt::Debug,
    V: fmt::Debug,
    S: BuildHasher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).field("value", &self.get()).finish()
    }
}
