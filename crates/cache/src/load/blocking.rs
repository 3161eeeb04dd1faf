//! Loading as a thread.

use std::{
    convert::Infallible,
    hash::{BuildHasher, Hash},
};

use hashbrown::Equivalent;

use super::{LoadError, Met, infallible};
use crate::{
    Cache,
    flights::{running, wait},
};

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// The value of `key`; on a miss, what `load` returns, which is kept.
    ///
    /// At most one load per key runs at a time; other callers of that key, threads or tasks, wait for it and share its
    /// value. No lock is held while `load` runs, so it may use this cache. If the key is written or removed meanwhile,
    /// or the cache cleared, the loaded value goes to those who were waiting for it and is not kept; who asks afterwards
    /// starts afresh.
    ///
    /// If `load` panics, one of those who wait loads in its turn. Blocks while another caller loads: in a task, use
    /// [`get_or_insert_async`](Self::get_or_insert_async).
    ///
    /// # Panics
    ///
    /// If `load` asks for the same key again, itself or through the loads of other keys: it would wait for itself.
    /// [`try_get_or_insert_with`](Self::try_get_or_insert_with) returns an error instead. This is noticed on any thread
    /// that runs a loader, but not on another that a loader has started and waits for.
    ///
    /// # Cost
    ///
    /// A miss clones key and value once. It allocates nothing else, unless others wait for it.
    pub fn get_or_insert_with<Q>(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        let loaded = self.try_get_or_insert_with(key, || Ok::<V, Infallible>(load()));
        infallible(loaded, "get_or_insert_with")
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a `load` that may fail.
    ///
    /// ```
    /// use nuthatch_cache::{Cache, LoadError};
    ///
    /// let cache: Cache<String, u16> = Cache::builder().capacity(100).build().unwrap();
    /// let parse = |text: &str| text.parse::<u16>();
    /// assert_eq!(cache.try_get_or_insert_with("80", || parse("80")), Ok(80));
    /// assert!(matches!(cache.try_get_or_insert_with("http", || parse("http")), Err(LoadError::Failed(_))));
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with the error of `load`, to the caller that ran it. Nothing is kept; one of those who wait,
    /// if any, loads in its turn. [`LoadError::Recursive`] if waiting for the load would be waiting for oneself.
    pub fn try_get_or_insert_with<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        let hash = self.hash(key);
        loop {
            match self.meet(hash, key) {
                Met::Hit(value) => return Ok(value),
                Met::Joined(flight) => {
                    if let Some(value) = wait(&flight)? {
                        return Ok(value);
                    }
                }
                Met::Lead(lead) => {
                    let loaded = {
                        let _running = running(&[lead.id()]);
                        load()
                    };
                    return Ok(lead.land(loaded.map_err(LoadError::Failed)?));
                }
            }
        }
    }
}
