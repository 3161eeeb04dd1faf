//! sieve-cache: SIEVE behind sharded mutexes.

use std::hash::BuildHasher;

use ::sieve_cache::ShardedSieveCache;
use anyhow::anyhow;

use super::{Hasher, Subject};
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

impl<Q, V, S> Subject<Q, V> for ShardedSieveCache<Q::Owned, V, S>
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

    fn len(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

pub(crate) fn sieve_cache<S: Stream>(capacity: u64) -> Built<S> {
    let hasher = Hasher::default();
    let cache = ShardedSieveCache::<S::Owned, S::Value, _>::new_with_hasher(entries(capacity), hasher);
    Ok(Box::new(cache.map_err(|error| anyhow!(error))?))
}
