//! A durable key-value store on append-only segments: checksums, group commit, recovery, bounded space.
//!
//! A [`Log`] is a directory. Every put and delete is a record at the end of the newest file (a segment); a table in
//! memory, the keydir, says where each key's newest record is. A read is one look into that table and one `pread`.
//!
//! ```
//! use nuthatch_log::{Batch, Log, Options, SyncMode};
//!
//! # fn main() -> Result<(), nuthatch_log::LogError> {
//! # let tmp = tempfile::tempdir().unwrap();
//! # let dir = tmp.path().join("seeds");
//! let (log, recovery) = Log::open(&dir, Options::new().sync(SyncMode::Always))?;
//! assert_eq!(recovery.keys, 0);
//!
//! let mut batch = Batch::new(); // all of it survives a crash, or none of it
//! batch.put(b"oak", b"acorn", None)?;
//! batch.put(b"hazel", b"nut", Some(4_102_444_800_000))?; // expires in 2100: unix time in milliseconds
//! let lsn = log.append(&batch)?; // readable at once ...
//! log.commit(lsn)?; // ... and on disk from here on; `log.committed(lsn).await` is its async twin
//!
//! let entry = log.get(b"hazel")?.expect("just put");
//! assert_eq!((entry.value.as_slice(), entry.expires_at), (&b"nut"[..], Some(4_102_444_800_000)));
//! log.close()
//! # }
//! ```
//!
//! # What is promised
//!
//! | [`SyncMode`] | [`Log::commit`] returns after | survives |
//! |---|---|---|
//! | `Never` | `write()` to the segment | a crash of the process |
//! | `EverySec` | `write()` to the segment | a crash of the process; at most one second is lost in a power cut |
//! | `Always` | `fdatasync` of the group that holds it | a power cut |
//!
//! Bytes that fail their checksum are never returned as a value and never reported as "not found": they are
//! [`LogError::Damaged`]. After a failed write or sync the log is poisoned: it refuses every further write, because
//! what the disk holds is no longer known, and goes on to serve reads. Reopen it to recover.
//!
//! # What it costs
//!
//! **About eleven bytes of memory per key**, however long the key and the value: the keydir holds bits of hashes and
//! places, and asks the record whose it is. So a write to a key that is there reads that key's old record first (some hundred
//! bytes, outside of any lock), and what a key costs to look at without its value is a read as well.
//!
//! On disk an entry takes 32 bytes beside key and value, and up to seven more. Overwritten and deleted records are dead bytes; once
//! they exceed half of all bytes (see [`Options::dead_percent_max`]) segments are rewritten without them. The disk holds at most four
//! times what is live then, and three segments. With `Always` the newest segment's file is up to 1 MiB longer than what
//! is in it. Every segment keeps one file descriptor open.
//!
//! # What it does not do
//!
//! * Expiry is data here. `get`, `meta` and `scan` return entries whose time has passed; the caller, who owns the
//!   clock, decides, and may call [`Log::forget_expired`]. Only reopening and compaction drop expired records, by
//!   [`Options::clock`].
//! * A batch is atomic across a crash. It is not isolated: a concurrent reader may see its first keys before its last.
//! * Damage behind the last place that a later write found on disk cannot be told from writes that a crash cut short: it
//!   is truncated and counted in [`Recovery::torn_bytes`]. After a clean end there is no such place but the mark of that end;
//!   after a crash it is one group of commits with `Always`, and what was written since the last sync otherwise.
//!
//! The bytes on disk are described in [`format`](mod@format).

mod append;
mod batch;
mod checksum;
mod clear;
mod commit;
mod compact;
mod directory;
mod engine;
mod error;
pub mod format;
mod hint;
mod hints;
mod judge;
mod keydir;
mod locks;
mod log;
mod options;
mod poison;
mod probe;
mod read;
mod reader;
mod recovery;
mod repair;
mod replay;
mod resync;
mod segment;
mod snapshot;
mod space;
mod trim;
pub mod vfs;
mod victims;
mod window;
mod write;

pub use batch::{BATCH_BYTES_MAX, Batch, KEY_BYTES_MAX, VALUE_BYTES_MAX};
#[cfg(feature = "simulated")]
pub use checksum::without_checksums;
pub use commit::Committed;
pub use error::LogError;
pub use format::Lsn;
pub use log::{Conflict, Entry, Keyed, Log, Meta, Stats};
pub use options::{Options, SyncMode};
pub use recovery::{LostRange, Recovery};
pub use snapshot::Snapshot;

/// What every fallible call of this crate returns.
pub type Result<T, E = LogError> = std::result::Result<T, E>;
