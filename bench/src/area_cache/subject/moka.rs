//! moka and mini-moka: admission by frequency over one LRU queue, maintenance put off to later calls.

use std::{borrow::Borrow, hash::BuildHasher, sync::Arc};

use mini_moka::sync::ConcurrentCacheExt;

use super::{Hasher, Subject, TIME_TO_LIVE};
use crate::{
    area_cache::contender::Built,
    stream::{Lookup, Stream},
};

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

    fn settle(&self) {
        self.run_pending_tasks();
    }

    fn len(&self) -> Option<u64> {
        Some(self.entry_count())
    }
}

pub(crate) fn moka<S: Stream>(capacity: u64) -> Built<S> {
    let builder = moka::sync::Cache::<S::Owned, S::Value>::builder().max_capacity(capacity);
    Ok(Box::new(builder.build_with_hasher(Hasher::default())))
}

pub(crate) fn moka_with_expiry<S: Stream>(capacity: u64) -> Built<S> {
    let builder = moka::sync::Cache::<S::Owned, S::Value>::builder().max_capacity(capacity);
    Ok(Box::new(builder.time_to_live(TIME_TO_LIVE).build_with_hasher(Hasher::default())))
}

/// Looks up by what it keeps: `Arc<String>` does not lend a `str`.
impl<Q, V, S> Subject<Q, V> for mini_moka::sync::Cache<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    Arc<Q::Owned>: Borrow<Q::Owned>,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    fn get(&self, key: &Q) -> Option<V> {
        key.with_owned(|key| self.get(key))
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn settle(&self) {
        self.sync();
    }

    fn len(&self) -> Option<u64> {
        Some(self.entry_count())
    }
}

pub(crate) fn mini_moka<S: Stream>(capacity: u64) -> Built<S> {
    let builder = mini_moka::sync::Cache::<S::Owned, S::Value>::builder().max_capacity(capacity);
    Ok(Box::new(builder.build_with_hasher(Hasher::default())))
}

pub(crate) fn mini_moka_with_expiry<S: Stream>(capacity: u64) -> Built<S> {
    let builder = mini_moka::sync::Cache::<S::Owned, S::Value>::builder().max_capacity(capacity);
    Ok(Box::new(builder.time_to_live(TIME_TO_LIVE).build_with_hasher(Hasher::default())))
}
