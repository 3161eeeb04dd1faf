//! A concurrent in-memory cache, bounded by entries or by weight.
//!
//! ```
//! use nuthatch_cache::Cache;
//!
//! let cache = Cache::builder().capacity(10_000).build();
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
//! Keys are spread over shards, each behind its own lock; a shard is a hash table of slots, a slab of entries and an
//! eviction policy over the same slots. The bound is one for the whole cache: room is reserved before an entry comes
//! in, so the total weight never exceeds the capacity, at no moment and under no load, and no entry leaves before the
//! whole cache is full. There is no background thread; what an operation causes is done when it returns.

mod bound;
mod builder;
mod cache;
mod cause;
mod clock;
#[cfg_attr(not(test), expect(dead_code, reason = "the rewritten storage counts here"))]
mod counters;
#[cfg_attr(not(test), expect(dead_code, reason = "the rewritten cache asks here"))]
mod departures;
mod expiry;
mod flights;
#[cfg_attr(not(test), expect(dead_code, reason = "the rewritten cache asks here"))]
mod lifetimes;
#[expect(dead_code, reason = "the rewritten cache asks here")]
mod listener;
mod load;
mod scan;
mod shard;
mod stats;
mod sync;
#[cfg_attr(not(test), expect(dead_code, reason = "the rewritten cache asks here"))]
mod tags;
#[cfg_attr(not(test), expect(dead_code, reason = "the rewritten cache reads them"))]
mod terms;
mod thread_id;
#[cfg_attr(not(test), expect(dead_code, reason = "the rewritten storage keeps these"))]
mod ticks;

pub use builder::{Builder, Entries, Unbounded, Unweighed, Weighed};
pub use cache::Cache;
pub use cause::Cause;
pub use clock::{Clock, ManualClock};
pub use expiry::Expiry;
/// Lets `&str` find a `String`: implement it to look a key up by another type.
pub use hashbrown::Equivalent;
pub use load::LoadError;
pub use nuthatch_policy::PolicyKind;
pub use scan::Cursor;
pub use stats::{MissCauses, Stats};
pub use terms::Terms;

/// The default hasher: fast, seeded per cache, not meant to withstand an attacker who can observe timing at length.
pub type RandomState = foldhash::fast::RandomState;
