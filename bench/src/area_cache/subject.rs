//! What is compared: one trait that every cache can fill, and the caches that do.

use std::{
    convert::Infallible,
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
};

use nuthatch_cache::Cache;
use quick_cache::UnitWeighter;

use crate::stream::Lookup;

/// A cache as its user sees it. Each method is the nearest that the cache itself offers.
pub(crate) trait Subject<Q: Lookup + ?Sized, V>: Send + Sync {
    fn get(&self, key: &Q) -> Option<V>;
    fn insert(&self, key: Q::Owned, value: V);
    /// At most one `load` per key at a time.
    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V;
    /// How many entries are held, once what was put off is done.
    fn settled_len(&self) -> u64;
}

impl<Q, V, S> Subject<Q, V> for Cache<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.get(key)
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        self.get_or_insert_with(key, load)
    }

    fn settled_len(&self) -> u64 {
        self.len() as u64
    }
}

impl<Q, V, S> Subject<Q, V> for moka::sync::Cache<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.get(key)
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        self.get_with_by_ref(key, load)
    }

    fn settled_len(&self) -> u64 {
        self.run_pending_tasks();
        self.entry_count()
    }
}

impl<Q, V, S> Subject<Q, V> for quick_cache::sync::Cache<Q::Owned, V, UnitWeighter, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.get(key)
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        match self.get_or_insert_with(key, || Ok::<V, Infallible>(load())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    fn settled_len(&self) -> u64 {
        self.len() as u64
    }
}

/// The strict LRU that people put behind a mutex first.
pub(crate) struct LockedLru<K, V, S>(Mutex<hashlink::LruCache<K, V, S>>);

impl<K, V, S> LockedLru<K, V, S> {
    pub(crate) const fn new(cache: hashlink::LruCache<K, V, S>) -> Self {
        Self(Mutex::new(cache))
    }

    fn lock(&self) -> MutexGuard<'_, hashlink::LruCache<K, V, S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, V, S> Subject<Q, V> for LockedLru<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.lock().get(key).cloned()
    }

    fn insert(&self, key: Q::Owned, value: V) {
        let replaced = self.lock().insert(key, value);
        drop(replaced); // after the lock, as a careful user would
    }

    /// Loads under the lock: the simplest way to keep the promise, fair only because loads here cost nothing.
    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        let mut cache = self.lock();
        if let Some(value) = cache.get(key) {
            return value.clone();
        }
        let value = load();
        cache.insert(key.to_owned(), value.clone());
        value
    }

    fn settled_len(&self) -> u64 {
        self.lock().len() as u64
    }
}
