//! Loading as a task, of whatever runtime.

use std::{
    convert::Infallible,
    future::poll_fn,
    hash::{BuildHasher, Hash},
    pin::pin,
};

use hashbrown::Equivalent;

use super::{LoadError, Met, infallible};
use crate::{
    Cache,
    flights::{Waiting, running},
};

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// As [`get_or_insert_with`](Self::get_or_insert_with), for a `load` that is asynchronous: on a miss it is called, and
    /// the future that it returns is awaited in place.
    ///
    /// Tied to no runtime; callers that wait are woken through their own wakers. Dropping this future at any point is
    /// sound: if it was loading, one of those who wait loads in its turn. A future that has begun to load and is then
    /// neither polled nor dropped keeps the others waiting.
    ///
    /// ```
    /// # use nuthatch_cache::Cache;
    /// # async fn name_of(id: u64) -> String { id.to_string() }
    /// # async fn handler(cache: &Cache<u64, String>) {
    /// let name = cache.get_or_insert_async(&7, || name_of(7)).await;
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If `load` asks for the same key again, itself or through the loads of other keys: it would wait for itself.
    /// [`try_get_or_insert_async`](Self::try_get_or_insert_async) returns an error instead. This is noticed for all that
    /// the task of a loader awaits itself, but not for another task that it has spawned and waits for.
    pub async fn get_or_insert_async<Q, F>(&self, key: &Q, load: impl FnOnce() -> F) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
        F: Future<Output = V>,
    {
        let loaded = self.try_get_or_insert_async(key, || async { Ok::<V, Infallible>(load().await) }).await;
        infallible(loaded, "get_or_insert_async")
    }

    /// As [`get_or_insert_async`](Self::get_or_insert_async), for a `load` that may fail.
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with the error of `load`, to the caller that ran it. Nothing is kept; one of those who wait,
    /// if any, loads in its turn. [`LoadError::Recursive`] if waiting for the load would be waiting for oneself.
    pub async fn try_get_or_insert_async<Q, E, F>(
        &self,
        key: &Q,
        load: impl FnOnce() -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
        F: Future<Output = Result<V, E>>,
    {
        let hash = self.hash(key);
        loop {
            match self.meet(hash, key) {
                Met::Hit(value) => return Ok(value),
                Met::Joined(flight) => {
                    if let Some(value) = Waiting::new(flight).await? {
                        return Ok(value);
                    }
                }
                Met::Lead(lead) => {
                    let loaded = {
                        let loads = [lead.id()];
                        // Called inside the future, so that whatever it does at once counts as the loader's doing.
                        let mut loading = pin!(async { load().await });
                        let poll = |context: &mut std::task::Context<'_>| {
                            let _running = running(&loads);
                            loading.as_mut().poll(context)
                        };
                        poll_fn(poll).await
                    };
                    return Ok(lead.land(loaded.map_err(LoadError::Failed)?, None));
                }
            }
        }
    }
}
