//! Redis values, expiry and commands as plain functions over a bounded memory and, if wanted, a durable log.
//!
//! ```
//! use nuthatch_keyspace::{Keyspace, Options, SetOptions};
//!
//! let keyspace = Keyspace::in_memory(&Options::default());
//! keyspace.set(b"visits", b"41", SetOptions::default())?;
//! assert_eq!(keyspace.increment_by(b"visits", 1)?, 42);
//! # Ok::<(), nuthatch_keyspace::KeyspaceError>(())
//! ```
//!
//! With a log, memory is a cache of it: what memory evicts is read back when it is asked for. Every write of a key
//! happens under that key's stripe, log first, then memory, so that both agree on which write came last; a read that
//! finds its value in memory takes no stripe.
//!
//! A write is acknowledged in two steps, so that a server can let one `fdatasync` serve many: the function returns once
//! the write is in the log's buffer and visible to readers, and [`Keyspace::committed`] completes once it survives what
//! the log's sync mode says it survives.

mod decimal;
mod error;
mod glob;
mod keys;
mod keyspace;
mod numbers;
mod strings;
mod stripes;
mod value;

pub use error::KeyspaceError;
pub use glob::glob_matches;
pub use keys::{ScanPage, Ttl};
pub use keyspace::{Bound, ENTRY_OVERHEAD, Keyspace, KeyspaceStats, Options};
pub use strings::{SetCondition, SetExpiry, SetOptions, SetOutcome};
pub use value::Value;
