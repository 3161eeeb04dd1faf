//! The strict LRU that people put behind a mutex first.

use std::{hash::BuildHasher, num::NonZeroUsize};

use anyhow::Context;
use parking_lot::Mutex;

use super::{Hasher, Subject};
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

pub(crate) struct Locked<C>(Mutex<C>);

impl<Q, V, S> Subject<Q, V> for Locked<hashlink::LruCache<Q::Owned, V, S>>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.0.lock().get(key).cloned()
    }

    fn insert(&self, key: Q::Owned, value: V) {
        let replaced = self.0.lock().insert(key, value);
        drop(replaced); // after the lock, as a careful user would
    }

    /// Loads under the lock: the simplest way to keep the promise, fair only because loads here cost nothing.
    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        let mut cache = self.0.lock();
        if let Some(value) = cache.get(key) {
            return value.clone();
        }
        let value = load();
        cache.insert(key.to_owned(), value.clone());
        value
    }

    fn len(&self) -> Option<u64> {
        Some(self.0.lock().len() as u64)
    }
}

impl<Q, V, S> Subject<Q, V> for Locked<lru::LruCache<Q::Owned, V, S>>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.0.lock().get(key).cloned()
    }

    fn insert(&self, key: Q::Owned, value: V) {
        let left = self.0.lock().push(key, value);
        drop(left);
    }

    /// As above.
    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        self.0.lock().get_or_insert_ref(key, load).clone()
    }

    fn len(&self) -> Option<u64> {
        Some(self.0.lock().len() as u64)
    }
}

pub(crate) fn hashlink<S: Stream>(capacity: u64) -> Built<S> {
    let hasher = Hasher::default();
    let cache = hashlink::LruCache::<S::Owned, S::Value, _>::with_hasher(entries(capacity), hasher);
    Ok(Box::new(Locked(Mutex::new(cache))))
}

pub(crate) fn lru<S: Stream>(capacity: u64) -> Built<S> {
    let capacity = NonZeroUsize::new(entries(capacity)).context("a capacity of 0")?;
    let cache = lru::LruCache::<S::Owned, S::Value, _>::with_hasher(capacity, Hasher::default());
    Ok(Box::new(Locked(Mutex::new(cache))))
}
