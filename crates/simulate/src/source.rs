//! Where accesses come from: a trace, or the memory of one.

use std::mem;

use nuthatch_trace::{Request, Trace};

use crate::{SimulateError, access::Access, objects::Objects};

pub(crate) enum Source {
    Trace(Box<TraceSource>),
    /// All accesses of a trace that cannot be read twice, in reverse order.
    Memory(Vec<Access>),
}

impl Source {
    /// Appends the next accesses, at most `max`; none at the end. Returns how many.
    pub(crate) fn read(&mut self, batch: &mut Vec<Access>, max: usize) -> Result<usize, SimulateError> {
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
    objects: Objects,
}

impl TraceSource {
    /// `objects` may be those of an earlier pass, whose numbers then hold.
    pub(crate) const fn new(trace: Trace, limit: Option<u64>, objects: Objects) -> Self {
        let left = match limit {
            Some(limit) => limit,
            None => u64::MAX,
        };
        Self { trace, requests: Vec::new(), left, objects }
    }

    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn read(&mut self, batch: &mut Vec<Access>, max: usize) -> Result<usize, SimulateError> {
        let wanted = usize::try_from(self.left).map_or(max, |left| left.min(max));
        self.trace.read_batch(&mut self.requests, wanted)?;
        self.left -= self.requests.len() as u64;
        batch.reserve(self.requests.len());
        for request in &self.requests {
            let Some(access) = self.objects.access(request) else {
                return Err(SimulateError::TooManyObjects { trace: self.trace.name().to_owned() });
            };
            batch.push(access);
        }
        Ok(self.requests.len())
    }

    pub(crate) fn take_objects(&mut self) -> Objects {
        mem::take(&mut self.objects)
    }
}
