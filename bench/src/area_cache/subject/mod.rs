//! What is compared: one trait that every cache can fill, and the caches that do.
//!
//! Each method is the nearest that a cache itself offers. Every cache hashes with `foldhash::fast` if it lets its user
//! choose; cachekit (FxHash) and TinyUFO (ahash) do not.

mod cachekit;
mod ceilings;
mod foyer;
mod locked_lru;
mod moka;
mod nuthatch;
mod quick_cache;
mod sieve_cache;
mod stretto;
mod tinyufo;

pub(super) use self::{
    cachekit::cachekit,
    ceilings::{dashmap, papaya, scc},
    foyer::{foyer_lfu, foyer_s3fifo},
    locked_lru::{hashlink, lru},
    moka::{mini_moka, mini_moka_with_expiry, moka, moka_with_expiry},
    nuthatch::{nuthatch, nuthatch_lru, nuthatch_one_by_one, nuthatch_with_expiry},
    quick_cache::quick_cache,
    sieve_cache::sieve_cache,
    stretto::{stretto, stretto_with_expiry},
    tinyufo::tinyufo,
};

use std::{hint::black_box, time::Duration};

use crate::stream::Lookup;

/// The hasher of every cache that lets its user choose.
type Hasher = foldhash::fast::RandomState;

/// The time to live where expiry is switched on: nothing expires during a run.
const TIME_TO_LIVE: Duration = Duration::from_hours(24);

/// A cache as its user sees it.
pub(crate) trait Subject<Q: Lookup + ?Sized, V>: Send + Sync {
    fn get(&self, key: &Q) -> Option<V>;

    /// How many of `keys` are there; all are read. One after another in caches that cannot read many at once.
    fn get_many<'q>(&self, keys: impl Iterator<Item = &'q Q>) -> usize
    where
        Q: 'q,
    {
        keys.filter(|key| self.get(key).map(black_box).is_some()).count()
    }

    fn insert(&self, key: Q::Owned, value: V);

    /// At most one `load` per key at a time. A cache without such a call reads, and inserts on a miss; it is never asked.
    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        self.get(key).unwrap_or_else(|| {
            let value = load();
            self.insert(key.to_owned(), value.clone());
            value
        })
    }

    /// Does what was put off, in caches that put off.
    fn settle(&self) {}

    /// How many entries are held, if the cache tells.
    fn len(&self) -> Option<u64>;
}
