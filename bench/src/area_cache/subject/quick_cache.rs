//! quick_cache: CLOCK with ghosts, behind sharded reader-writer locks.

use std::{convert::Infallible, hash::BuildHasher};

use quick_cache::{UnitWeighter, sync::DefaultLifecycle};

use super::{Hasher, Subject};
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

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

    fn len(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

pub(crate) fn quick_cache<S: Stream>(capacity: u64) -> Built<S> {
    Ok(Box::new(quick_cache::sync::Cache::<S::Owned, S::Value, _, _, _>::with(
        entries(capacity),
        capacity,
        UnitWeighter,
        Hasher::default(),
        DefaultLifecycle::default(),
    )))
}
