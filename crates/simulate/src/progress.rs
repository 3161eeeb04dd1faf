//! How far a replay is.

use std::ops::ControlFlow;

use nuthatch_trace::Trace;

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Which pass over the trace this is.
    pub stage: Stage,
    /// Requests read in this pass.
    pub requests: u64,
    /// Bytes of the file, packed as it is, read in this pass.
    pub position_bytes: u64,
    /// Bytes of the file, packed as it is; `None` if the trace is no file.
    pub length_bytes: Option<u64>,
    /// What the requests of this pass say that goes unheeded.
    pub ignored: Ignored,
}

/// A pass over the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Counts distinct objects, of which some capacity is a share, or looks into the future.
    Counting,
    /// Simulates.
    Replaying,
}

/// What requests say that a replay does not [honour](crate::Honour).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ignored {
    /// Requests with a time to live.
    pub ttls: u64,
    /// Requests that write, taken for reads.
    pub writes: u64,
    /// Requests that delete, taken for reads.
    pub deletes: u64,
}

impl Ignored {
    /// The larger counts of both: what is known after two passes over the same requests.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            ttls: self.ttls.max(other.ttls),
            writes: self.writes.max(other.writes),
            deletes: self.deletes.max(other.deletes),
        }
    }
}

/// Is told how far a replay is, and says whether to go on.
pub(crate) type OnProgress<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

impl Progress {
    pub(crate) fn of(stage: Stage, requests: u64, trace: &Trace, ignored: Ignored) -> Self {
        Self {
            stage,
            requests,
            position_bytes: trace.position_bytes(),
            length_bytes: trace.length_bytes(),
            ignored,
        }
    }
}
