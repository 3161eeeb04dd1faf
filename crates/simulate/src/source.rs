//! Where accesses come from: a trace, or the memory of one.

use std::mem;

use nuthatch_policy::Oracle;
use nuthatch_trace::{Request, Trace};

use crate::{SimulateError, access::Access, future::Future, objects::Objects};

pub(crate) enum Source {
    Trace(Box<TraceSource>),
    /// All accesses of a trace that cannot be read twice, and how many of them were handed out.
    Memory(Vec<Access>, usize),
}

impl Source {
    /// Appends the next accesses, at most `max`; none at the end. Returns how many.
    pub(crate) fn read(&mut self, batch: &mut Vec<Access>, max: usize) -> Result<usize, SimulateError> {
        match self {
            Self::Trace(trace) => trace.read(batch, max),
            Self::Memory(accesses, used) => {
                let end = accesses.len().min(*used + max);
                batch.extend_from_slice(&accesses[*used..end]);
                Ok(end - mem::replace(used, end))
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
    /// What an earlier pass found out of each request's next use, and how much of it was handed out.
    future: Option<(Future, usize)>,
}

impl TraceSource {
    /// `objects` may be those of an earlier pass, whose numbers then hold.
    pub(crate) const fn new(trace: Trace, limit: Option<u64>, objects: Objects) -> Self {
        let left = match limit {
            Some(limit) => limit,
            None => u64::MAX,
        };
        Self { trace, requests: Vec::new(), left, objects, future: None }
    }

    /// Accesses carry their next uses, which an earlier pass over the same requests found out.
    pub(crate) fn foresee(&mut self, future: Option<Future>) {
        self.future = future.map(|future| (future, 0));
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
        if let Some((future, used)) = &mut self.future {
            let new = batch.len() - self.requests.len();
            for access in &mut batch[new..] {
                // A file that grew in between: of what is new nothing is known.
                access.next_use = future.next_use(*used).unwrap_or(Oracle::NEVER);
                *used += 1;
            }
        }
        Ok(self.requests.len())
    }

    pub(crate) fn take_objects(&mut self) -> Objects {
        mem::take(&mut self.objects)
    }
}
