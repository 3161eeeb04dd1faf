//! A concurrent in-memory cache, bounded by entries or by weight.
//!
//! ```
//! use nuthatch_cache::Cache;
//!
//! let cache = Cache::new(10_000);
//! cache.insert("answer".to_owned(), 42);
//! assert_eq!(cache.get("answer"), Some(42)); // borrowed lookups: no String is made
//!
//! let length = cache.get_or_insert_with("question", || "question".len());
//! assert_eq!(length, 8);
//! assert_eq!(cache.stats().hits, 1);
//! ```
//!
//! # How it works
//!
//! There are two storages, and the builder picks. [`StorageKind::Exact`]: keys are spread over shards, each a hash table of
//! slots, a slab of entries and an eviction policy over the same slots; the bound is one for the whole cache, so no entry
//! leaves before the whole cache is full. [`StorageKind::Sets`]: entries lie in sets of sixteen behind a header of 64 bytes
//! that says who leaves next; small types are read without a lock. In both, room is made before an entry comes in, so the
//! capacity is never exceeded, at no moment and under no load. There is no background thread; what an operation causes is
//! done when it returns.

mod builder;
mod cache;
mod cause;
mod clock;
mod counters;
mod departures;
mod entry;
mod events;
mod expiry;
mod flights;
mod guard;
mod iterate;
mod leaving;
mod lifetimes;
mod listener;
mod load;
mod maintenance;
mod many;
#[cfg(doctest)]
mod must_not_compile;
mod pin;
#[cfg(feature = "metrics")]
mod publish;
mod read;
mod scan;
#[cfg(feature = "snapshot")]
mod snapshot;
mod stats;
mod storage;
mod sync;
mod tagging;
mod tags;
mod terms;
mod thread_id;
mod ticks;
mod upkeep;
mod write;

pub use builder::{BuildError, Builder, Entries, StorageKind, Unbounded, Unweighed, Weighed};
pub use cache::Cache;
pub use cause::Cause;
pub use clock::{Clock, ManualClock};
pub use entry::{Change, Entry};
pub use expiry::Expiry;
pub use guard::{Ref, RefMut};
/// Lets `&str` find a `String`: implement it to look a key up by another type.
pub use hashbrown::Equivalent;
pub use iterate::Iter;
pub use load::{CacheRef, LoadError, Lookup, Reservation};
pub use maintenance::Maintenance;
pub use nuthatch_policy::{Policy, PolicyKind};
#[cfg(feature = "metrics")]
pub use publish::describe_metrics;
pub use scan::Cursor;
#[cfg(feature = "snapshot")]
pub use snapshot::{Restored, Saved, SnapshotError};
pub use stats::{MissCauses, Stats};
pub use terms::Terms;
pub use upkeep::ResizeError;

/// The default hasher: fast, seeded per cache, not meant to withstand an attacker who can observe timing at length.
pub type RandomState = foldhash::fast::RandomState;
