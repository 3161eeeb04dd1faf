//! Why a replay could not run.

use nuthatch_trace::TraceError;

use crate::{Capacity, contender::spellings};

/// Why a replay could not run or finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The trace could not be read.
    #[error(transparent)]
    Trace(#[from] TraceError),

    /// No policy was named.
    #[error("no policy to simulate; name one of {}", spellings())]
    NoPolicy,

    /// No capacity was named.
    #[error("no capacity to simulate; name one or several, such as 1000, 5% or 64MiB")]
    NoCapacity,

    /// A capacity holds nothing.
    #[error("capacity \"{capacity}\" holds nothing; give at least 1")]
    ZeroCapacity {
        /// As given.
        capacity: Capacity,
    },

    /// A trace holds more distinct objects than can be numbered.
    #[error("{trace}: more than 2147483632 distinct objects; replay less of it with a limit")]
    TooManyObjects {
        /// The trace's name.
        trace: String,
    },

    /// A trace holds more requests than Belady can look ahead.
    #[error(
        "{trace}: more than 4294967294 requests, beyond which Belady does not look; leave it out or set a limit"
    )]
    TooLongForBelady {
        /// The trace's name.
        trace: String,
    },

    /// The storage of sets counts entries, and a capacity is in bytes.
    #[error(
        "sets hold a number of entries, and {capacity} is in bytes; give a number, such as 1000 or 5%, or leave out sets"
    )]
    SetsInBytes {
        /// As given.
        capacity: Capacity,
    },
}
