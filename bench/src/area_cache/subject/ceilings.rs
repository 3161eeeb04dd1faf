//! Concurrent maps, which never evict: what a cache could reach if it had nothing to bound.

use std::hash::BuildHasher;

use ::{dashmap::DashMap, papaya::HashMap as Papaya, scc::HashMap as Scc};

use super::{Hasher, Subject};
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

impl<Q, V, S> Subject<Q, V> for DashMap<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Clone + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.get(key).map(|found| found.value().clone())
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn len(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

impl<Q, V, S> Subject<Q, V> for Papaya<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.pin().get(key).cloned()
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.pin().insert(key, value);
    }

    fn len(&self) -> Option<u64> {
        Some(self.pin().len() as u64)
    }
}

impl<Q, V, S> Subject<Q, V> for Scc<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.read_sync(key, |_, value| value.clone())
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.upsert_sync(key, value);
    }

    fn len(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

pub(crate) fn dashmap<S: Stream>(capacity: u64) -> Built<S> {
    let map =
        DashMap::<S::Owned, S::Value, _>::with_capacity_and_hasher(entries(capacity), Hasher::default());
    Ok(Box::new(map))
}

pub(crate) fn papaya<S: Stream>(capacity: u64) -> Built<S> {
    let map = Papaya::<S::Owned, S::Value, _>::with_capacity_and_hasher(entries(capacity), Hasher::default());
    Ok(Box::new(map))
}

pub(crate) fn scc<S: Stream>(capacity: u64) -> Built<S> {
    let map = Scc::<S::Owned, S::Value, _>::with_capacity_and_hasher(entries(capacity), Hasher::default());
    Ok(Box::new(map))
}
