//! A cache engine to embed: a concurrent in-memory cache and, behind a feature, a durable log.
//!
//! ```
//! use nuthatch::Cache;
//! use std::time::Duration;
//!
//! let cache = Cache::builder().capacity(100_000).time_to_live(Duration::from_secs(60)).build()?;
//! cache.insert("user:1".to_owned(), "Ada".to_owned());
//! assert_eq!(cache.get("user:1").as_deref(), Some("Ada")); // by `&str`: no `String` is made
//!
//! // One loader per key, however many callers; no lock is held while it runs.
//! let name = cache.get_or_insert_with("user:2", || "Grace".to_owned());
//! assert_eq!((name.as_str(), cache.stats().hits), ("Grace", 1));
//! # Ok::<(), nuthatch::BuildError>(())
//! ```
//!
//! All methods of [`Cache`] take `&self`: share it by reference, in an `Arc` or as a `static`. What a call causes is
//! done when it returns. There is no background thread, unless you ask for [`Maintenance`].
//!
//! # How much is held, and who leaves
//!
//! A cache has a bound, or it does not compile: a number of entries, or a sum of weights. Room is made before an
//! entry comes in, so the bound holds at every moment.
//!
//! ```
//! use nuthatch::{Cache, PolicyKind, Terms};
//!
//! let pages = Cache::builder()
//!     .weight_capacity(1 << 20)
//!     .weigher(|path: &String, page: &String| (path.len() + page.len()) as u64)
//!     .policy(PolicyKind::Lru) // default: one that tunes itself
//!     .build()?;
//! pages.insert_with("/".to_owned(), "front page".to_owned(), &Terms::new().pinned()); // never leaves to make room
//! assert_eq!((pages.weight(), pages.capacity()), (11, 1 << 20));
//! # Ok::<(), nuthatch::BuildError>(())
//! ```
//!
//! There are two [storages](StorageKind), and the builder picks. Large caches bounded by entries with the default
//! policy keep them in sets of sixteen, which is faster and smaller; an entry may leave when its two sets are full,
//! about one in two hundred at four fifths of the capacity. All others are exact: nothing leaves before the cache is full.
//!
//! # Loading
//!
//! [`get_or_insert_with`](Cache::get_or_insert_with) and its kin run one loader per key; other callers wait for its
//! value, threads and tasks alike. If a loader fails, panics or is dropped, a caller who waits loads in its turn. A
//! key that is written or removed while it is loaded does not get the loaded value back.
//!
//! ```
//! use nuthatch::{Cache, LoadError};
//!
//! let ports: Cache<String, u16> = Cache::new(100);
//! let load = |text: &str| ports.try_get_or_insert_with(text, || text.parse());
//! assert_eq!(load("80"), Ok(80));
//! assert!(matches!(load("http"), Err(LoadError::Failed(_)))); // not kept: the next caller tries again
//! ```
//!
//! In tasks: [`get_or_insert_async`](Cache::get_or_insert_async), on any runtime. Many keys by one query:
//! [`get_many_or_insert_with`](Cache::get_many_or_insert_with). [`lookup`](Cache::lookup) waits for nobody and
//! hands out the right to load, to be used wherever you like.
//!
//! # Reading in place, changing in place
//!
//! [`get`](Cache::get) clones. For what is large or cannot be cloned there are a closure and a guard; for changes,
//! one step that nobody comes between:
//!
//! ```
//! use nuthatch::{Cache, Change};
//!
//! let carts: Cache<u32, Vec<&str>> = Cache::new(1_000);
//! carts.insert(7, vec!["nuts"]);
//! assert_eq!(carts.get_with(&7, Vec::len), Some(1));
//! assert_eq!(carts.get_ref(&7).map(|cart| cart[0]), Some("nuts")); // locked until the guard is dropped
//!
//! carts.update(&7, |cart| cart.push("seeds"));
//! carts.entry(8).or_insert_with(Vec::new);
//! carts.compute(7, |cart| if cart.is_some_and(|cart| cart.len() > 1) { Change::Remove } else { Change::Keep });
//! assert!(carts.get(&7).is_none() && carts.contains(&8));
//! ```
//!
//! # Time
//!
//! [`time_to_live`](Builder::time_to_live), [`time_to_idle`](Builder::time_to_idle), a time for [each
//! entry](Terms::ttl), or a [rule](Expiry) that is asked when an entry is created, read and updated; with
//! [`jitter`](Builder::jitter), so that not all expires at once. What is out of date is never returned, swept or
//! not. Entries may be [loaded afresh](Builder::refresh_after_write) before their time is over and
//! [served](Builder::stale_while_revalidate) for a while [after](Builder::stale_if_error). Tests move a
//! [`ManualClock`].
//!
//! ```
//! use nuthatch::{Cache, ManualClock};
//! use std::time::Duration;
//!
//! let time = ManualClock::new();
//! let tokens = Cache::builder().capacity(10).time_to_live(Duration::from_secs(60)).clock(time.clock()).build()?;
//! tokens.insert("ada", "secret");
//! time.advance(Duration::from_secs(60));
//! assert_eq!(tokens.get("ada"), None);
//! # Ok::<(), nuthatch::BuildError>(())
//! ```
//!
//! # Invalidation
//!
//! By key ([`remove`](Cache::remove), [`remove_if`](Cache::remove_if)), by predicate ([`retain`](Cache::retain)),
//! all ([`clear`](Cache::clear)), or by tag, in O(1) for any number of entries:
//!
//! ```
//! use nuthatch::{Cache, Terms};
//!
//! let prices: Cache<&str, u32> = Cache::new(1_000);
//! prices.insert_with("nuts", 3, &Terms::new().tag("shop:7").tag("food"));
//! prices.insert_with("lamp", 9, &Terms::new().tag("shop:7"));
//! prices.invalidate_tag("food");
//! assert_eq!((prices.get("nuts"), prices.get("lamp")), (None, Some(9)));
//! ```
//!
//! # Watching
//!
//! [`stats`](Cache::stats) tells hits, misses by cause, evictions, loads and their time; counting takes no lock. A
//! [`listener`](Builder::listener) is told of each entry that leaves, with the [`Cause`], after all locks were
//! given back. [`approximate_memory`](Cache::approximate_memory) says what the cache itself takes.
//!
//! # What runs while a lock is held
//!
//! `Eq` of keys, `Clone` of values, and closures whose documentation says so: they must be short and must not use
//! the same cache. Hashing, loaders, listeners, and the drops of what leaves run with no lock held. If user code
//! panics, the cache stays in order.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `log`: `nuthatch::log::Log`, a key-value store on append-only segments that survives crashes.
//! - `metrics`: publishes the statistics of caches through the facade of that name.
//! - `snapshot`: takes what a cache holds across a restart, so that it starts warm.
//! - `tracing`: tells what is slow or rare in a cache: a resize, a load that failed.
//!
//! # More
//!
//! In the repository, `docs/guide` grows a cache like this one from a `HashMap` in fourteen small steps,
//! `docs/migrating.md` says what calls of moka, quick_cache, cached and lru become, and `docs/policies.md` compares
//! the policies.

pub use nuthatch_cache::*;

/// The durable log.
#[cfg(feature = "log")]
pub use nuthatch_log as log;

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
mod pages;
