//! How a load that outlives a call holds its cache.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use crate::Cache;

/// A cache, borrowed or shared: what a [`Reservation`](crate::Reservation) holds. Implemented for `&Cache` and `Arc<Cache>`.
pub trait CacheRef: sealed::Sealed {
    /// The cache's keys.
    type Key: Hash + Eq;
    /// The cache's values.
    type Value;
    /// The cache's hasher.
    type Hasher: BuildHasher;

    /// The cache itself.
    fn cache(&self) -> &Cache<Self::Key, Self::Value, Self::Hasher>;
}

mod sealed {
    pub trait Sealed {}
    impl<K, V, S> Sealed for &crate::Cache<K, V, S> {}
    impl<K, V, S> Sealed for std::sync::Arc<crate::Cache<K, V, S>> {}
}

impl<K: Hash + Eq, V, S: BuildHasher> CacheRef for &Cache<K, V, S> {
    type Key = K;
    type Value = V;
    type Hasher = S;

    fn cache(&self) -> &Cache<K, V, S> {
        self
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> CacheRef for Arc<Cache<K, V, S>> {
    type Key = K;
    type Value = V;
    type Hasher = S;

    fn cache(&self) -> &Cache<K, V, S> {
        self
    }
}
