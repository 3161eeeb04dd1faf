//! Why a replay could not run.

use nuthatch_policy::PolicyKind;
use nuthatch_trace::TraceError;

use crate::Capacity;

/// Why a replay could not run or finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The trace could not be read.
    #[error(transparent)]
    Trace(#[from] TraceError),

    /// No policy was named.
    #[error("no policy to simulate; name one of {}", PolicyKind::ALL.map(PolicyKind::name).join(", "))]
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
    #[error("{trace}: more than 4294967295 distinct objects; replay less of it with a limit")]
    TooManyObjects {
        /// The trace's name.
        trace: String,
    },
}
