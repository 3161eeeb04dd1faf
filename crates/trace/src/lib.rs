//! Readers for cache traces, in the formats that they are published in, writers for the simple ones of these, and
//! [`workload`]s that are made up.
//!
//! A [`Trace`] streams [`Request`]s from a file, standard input or any reader, plain or compressed with gzip, xz, zstd or
//! bzip2. It holds a few hundred kilobytes of the file at a time, whatever its length.
//!
//! ```
//! use nuthatch_trace::{Format, Trace};
//!
//! let trace = Trace::from_reader("example", &b"alpha\nbeta\nalpha\n"[..], Format::Keys)?;
//! let keys = trace.map(|request| Ok(request?.key)).collect::<Result<Vec<_>, nuthatch_trace::TraceError>>()?;
//! assert_eq!(keys.len(), 3);
//! assert_eq!(keys[0], keys[2]);
//! # Ok::<(), nuthatch_trace::TraceError>(())
//! ```
//!
//! The way of the bytes: `compression` unpacks, `input` buffers, `lines` or `records` cut, a file in `formats` reads
//! what was cut, [`Trace`] hands it out. A [`Writer`] goes the other way, through `write`.

mod columns;
mod compression;
mod detect;
mod error;
mod format;
mod formats;
mod input;
mod key;
mod lines;
mod op;
mod options;
mod records;
mod skipped;
mod trace;
pub mod workload;
mod write;

pub use columns::{Columns, InvalidColumns};
pub use compression::Compression;
pub use error::TraceError;
pub use format::{Format, UnknownFormat};
pub use options::Options;
pub use skipped::Skipped;
pub use trace::Trace;
pub use write::{Losses, Packer, WriteError, Writer};

/// One access to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Which object. Numbers keep their value; any other text becomes a hash with a fixed seed, the same on every run.
    pub key: u64,
    /// Bytes of the object as this request states them; 1 in formats that know no sizes, and 0 where the trace says 0.
    pub size: u64,
    /// What is done to it; a read in formats that do not say.
    pub op: Op,
    /// How long what is stored lives, in seconds; `None` for ever, or where the trace does not say.
    pub ttl_s: Option<u32>,
    /// When, in microseconds since an origin of the trace's own; `None` in formats without time.
    pub time_us: Option<u64>,
}

/// What a request does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Op {
    /// Reads the object; a cache fills itself on a miss.
    #[default]
    Read,
    /// Stores the object, held or not.
    Write,
    /// Removes the object.
    Delete,
}

impl Request {
    /// A read of `size` bytes of `key`, without time.
    #[must_use]
    pub const fn new(key: u64, size: u64) -> Self {
        Self { key, size, op: Op::Read, ttl_s: None, time_us: None }
    }
}
