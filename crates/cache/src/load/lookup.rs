//! Looking up without waiting, and loading in one's own time.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use hashbrown::Equivalent;

use super::{CacheRef, Held, Lead, Look, Met, tasks::run_as};
use crate::{Cache, Terms, flights::running};

/// What a [`lookup`](Cache::lookup) found.
#[derive(Debug)]
#[must_use = "a reservation that is dropped is given up"]
pub enum Lookup<C: CacheRef> {
    /// The value.
    Hit(C::Value),
    /// A value that is due to be loaded anew, but may be served meanwhile: see
    /// [`refresh_after_write`](crate::Builder::refresh_after_write) and
    /// [`stale_while_revalidate`](crate::Builder::stale_while_revalidate). With the right to load it, unless another
    /// caller has that already.
    Stale(C::Value, Option<Reservation<C>>),
    /// No value, and the right to load it.
    Miss(Reservation<C>),
    /// No value yet: another caller loads it. [`get_or_insert_with`](Cache::get_or_insert_with) waits for it.
    Busy,
}

/// The right to load a key. Whoever asks for the key meanwhile waits for this load, or is served the value that is held.
///
/// It may be kept for long, and be taken to another thread or task. Dropped without a value, it leaves the load to the next
/// who asks, or to one of those who wait.
#[must_use = "a reservation that is dropped is given up"]
pub struct Reservation<C: CacheRef>(Lead<C>);

impl<C: CacheRef> Reservation<C>
where
    C::Value: Clone,
{
    /// Ends the load with a value, which goes to all who wait, and is kept unless the key was written or removed, or the
    /// cache cleared, since the reservation was made. Returns the value.
    pub fn insert(mut self, value: C::Value) -> C::Value {
        self.0.land(value, None)
    }

    /// As [`insert`](Self::insert), on terms of the entry's own.
    pub fn insert_with(mut self, value: C::Value, terms: &Terms) -> C::Value {
        self.0.land(value, Some(terms))
    }

    /// Ends the load with what `load` returns. If it asks the cache for the same key, that is noticed, as in
    /// [`get_or_insert_with`](Cache::get_or_insert_with).
    ///
    /// # Errors
    ///
    /// The error of `load`: the reservation is given up.
    pub fn load<E>(self, load: impl FnOnce() -> Result<C::Value, E>) -> Result<C::Value, E> {
        let loaded = {
            let _running = running(&[self.0.id()]);
            load()
        };
        Ok(self.insert(loaded?))
    }

    /// As [`load`](Self::load), for a `load` that is asynchronous.
    ///
    /// # Errors
    ///
    /// The error of `load`: the reservation is given up.
    pub async fn load_async<E, F>(self, load: impl FnOnce() -> F) -> Result<C::Value, E>
    where
        F: Future<Output = Result<C::Value, E>>,
    {
        let loaded = run_as(&[self.0.id()], async { load().await }).await;
        Ok(self.insert(loaded?))
    }
}

impl<C: CacheRef> std::fmt::Debug for Reservation<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation").finish_non_exhaustive()
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// Looks `key` up without waiting for anybody; on a miss, or if the value is due to be loaded anew, with the right to
    /// load it. So who calls decides where and when that is done, and serves meanwhile what there is.
    pub fn lookup<Q>(&self, key: &Q) -> Lookup<&Self>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        Lookup::of(self.meet(self.hash(key), key, Look::First, true, || self))
    }

    /// As [`lookup`](Self::lookup), with a reservation that shares the cache and may be taken anywhere.
    ///
    /// ```
    /// use std::{sync::Arc, thread};
    /// use nuthatch_cache::{Cache, Lookup};
    ///
    /// let cache: Arc<Cache<String, usize>> = Arc::new(Cache::new(100));
    /// let Lookup::Miss(reservation) = cache.lookup_shared("key") else { unreachable!("it is empty") };
    /// let pool = thread::spawn(move || reservation.insert(3));
    /// assert_eq!(cache.get_or_insert_with("key", || unreachable!("waits for the pool")), 3);
    /// # pool.join().unwrap();
    /// ```
    pub fn lookup_shared<Q>(self: &Arc<Self>, key: &Q) -> Lookup<Arc<Self>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        Lookup::of(self.meet(self.hash(key), key, Look::First, true, || Arc::clone(self)))
    }

    /// The right to load `key` anew, whatever is held of it: that is served until the reservation is used. `None` if
    /// another caller loads it. Counts as no look-up.
    pub fn reserve<Q>(&self, key: &Q) -> Option<Reservation<&Self>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        self.reserve_as(key, || self)
    }

    /// As [`reserve`](Self::reserve), with a reservation that shares the cache and may be taken anywhere.
    pub fn reserve_shared<Q>(self: &Arc<Self>, key: &Q) -> Option<Reservation<Arc<Self>>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        self.reserve_as(key, || Arc::clone(self))
    }

    fn reserve_as<Q, C>(&self, key: &Q, cache: impl FnOnce() -> C) -> Option<Reservation<C>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
        C: CacheRef<Key = K, Value = V, Hasher = S>,
    {
        let hash = self.hash(key);
        let (place, found) = self.storage.find(hash, key);
        if self.flights.is_loading(hash, key) {
            return None;
        }
        let id = self.flights.start(hash, key.to_owned().into(), true);
        drop(place);
        let mut lead = Lead::new(cache(), hash, id, found.is_some());
        lead.take_time();
        lead.may_bring_tags();
        Some(Reservation(lead))
    }
}

impl<C: CacheRef> Lookup<C> {
    fn of(met: Met<C>) -> Self {
        match met {
            Met::Hit(value) => Self::Hit(value),
            Met::Joined(_) => Self::Busy,
            Met::Stale(value) => Self::Stale(value, None),
            Met::Lead(lead, Some(Held { value, meanwhile: true, .. })) => {
                Self::Stale(value, Some(Reservation(lead)))
            }
            Met::Lead(lead, _) => Self::Miss(Reservation(lead)),
        }
    }
}
