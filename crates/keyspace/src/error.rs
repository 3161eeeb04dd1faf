//! Why a command could not be carried out.

use nuthatch_log::LogError;

/// Why a command could not be carried out. Nothing was changed, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyspaceError {
    /// An increment of something that is not a 64-bit decimal integer.
    #[error("value is not an integer or out of range")]
    NotAnInteger,

    /// An increment of something that is not a decimal number, or by something that is not.
    #[error("value is not a valid float")]
    NotAFloat,

    /// An increment past the ends of 64 bits.
    #[error("increment or decrement would overflow")]
    Overflow,

    /// An increment that would give infinity or no number.
    #[error("increment would produce NaN or Infinity")]
    NotFinite,

    /// The key is longer than a key may be.
    #[error("key of {len} bytes is too long; at most {max} bytes are allowed")]
    KeyTooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },

    /// The value is longer than a value may be.
    #[error("value of {len} bytes is too long; at most {max} bytes are allowed")]
    ValueTooLong {
        /// Bytes the value would have.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },

    /// There is no log, and memory as a whole is smaller than this one value.
    #[error(
        "value of {weight} bytes does not fit the memory of {capacity} bytes; raise --memory or keep a log with --dir"
    )]
    LargerThanMemory {
        /// What the entry would weigh.
        weight: u64,
        /// What memory may hold.
        capacity: u64,
    },

    /// A record of a kind that only a later version writes.
    #[error("the log holds a value of a kind that this version does not know; use the version that wrote it")]
    UnknownKind,

    /// The log could not read or write; `source` says why. A write may or may not have been made durable.
    #[error(transparent)]
    Log(#[from] LogError),
}
