//! Loading as a thread.

use std::{
    convert::Infallible,
    hash::{BuildHasher, Hash},
};

use hashbrown::Equivalent;

use super::{LoadError, Look, Met, infallible};
use crate::{
    Cache, Terms,
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
    /// A value that is due to be loaded anew ([`refresh_after_write`](crate::Builder::refresh_after_write),
    /// [`stale_while_revalidate`](crate::Builder::stale_while_revalidate)) is loaded by the caller that finds it so, before
    /// it returns; all others are served what is held meanwhile. To serve that caller at once as well, and load elsewhere,
    /// see [`lookup`](Self::lookup).
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
    /// if any, loads in its turn. Where what is held may still be served ([`stale_if_error`](crate::Builder::stale_if_error),
    /// or a refresh that failed), that is returned instead, to all. [`LoadError::Recursive`] if waiting for the load would be waiting for oneself.
    pub fn try_get_or_insert_with<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        self.load_blocking(key, false, || Ok((load()?, None)))
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a `load` that says as well on which terms its value is to be
    /// kept: how long, with which tags. So a value that says "there is none" may be kept for a shorter time, and what a
    /// row was made from becomes its tags. If one of the tags is invalidated while `load` runs, the value goes to those who
    /// wait for it and is not kept.
    ///
    /// ```
    /// use std::time::Duration;
    /// use nuthatch_cache::{Cache, Terms};
    ///
    /// let cache: Cache<u64, Option<String>> = Cache::new(1_000);
    /// let find = |id: &u64| (*id == 7).then(|| "Ada".to_owned());
    /// let user = cache.get_or_insert_with_terms(&8, || match find(&8) {
    ///     Some(name) => (Some(name), Terms::new().tag("users")),
    ///     None => (None, Terms::new().tag("users").ttl(Duration::from_secs(5))),
    /// });
    /// assert_eq!(user, None);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`get_or_insert_with`](Self::get_or_insert_with).
    pub fn get_or_insert_with_terms<Q>(&self, key: &Q, load: impl FnOnce() -> (V, Terms)) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        let loaded = self.try_get_or_insert_with_terms(key, || Ok::<_, Infallible>(load()));
        infallible(loaded, "get_or_insert_with_terms")
    }

    /// As [`get_or_insert_with_terms`](Self::get_or_insert_with_terms), for a `load` that may fail.
    ///
    /// # Errors
    ///
    /// As [`try_get_or_insert_with`](Self::try_get_or_insert_with).
    pub fn try_get_or_insert_with_terms<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce() -> Result<(V, Terms), E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        self.load_blocking(key, true, || load().map(|(value, terms)| (value, Some(terms))))
    }

    fn load_blocking<Q, E>(
        &self,
        key: &Q,
        may_bring_tags: bool,
        load: impl FnOnce() -> Result<(V, Option<Terms>), E>,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        let hash = self.hash(key);
        let mut look = Look::First;
        loop {
            let mut met = self.meet(hash, key, look, may_bring_tags, || self);
            match met {
                Met::Hit(value) | Met::Stale(value) => return Ok(value),
                Met::Joined(flight) => {
                    if let Some(value) = wait(&flight)? {
                        return Ok(value);
                    }
                }
                Met::Lead(ref mut lead, ref mut held) => {
                    let loaded = {
                        let _running = running(&[lead.id()]);
                        load()
                    };
                    return lead.conclude(loaded, held);
                }
            }
            look = Look::Again;
        }
    }
}
