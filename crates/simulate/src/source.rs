//! Where accesses come from: a trace, or the memory of one.

use std::mem;

use nuthatch_policy::Oracle;
use nuthatch_trace::{Op, Request, Trace};

use crate::{
    Honour, SimulateError,
    access::{Access, Batch, Terms},
    future::Future,
    objects::Objects,
    progress::Ignored,
};

/// What of a trace is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// So many requests at most.
    pub(crate) limit: Option<u64>,
    pub(crate) honour: Honour,
}

pub(crate) enum Source {
    Trace(Box<TraceSource>),
    /// All accesses of a trace that cannot be read twice, and how many of them were handed out.
    Memory(Batch, usize),
}

impl Source {
    /// Appends the next accesses, at most `max`; none at the end. Returns how many.
    pub(crate) fn read(&mut self, batch: &mut Batch, max: usize) -> Result<usize, SimulateError> {
        match self {
            Self::Trace(trace) => trace.read(batch, max),
            Self::Memory(all, used) => {
                let end = all.accesses.len().min(*used + max);
                batch.accesses.extend_from_slice(&all.accesses[*used..end]);
                batch.terms.extend_from_slice(all.terms.get(*used..end).unwrap_or_default());
                Ok(end - mem::replace(used, end))
            }
        }
    }
}

/// Reads a trace as accesses.
pub(crate) struct TraceSource {
    trace: Trace,
    honour: Honour,
    requests: Vec<Request>,
    /// How many requests are still wanted.
    left: u64,
    objects: Objects,
    /// What an earlier pass found out of each request's next use, and how much of it was handed out.
    future: Option<(Future, usize)>,
    ignored: Ignored,
}

impl TraceSource {
    /// `objects` may be those of an earlier pass, whose numbers then hold.
    pub(crate) fn new(trace: Trace, reading: Reading, objects: Objects) -> Self {
        Self {
            trace,
            honour: reading.honour,
            requests: Vec::new(),
            left: reading.limit.unwrap_or(u64::MAX),
            objects,
            future: None,
            ignored: Ignored::default(),
        }
    }

    /// Accesses carry their next uses, which an earlier pass over the same requests found out.
    pub(crate) fn foresee(&mut self, future: Option<Future>) {
        self.future = future.map(|future| (future, 0));
    }

    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What the requests so far said that was not honoured.
    pub(crate) const fn ignored(&self) -> Ignored {
        self.ignored
    }

    pub(crate) fn read(&mut self, batch: &mut Batch, max: usize) -> Result<usize, SimulateError> {
        let wanted = usize::try_from(self.left).map_or(max, |left| left.min(max));
        self.trace.read_batch(&mut self.requests, wanted)?;
        self.left -= self.requests.len() as u64;
        let before = batch.accesses.len();
        batch.accesses.reserve(self.requests.len());
        let numbered = if self.honour.ops {
            let each = self.requests.iter().map_while(|request| self.objects.access_with_op(request));
            batch.accesses.extend(each);
            batch.accesses.len() == before + self.requests.len()
        } else {
            self.objects.append(&self.requests, &mut batch.accesses)
        };
        if !numbered {
            return Err(SimulateError::TooManyObjects { trace: self.trace.name().to_owned() });
        }
        for request in &self.requests {
            note_ignored(&mut self.ignored, request, self.honour);
        }
        if self.honour.any() {
            batch.terms.extend(self.requests.iter().map(|request| terms(request, self.honour)));
        }
        if let Some((future, used)) = &mut self.future {
            for access in &mut batch.accesses[before..] {
                // A file that grew in between: of what is new nothing is known.
                access.next_use = future.next_use(*used).unwrap_or(Oracle::NEVER);
                *used += 1;
            }
        }
        Ok(self.requests.len())
    }

    pub(crate) fn take_objects(&mut self) -> Objects {
        let mut objects = mem::take(&mut self.objects);
        objects.rewind();
        objects
    }
}

/// What a request means, as far as it is honoured; `None` if no object can be numbered any more.
pub(crate) fn access(objects: &mut Objects, request: &Request, honour: Honour) -> Option<Access> {
    if honour.ops { objects.access_with_op(request) } else { objects.access(request) }
}

pub(crate) fn note_ignored(ignored: &mut Ignored, request: &Request, honour: Honour) {
    ignored.ttls += u64::from(request.ttl_s.is_some() && !(honour.ttl && request.time_us.is_some()));
    if !honour.ops {
        ignored.writes += u64::from(request.op == Op::Write);
        ignored.deletes += u64::from(request.op == Op::Delete);
    }
}

pub(crate) fn terms(request: &Request, honour: Honour) -> Terms {
    let op = if honour.ops { request.op } else { Op::Read };
    match (request.time_us, request.ttl_s) {
        (Some(time_us), ttl_s) if honour.ttl => {
            let ttl_us = ttl_s.map_or(Terms::FOR_EVER, |ttl_s| u64::from(ttl_s) * 1_000_000);
            Terms { op, time_us, ttl_us }
        }
        _ => Terms { op, time_us: 0, ttl_us: Terms::FOR_EVER },
    }
}
