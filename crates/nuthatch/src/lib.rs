//! A cache engine to embed: a concurrent in-memory cache and, behind a feature, a durable log.
//!
//! ```
//! use nuthatch::Cache;
//! use std::time::Duration;
//!
//! let cache = Cache::builder().capacity(100_000).time_to_live(Duration::from_secs(60)).build().unwrap();
//! cache.insert("user:1".to_owned(), "Ada".to_owned());
//! assert_eq!(cache.get("user:1").as_deref(), Some("Ada"));
//!
//! // One loader per key, however many callers; no lock is held while it runs.
//! let name = cache.get_or_insert_with("user:2", || "Grace".to_owned());
//! assert_eq!((name.as_str(), cache.stats().hits), ("Grace", 1));
//! ```
//!
//! Features: `log` adds [`log::Log`], a key-value store on append-only segments that survives crashes; `metrics` publishes
//! the statistics of caches through the facade of that name.

pub use nuthatch_cache::{
    BuildError, Builder, Cache, Cause, Clock, Cursor, Equivalent, Expiry, LoadError, Maintenance,
    ManualClock, MissCauses, Policy, PolicyKind, RandomState, ResizeError, Stats, StorageKind, Terms,
};
/// The states of a [`Builder`], by which it knows whether it can be built.
pub use nuthatch_cache::{Entries, Unbounded, Unweighed, Weighed};

#[cfg(feature = "metrics")]
pub use nuthatch_cache::describe_metrics;

/// The durable log.
#[cfg(feature = "log")]
pub use nuthatch_log as log;

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
mod pages;
