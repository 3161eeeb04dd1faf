//! Why a snapshot cannot be written or read.

use std::{fmt, io, path::PathBuf};

/// Why a snapshot could not be written, or not be restored. After an error of a restore, nothing of the snapshot is held.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// What the snapshot was to be written to refused.
    Write {
        /// Why.
        source: io::Error,
    },
    /// What the snapshot was to be read from refused.
    Read {
        /// Why.
        source: io::Error,
    },
    /// The operating system refused something about a file.
    File {
        /// What was attempted: `create`, `sync`, `rename`, `open`.
        attempt: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This does not begin as a snapshot does.
    Foreign,
    /// The snapshot is of a version of the format that is not known here.
    Version {
        /// The version that it says it is of.
        found: u32,
        /// The version that is known.
        known: u32,
    },
    /// The snapshot is cut off, or bytes of it are not those that were written.
    Damaged {
        /// Where the block begins that is damaged, in bytes from the start.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An entry, its key and value encoded, is longer than 4 GiB less a little.
    TooLong {
        /// The length of the block that it would be in.
        bytes: u64,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { .. } => write!(f, "cannot write the snapshot"),
            Self::Read { .. } => write!(f, "cannot read the snapshot"),
            Self::File { attempt, path, .. } => {
                write!(f, "{}: cannot {attempt} the snapshot", path.display())
            }
            Self::Foreign => write!(f, "not a snapshot of a cache: its first bytes are not NUTHSNAP"),
            Self::Version { found, known } => write!(
                f,
                "the snapshot is of version {found} of the format, and only {known} is known here: start cold, or \
                 restore it with the release that wrote it"
            ),
            Self::Damaged { offset, problem } => write!(
                f,
                "the snapshot is damaged in the block at byte {offset}: {problem}; nothing of it was restored: start \
                 cold, or restore an older one"
            ),
            Self::TooLong { bytes } => write!(
                f,
                "an entry is too long for a snapshot: its block would be of {bytes} bytes, and 4 GiB is the most; \
                 encode it shorter"
            ),
        }
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write { source } | Self::Read { source } | Self::File { source, .. } => Some(source),
            Self::Foreign | Self::Version { .. } | Self::Damaged { .. } | Self::TooLong { .. } => None,
        }
    }
}
