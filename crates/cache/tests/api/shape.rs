//! The caches that are put to the test.

use std::{fmt::Debug, hash::Hash};

use nuthatch_cache::{Builder, Cache, Entries, PolicyKind, StorageKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Exact, all entries behind one lock, least recently used first out.
    OneShard,
    /// Exact, eight locks.
    Shards,
    Sets,
}

impl Shape {
    pub(crate) fn builder<K, V>(self, capacity: u64) -> Builder<K, V, Entries> {
        let builder = Cache::builder().capacity(capacity);
        match self {
            Self::OneShard => builder.policy(PolicyKind::Lru).shards(1),
            Self::Shards => builder.shards(8),
            Self::Sets => builder.storage(StorageKind::Sets),
        }
    }

    pub(crate) fn cache<K, V>(self, capacity: u64) -> Cache<K, V> {
        self.builder(capacity).build().unwrap()
    }
}

/// A key or value that is made from a number.
pub(crate) trait Datum: Clone + Debug + Eq + Hash + Ord + Send + Sync + 'static {
    fn of(number: u64) -> Self;
    fn number(&self) -> u64;
}

impl Datum for u64 {
    fn of(number: u64) -> Self {
        number
    }
    fn number(&self) -> u64 {
        *self
    }
}

impl Datum for String {
    fn of(number: u64) -> Self {
        format!("number {number}")
    }
    fn number(&self) -> u64 {
        self["number ".len()..].parse().unwrap()
    }
}
