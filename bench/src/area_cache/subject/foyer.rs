//! foyer-memory: entries behind reference counts, the policy of your choice.

use foyer_memory::{Cache, CacheBuilder, CacheProperties, EvictionConfig, LfuConfig, S3FifoConfig};

use super::{Hasher, Subject};
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

/// Its loading call is asynchronous and wants a runtime, so it has none here.
impl<Q, V> Subject<Q, V> for Cache<Q::Owned, V, Hasher, CacheProperties>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync + 'static,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.get(key).map(|entry| entry.value().clone())
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn len(&self) -> Option<u64> {
        Some(self.entries() as u64)
    }
}

pub(crate) fn foyer_s3fifo<S: Stream>(capacity: u64) -> Built<S> {
    foyer::<S>(capacity, S3FifoConfig::default().into())
}

/// Which is W-TinyLFU.
pub(crate) fn foyer_lfu<S: Stream>(capacity: u64) -> Built<S> {
    foyer::<S>(capacity, LfuConfig::default().into())
}

/// Eight shards is its default. A small cache is given one: with more, its policies would have a handful of entries each.
const SHARDS: usize = 8;
const SMALL: u64 = 1024;

fn foyer<S: Stream>(capacity: u64, policy: EvictionConfig) -> Built<S> {
    let builder = CacheBuilder::<S::Owned, S::Value, _>::new(entries(capacity))
        .with_shards(if capacity <= SMALL { 1 } else { SHARDS })
        .with_eviction_config(policy)
        .with_hash_builder(Hasher::default());
    let cache: Cache<S::Owned, S::Value, Hasher, CacheProperties> = builder.build();
    Ok(Box::new(cache))
}
