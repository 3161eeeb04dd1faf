//! One pass of a trace through many simulations.

use std::{num::NonZeroUsize, ops::ControlFlow, thread};

use nuthatch_trace::Trace;

use crate::{
    Capacity, Contender, Honour, Row, SimulateError, Unit,
    capacity::Totals,
    crew::{replay_here, replay_on_threads},
    first_pass::{Wanted, first_pass},
    progress::Progress,
    simulation::Simulation,
    source::Reading,
};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Replay {
    policies: Vec<Contender>,
    capacities: Vec<Capacity>,
    bytes: bool,
    limit: Option<u64>,
    threads: usize,
    timeline: bool,
    honour: Honour,
}

impl Replay {
    /// Every policy at every capacity.
    pub fn new(
        policies: impl IntoIterator<Item = impl Into<Contender>>,
        capacities: impl IntoIterator<Item = Capacity>,
    ) -> Self {
        Self {
            policies: policies.into_iter().map(Into::into).collect(),
            capacities: Vec::from_iter(capacities),
            bytes: false,
            limit: None,
            timeline: false,
            honour: Honour::default(),
            threads: thread::available_parallelism().map_or(1, NonZeroUsize::get),
        }
    }

    /// Whether a share such as `5%` is one of the bytes of the distinct objects. It is one of their number otherwise.
    #[must_use]
    pub const fn bytes(mut self, bytes: bool) -> Self {
        self.bytes = bytes;
        self
    }

    /// Stops after so many requests, in shares as well: the rest of the trace does not exist.
    #[must_use]
    pub const fn limit(mut self, limit: Option<u64>) -> Self {
        self.limit = limit;
        self
    }

    /// Simulates on so many threads; at least 1, and all of the machine unless told. With 1 the caller's thread does
    /// everything, which gives the steadiest `seconds`.
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// What is honoured of what requests say beside keys and first sizes; nothing unless told.
    #[must_use]
    pub const fn honour(mut self, honour: Honour) -> Self {
        self.honour = honour;
        self
    }

    /// Whether each row tells the hits over time as well.
    #[must_use]
    pub const fn timeline(mut self, timeline: bool) -> Self {
        self.timeline = timeline;
        self
    }

    /// Replays `trace`. The rows are by capacity, then by policy, in the order given; capacities that resolve to the
    /// same and policies named twice come once.
    ///
    /// Shares need a pass before to count objects, and Belady needs one to learn the future, at 4 bytes per request. A
    /// trace from a file is opened again for the second pass; any other is remembered, at 16 bytes per request, or 40 if something is
    /// honoured. Besides that, a replay needs about 40 bytes per distinct object, 4 more per distinct object and
    /// simulation, and 24 per resident object of a simulation beside what its policy adds.
    ///
    /// # Errors
    ///
    /// [`SimulateError`]: nothing to simulate, or a trace that could not be read to its end. There are no rows then.
    pub fn run(&self, trace: Trace) -> Result<Vec<Row>, SimulateError> {
        self.run_with_progress(trace, |_| ControlFlow::Continue(()))
    }

    /// As [`run`](Self::run); calls `progress` on this thread every few thousand requests.
    ///
    /// Once `progress` breaks, no more is read: the rows are then about the requests up to there. There are none if that
    /// was before the pass that simulates. `progress` is asked as well before an error of the trace is returned, and may
    /// break then: who has to end a read that waits makes it fail.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn run_with_progress(
        &self,
        trace: Trace,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<Row>, SimulateError> {
        let name = trace.name().to_owned();
        if self.policies.is_empty() {
            return Err(SimulateError::NoPolicy);
        }
        if self.capacities.is_empty() {
            return Err(SimulateError::NoCapacity);
        }
        let reading = Reading { limit: self.limit, honour: self.honour };
        let wanted = Wanted {
            totals: self.capacities.iter().any(|capacity| matches!(capacity, Capacity::Share(_))),
            future: self.policies.contains(&Contender::Belady),
        };
        let Some((mut source, totals)) = first_pass(trace, reading, wanted, &mut progress)? else {
            return Ok(Vec::new());
        };
        let simulations = self.simulations(totals)?;
        let simulations = if self.threads.min(simulations.len()) <= 1 {
            replay_here(&mut source, simulations, &mut progress)?
        } else {
            replay_on_threads(&mut source, simulations, self.threads, &mut progress)?
        };
        Ok(simulations.iter().map(|simulation| simulation.row(&name)).collect())
    }

    fn simulations(&self, totals: Totals) -> Result<Vec<Simulation>, SimulateError> {
        let mut resolved = Vec::<(u64, Unit)>::new();
        for capacity in &self.capacities {
            let cache = capacity.resolve(self.bytes, totals);
            if cache.0 == 0 {
                return Err(SimulateError::ZeroCapacity { capacity: *capacity });
            }
            if !resolved.contains(&cache) {
                resolved.push(cache);
            }
        }
        let mut policies = Vec::<Contender>::new();
        for policy in &self.policies {
            if !policies.contains(policy) {
                policies.push(*policy);
            }
        }
        let each = resolved.iter().flat_map(|(capacity, unit)| {
            policies.iter().map(|policy| Simulation::new(*policy, *capacity, *unit))
        });
        let mut simulations = Vec::from_iter(each);
        if self.timeline {
            simulations.iter_mut().for_each(Simulation::keep_timeline);
        }
        Ok(simulations)
    }
}
