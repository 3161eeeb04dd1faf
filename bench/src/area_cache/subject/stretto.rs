//! stretto: admission by frequency, done by a thread of its own.

use std::{
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

use ::stretto::{
    Cache, CacheBuilder, DefaultCacheCallback, DefaultCoster, DefaultUpdateValidator, KeyBuilder,
};
use anyhow::anyhow;

use super::{Hasher, Subject, TIME_TO_LIVE};
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Kept, Lookup, Stream},
};

/// Stretto with the hasher of the others. It keeps two hashes of a key instead of the key; the second one is off, as in
/// its own builder for numbers. Threads of its own do what inserts put off: their time is not counted.
pub(crate) struct Stretto<K: Kept, V: Send + Sync + 'static> {
    cache: Hashing<K, V>,
    expires: bool,
}

/// All as it comes, but for the hashers.
type Hashing<K, V> =
    Cache<K, V, Hashed<K>, DefaultCoster<V>, DefaultUpdateValidator<V>, DefaultCacheCallback<V>, Hasher>;

pub(crate) struct Hashed<K> {
    hasher: Hasher,
    key: PhantomData<fn(K)>,
}

impl<K: Hash + Eq> KeyBuilder for Hashed<K> {
    type Key = K;

    fn hash_index<Q>(&self, key: &Q) -> u64
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.hasher.hash_one(key)
    }
}

impl<Q, V> Subject<Q, V> for Stretto<Q::Owned, V>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync + 'static,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.cache.get(key).map(|value| value.value().clone())
    }

    fn insert(&self, key: Q::Owned, value: V) {
        if self.expires {
            self.cache.insert_with_ttl(key, value, 1, TIME_TO_LIVE);
        } else {
            self.cache.insert(key, value, 1);
        }
    }

    fn settle(&self) {
        // Fails only once the cache is closed.
        let _ = self.cache.wait();
    }

    fn len(&self) -> Option<u64> {
        Some(self.cache.len() as u64)
    }
}

pub(crate) fn stretto<S: Stream>(capacity: u64) -> Built<S> {
    built::<S>(capacity, false)
}

pub(crate) fn stretto_with_expiry<S: Stream>(capacity: u64) -> Built<S> {
    built::<S>(capacity, true)
}

/// Its documentation advises ten counters per entry.
const COUNTERS_PER_ENTRY: usize = 10;

fn built<S: Stream>(capacity: u64, expires: bool) -> Built<S> {
    let keys = Hashed { hasher: Hasher::default(), key: PhantomData };
    let cost = i64::try_from(capacity)?;
    let cache = CacheBuilder::new_with_key_builder(entries(capacity) * COUNTERS_PER_ENTRY, cost, keys)
        .set_hasher(Hasher::default())
        .finalize()
        .map_err(|error| anyhow!("{error}"))?;
    Ok(Box::new(Stretto::<S::Owned, S::Value> { cache, expires }))
}
