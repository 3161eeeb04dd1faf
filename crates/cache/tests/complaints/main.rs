//! What users of other caches complained of, each as a test of this one, named after the thread: the library and the
//! number of its issue. Where it matters, on both storages.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod cachekit;
mod caffeine;
mod foyer;
mod moka;
mod otter;
mod quick_cache;
mod stretto;
#[path = "../support/mod.rs"]
mod support;
mod theine;

use nuthatch_cache::{Builder, Cache, Entries, StorageKind};

const BOTH: [StorageKind; 2] = [StorageKind::Exact, StorageKind::Sets];

fn builder<K, V>(storage: StorageKind, capacity: u64) -> Builder<K, V, Entries> {
    Cache::builder().capacity(capacity).storage(storage)
}

fn cache<K, V>(storage: StorageKind, capacity: u64) -> Cache<K, V> {
    builder(storage, capacity).build().unwrap()
}
