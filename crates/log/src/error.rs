//! What can go wrong, where, and the way out.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{BATCH_BYTES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX, format::VERSION};

/// Why the log could not open, read or write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The directory cannot be created, listed or written.
    #[error(
        "cannot use {} as a log directory; make it writable for this user or choose another",
        path.display()
    )]
    Directory {
        /// The directory, or the file in it that could not be made.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// Another `Log`, in this process or another, holds the directory.
    #[error(
        "{} is in use by {}; stop it or choose another directory",
        dir.display(),
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The process that holds it, if it has said so.
        pid: Option<u32>,
    },

    /// A write or a sync failed. The log is poisoned from here on. Whether the write that got this error is found after
    /// reopening is not known.
    #[error("cannot write {}; make room or mend the disk, then reopen the log", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The disk is full, so the log takes no writes until there is room; reads go on. Whether the write that got this error
    /// is found later is not known: it is kept in memory and written as soon as there is room.
    #[error("no room to write {}; make room on the disk, then go on: the log need not be reopened", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },

    /// The operating system could not read stored bytes.
    #[error("cannot read {}; check the disk, then try again", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// Stored bytes are not what was written there.
    #[error(
        "{}: damaged at byte {offset}; restore a copy, or keep what is readable with \
         `nuthatch log repair {}` (Options::salvage)",
        path.display(),
        directory_of(path)
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the first bytes lie that fail their checks.
        offset: u64,
    },

    /// A segment that must be there is not.
    #[error(
        "{} is missing; put it back, or keep what is readable with `nuthatch log repair {}` (Options::salvage)",
        path.display(),
        directory_of(path)
    )]
    MissingSegment {
        /// The segment.
        path: PathBuf,
    },

    /// Another version of Nuthatch wrote this segment.
    #[error(
        "{}: format version {version}, of which this program knows nothing (it reads and writes version {VERSION}); \
         use the release of Nuthatch that wrote it",
        path.display()
    )]
    UnsupportedVersion {
        /// The segment.
        path: PathBuf,
        /// Its version.
        version: u32,
    },

    /// There are too many segments.
    #[error(
        "the log takes up to {max} stretches of 64 MiB; have it make longer segments (Options::segment_bytes) or trim it"
    )]
    TooManySegments {
        /// How many there may be. A segment takes one for each 64 MiB that it has begun.
        max: u32,
    },

    /// The key is too long.
    #[error("a key of {bytes} bytes: the log takes up to {KEY_BYTES_MAX}")]
    KeyLength {
        /// Its length.
        bytes: usize,
    },

    /// The value is too long.
    #[error("a value of {bytes} bytes: the log takes up to {VALUE_BYTES_MAX}")]
    ValueLength {
        /// Its length.
        bytes: usize,
    },

    /// The batch is too long.
    #[error("a batch of {bytes} bytes: the log takes up to {BATCH_BYTES_MAX}; split it")]
    BatchLength {
        /// Its length as stored.
        bytes: u64,
    },

    /// An earlier write or sync failed, so nothing newer can be promised. Reads go on.
    #[error(
        "the log is read-only since a write of {} failed; make room or mend the disk, then reopen it",
        path.display()
    )]
    Poisoned {
        /// The file whose write failed.
        path: PathBuf,
        /// The first failure.
        source: Arc<io::Error>,
    },

    /// The log was closed or dropped while a commit was awaited, and the commit's outcome is not known.
    #[error("the log was closed before the commit was known")]
    Closed,

    /// The log was cleared while a snapshot was read, and what was in it is gone.
    #[error("the log was cleared while a snapshot of it was read; take another")]
    Cleared,

    /// A background thread could not be started.
    #[error("cannot start a thread of the log; raise the limit on threads")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
}

fn directory_of(path: &Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}
