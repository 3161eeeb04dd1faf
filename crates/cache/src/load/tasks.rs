//! Loading as a task, of whatever runtime.

use std::{
    convert::Infallible,
    future::poll_fn,
    hash::{BuildHasher, Hash},
    pin::pin,
    task::Context,
};

use hashbrown::Equivalent;

use super::{LoadError, Look, Met, infallible};
use crate::{
    Cache, Terms,
    flights::{FlightId, Waiting, running},
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
        self.load_awaiting(key, false, || async { Ok((load().await?, None)) }).await
    }

    /// As [`try_get_or_insert_async`](Self::try_get_or_insert_async), for a `load` that says as well on which terms its value
    /// is to be kept, as for [`get_or_insert_with_terms`](Self::get_or_insert_with_terms).
    ///
    /// # Errors
    ///
    /// As [`try_get_or_insert_async`](Self::try_get_or_insert_async).
    pub async fn try_get_or_insert_async_with_terms<Q, E, F>(
        &self,
        key: &Q,
        load: impl FnOnce() -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
        F: Future<Output = Result<(V, Terms), E>>,
    {
        let load = || async { load().await.map(|(value, terms)| (value, Some(terms))) };
        self.load_awaiting(key, true, load).await
    }

    async fn load_awaiting<Q, E, F>(
        &self,
        key: &Q,
        may_bring_tags: bool,
        load: impl FnOnce() -> F,
    ) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
        F: Future<Output = Result<(V, Option<Terms>), E>>,
    {
        let hash = self.hash(key);
        let mut look = Look::First;
        loop {
            let mut met = self.meet(hash, key, look, may_bring_tags, || self);
            match met {
                Met::Hit(value) | Met::Stale(value) => return Ok(value),
                Met::Joined(flight) => {
                    if let Some(value) = Waiting::new(flight).await? {
                        return Ok(value);
                    }
                }
                Met::Lead(ref mut lead, ref mut held) => {
                    let loads = [lead.id()];
                    // Called inside the future, so that whatever it does at once counts as the loader's doing.
                    let loaded = run_as(&loads, async { load().await }).await;
                    return lead.conclude(loaded, held);
                }
            }
            look = Look::Again;
        }
    }
}

/// Awaits `loading`, which is the loader of `loads` whenever it is polled.
pub(super) async fn run_as<F: Future>(loads: &[FlightId], loading: F) -> F::Output {
    let mut loading = pin!(loading);
    poll_fn(|context: &mut Context<'_>| {
        let _running = running(loads);
        loading.as_mut().poll(context)
    })
    .await
}
