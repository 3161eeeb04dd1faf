//! Where accesses come from: a trace, or the memory of one.

use std::mem;

use nuthatch_trace::{Request, Trace, TraceError};

use crate::{
    access::{Access, mix},
    distinct::Distinct,
};

pub(crate) enum Source {
    Trace(Box<TraceSource>),
    /// All accesses of a trace that cannot be read twice, in reverse order.
    Memory(Vec<Access>),
}

impl Source {
    /// Appends the next accesses, at most `max`; none at the end. Returns how many.
    pub(crate) fn read(&mut self, batch: &mut Vec<Access>, max: usize) -> Result<usize, TraceError> {
        match self {
            Self::Trace(trace) => trace.read(batch, max),
            Self::Memory(reversed) => {
                let before = batch.len();
                batch.extend(reversed.drain(reversed.len().saturating_sub(max)..).rev());
                Ok(batch.len() - before)
            }
        }
    }
}

/// Reads a trace as accesses.
pub(crate) struct TraceSource {
    trace: Trace,
    requests: Vec<Request>,
    /// How many requests are still wanted.
    left: u64,
    /// First sizes, if anybody asks for sizes.
    distinct: Option<Distinct>,
}

impl TraceSource {
    pub(crate) const fn new(trace: Trace, limit: Option<u64>, distinct: Option<Distinct>) -> Self {
        let left = match limit {
            Some(limit) => limit,
            None => u64::MAX,
        };
        Self { trace, requests: Vec::new(), left, distinct }
    }

    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn read(&mut self, batch: &mut Vec<Access>, max: usize) -> Result<usize, TraceError> {
        let wanted = usize::try_from(self.left).map_or(max, |left| left.min(max));
        self.trace.read_batch(&mut self.requests, wanted)?;
        self.left -= self.requests.len() as u64;
        let accesses =
            self.requests.iter().map(|request| Access { hash: mix(request.key), bytes: request.size.max(1) });
        match &mut self.distinct {
            None => batch.extend(accesses),
            Some(distinct) => batch.extend(accesses.map(|access| distinct.first(access))),
        }
        Ok(self.requests.len())
    }

    /// The distinct objects among what was read, if they were asked for.
    pub(crate) fn take_distinct(&mut self) -> Distinct {
        mem::take(&mut self.distinct).unwrap_or_default()
    }
}
