//! One pass of a trace through many simulations.

use std::{
    mem,
    num::NonZeroUsize,
    ops::ControlFlow,
    panic,
    sync::{Arc, mpsc},
    thread,
};

use nuthatch_policy::Oracle;
use nuthatch_trace::Trace;

use crate::{
    Capacity, Contender, Row, SimulateError, Unit,
    access::Access,
    capacity::Totals,
    future::Future,
    objects::Objects,
    simulation::Simulation,
    source::{Source, TraceSource},
};

/// Accesses that one simulation takes in its turn: 64 KiB, which leaves room in a second-level cache for its state.
const BATCH: usize = 4096;
/// Batches that may wait for a worker, so that decoding and simulating need not keep step.
const BATCHES_WAITING: usize = 4;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Replay {
    policies: Vec<Contender>,
    capacities: Vec<Capacity>,
    bytes: bool,
    limit: Option<u64>,
    threads: usize,
    timeline: bool,
}

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
}

/// A pass over the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Counts distinct objects, of which some capacity is a share, or looks into the future.
    Counting,
    /// Simulates.
    Replaying,
}

/// Is told how far a replay is, and says whether to go on.
type OnProgress<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

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
    /// trace from a file is opened again for the second pass; any other is remembered, at 16 bytes per request. Besides that, a replay needs about 40 bytes per distinct object, 4 more
    /// per distinct object and simulation, and 24 per resident object of a simulation beside what its policy adds.
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
        let Some((mut source, totals)) = self.prepare(trace, &mut progress)? else { return Ok(Vec::new()) };
        let simulations = self.simulations(totals)?;
        let simulations = if self.threads.min(simulations.len()) <= 1 {
            replay_here(&mut source, simulations, &mut progress)?
        } else {
            replay_on_threads(&mut source, simulations, self.threads, &mut progress)?
        };
        Ok(simulations.iter().map(|simulation| simulation.row(&name)).collect())
    }

    /// Counts what there is, if some capacity is a share of it, learns the future, if some policy needs to know it, and
    /// sets the trace to its start. `None` if `progress` does not want to go on.
    fn prepare(
        &self,
        trace: Trace,
        progress: &mut OnProgress<'_>,
    ) -> Result<Option<(Source, Totals)>, SimulateError> {
        let mut future = self.policies.contains(&Contender::Belady).then(Future::default);
        let shares = self.capacities.iter().any(|capacity| matches!(capacity, Capacity::Share(_)));
        if !shares && future.is_none() {
            let source = TraceSource::new(trace, self.limit, Objects::default());
            return Ok(Some((Source::Trace(Box::new(source)), Totals::default())));
        }
        let again = trace.reopen().transpose()?;
        let mut counting = TraceSource::new(trace, self.limit, Objects::default());
        let mut accesses = Vec::new();
        let mut requests = 0;
        loop {
            let known = accesses.len();
            let read = counting.read(&mut accesses, BATCH);
            requests += *read.as_ref().unwrap_or(&0) as u64;
            if progress(Progress::of(Stage::Counting, requests, counting.trace())).is_break() {
                return Ok(None);
            }
            if read? == 0 {
                break;
            }
            if let Some(future) = &mut future
                && !accesses[known..].iter().all(|access| future.observe(access))
            {
                return Err(SimulateError::TooLongForBelady { trace: counting.trace().name().to_owned() });
            }
            if again.is_some() {
                accesses.clear();
            }
        }
        let objects = counting.take_objects();
        let totals = objects.totals();
        if let Some(future) = &mut future {
            future.complete();
        }
        let source = match again {
            Some(again) => {
                let mut source = TraceSource::new(again, self.limit, objects);
                source.foresee(future);
                Source::Trace(Box::new(source))
            }
            None => {
                for (number, access) in accesses.iter_mut().enumerate() {
                    access.next_use =
                        future.as_ref().and_then(|future| future.next_use(number)).unwrap_or(Oracle::NEVER);
                }
                Source::Memory(accesses, 0)
            }
        };
        Ok(Some((source, totals)))
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

impl Progress {
    pub(crate) fn counting(requests: u64, trace: &Trace) -> Self {
        Self::of(Stage::Counting, requests, trace)
    }

    fn of(stage: Stage, requests: u64, trace: &Trace) -> Self {
        Self { stage, requests, position_bytes: trace.position_bytes(), length_bytes: trace.length_bytes() }
    }
}

/// Calls `each` with every batch of `source`, until `progress` breaks.
fn for_each_batch(
    source: &mut Source,
    progress: &mut OnProgress<'_>,
    mut each: impl FnMut(&mut Vec<Access>),
) -> Result<(), SimulateError> {
    let mut batch = Vec::new();
    let mut requests = 0;
    loop {
        batch.clear();
        let read = source.read(&mut batch, BATCH);
        requests += *read.as_ref().unwrap_or(&0) as u64;
        let now = match source {
            Source::Trace(source) => Progress::of(Stage::Replaying, requests, source.trace()),
            Source::Memory(..) => {
                Progress { stage: Stage::Replaying, requests, position_bytes: 0, length_bytes: None }
            }
        };
        if read.is_ok() {
            each(&mut batch);
        }
        if progress(now).is_break() || read? == 0 {
            return Ok(());
        }
    }
}

fn replay_here(
    source: &mut Source,
    mut simulations: Vec<Simulation>,
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Simulation>, SimulateError> {
    for_each_batch(source, progress, |batch| {
        for simulation in &mut simulations {
            simulation.read_all(batch);
        }
    })?;
    Ok(simulations)
}

/// This thread decodes; each worker has its share of the simulations and sees every batch.
fn replay_on_threads(
    source: &mut Source,
    simulations: Vec<Simulation>,
    threads: usize,
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Simulation>, SimulateError> {
    let count = simulations.len();
    let workers = threads.min(count);
    // Dealt like cards: neighbours in the list, with like capacities, are like in cost.
    let mut hands = Vec::from_iter((0..workers).map(|_| Vec::new()));
    for (index, simulation) in simulations.into_iter().enumerate() {
        hands[index % workers].push((index, simulation));
    }
    thread::scope(|scope| {
        let (batches, working): (Vec<_>, Vec<_>) = hands
            .into_iter()
            .map(|mut hand| {
                let (batches, inbox) = mpsc::sync_channel::<Arc<[Access]>>(BATCHES_WAITING);
                let worker = scope.spawn(move || {
                    for batch in inbox {
                        for (_, simulation) in &mut hand {
                            simulation.read_all(&batch);
                        }
                    }
                    hand
                });
                (batches, worker)
            })
            .unzip();
        let outcome = for_each_batch(source, progress, |batch| {
            let batch = Arc::<[Access]>::from(mem::take(batch));
            for worker in &batches {
                // Fails only if the worker panicked, which joining it passes on.
                let _ = worker.send(Arc::clone(&batch));
            }
        });
        drop(batches);
        let mut dealt = Vec::with_capacity(count);
        for worker in working {
            match worker.join() {
                Ok(hand) => dealt.extend(hand),
                Err(panicked) => panic::resume_unwind(panicked),
            }
        }
        outcome?;
        dealt.sort_unstable_by_key(|(index, _)| *index);
        Ok(dealt.into_iter().map(|(_, simulation)| simulation).collect())
    })
}
