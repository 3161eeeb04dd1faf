//! One pass of a trace through many simulations.

use std::{cmp::Reverse, mem, num::NonZeroUsize, ops::ControlFlow, thread};

use nuthatch_policy::PolicyKind;
use nuthatch_trace::Trace;

use crate::{
    Capacity, Contender, Honour, Row, SimulateError, Unit,
    capacity::Totals,
    crew::{replay_here, replay_on_threads},
    first_pass::{Wanted, first_pass},
    lru_curve::LruCurve,
    progress::{OnProgress, Progress},
    run::Run,
    sample::Sample,
    simulation::Simulation,
    source::{Reading, Source},
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
    details: bool,
    sample: Option<f64>,
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
            details: false,
            sample: None,
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

    /// Whether each row tells all [`details`](Row::details). If not, LRU at many capacities is told from the distances
    /// between requests, which is cheaper and as exact, but knows no scan pollution.
    #[must_use]
    pub const fn details(mut self, details: bool) -> Self {
        self.details = details;
        self
    }

    /// Estimates from the requests for a part of the objects: `0.01` is one in a hundred. More are taken where there are few
    /// objects, and for small capacities, as long as the work stays below a tenth of what it would be without. The trace is
    /// read once, and only requests in the sample are remembered: at 16 bytes each, 16 million at most, or as many as the
    /// rate gives. Shares as capacities still need all objects to be counted, at 24 bytes each.
    #[must_use]
    pub const fn sample(mut self, rate: Option<f64>) -> Self {
        self.sample = rate;
        self
    }

    /// Replays `trace`. The rows are by capacity, then by policy, in the order given; capacities that resolve to the
    /// same and policies named twice come once.
    ///
    /// Shares need a pass before to count objects, and Belady needs one to learn the future, at 4 bytes per request. A
    /// trace from a file is opened again for the second pass; any other is remembered, at 16 bytes per request, or 40 if something
    /// is honoured. Besides that, a replay needs about 40 bytes per distinct object, 4 more per distinct object and
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
        let shares = self.capacities.iter().any(|capacity| matches!(capacity, Capacity::Share(_)));
        if let Some(rate) = self.sample {
            let Some(mut sample) = Sample::draw(trace, rate, reading, shares, &mut progress)? else {
                return Ok(Vec::new());
            };
            return self.replay_sample(&mut sample, &name, &mut progress);
        }
        let wanted = Wanted { totals: shares, future: self.policies.contains(&Contender::Belady) };
        let Some((mut source, totals)) = first_pass(trace, reading, wanted, &mut progress)? else {
            return Ok(Vec::new());
        };
        let capacities = self.resolve(totals)?;
        let placed = capacities.iter().enumerate().map(|(place, (capacity, unit))| (place, *capacity, *unit));
        let runs = self.runs(placed, totals.object_bytes_max);
        let rows = self.replay(&mut source, runs, &name, &mut progress)?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Each capacity in a miniature of its own size, the largest first.
    fn replay_sample(
        &self,
        sample: &mut Sample,
        trace: &str,
        progress: &mut OnProgress<'_>,
    ) -> Result<Vec<Row>, SimulateError> {
        let capacities = self.resolve(sample.totals)?;
        let mut tiers = sample.tiers(&capacities).into_iter().enumerate().collect::<Vec<_>>();
        tiers.sort_by_key(|(place, objects)| (Reverse(*objects), *place));
        let mut rows = Vec::new();
        for tier in tiers.chunk_by(|a, b| a.1 == b.1) {
            let objects = tier[0].1;
            sample.keep(objects);
            let shrunk = tier.iter().map(|(place, _)| {
                let (capacity, unit) = capacities[*place];
                (*place, sample.shrink(capacity, unit, objects), unit)
            });
            let runs = self.runs(shrunk, sample.totals.object_bytes_max);
            let mut source = Source::Memory(mem::take(&mut sample.batch), 0);
            let mut stopped = false;
            let outcome = self.replay(&mut source, runs, trace, &mut |now| {
                let verdict = progress(now);
                stopped |= verdict.is_break();
                verdict
            });
            // A part of a sample is not like the whole: what was not finished is not told.
            if stopped {
                break;
            }
            if let Source::Memory(batch, _) = source {
                sample.batch = batch;
            }
            for (place, mut row) in outcome? {
                sample.enlarge(&mut row, capacities[place].0, objects);
                rows.push((place, row));
            }
        }
        rows.sort_by_key(|(place, _)| *place);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// The rows, each with the place of its capacity, by capacity and then by policy.
    fn replay(
        &self,
        source: &mut Source,
        runs: Vec<Run>,
        trace: &str,
        progress: &mut OnProgress<'_>,
    ) -> Result<Vec<(usize, Row)>, SimulateError> {
        let runs = if self.threads.min(runs.len()) <= 1 {
            replay_here(source, runs, progress)?
        } else {
            replay_on_threads(source, runs, self.threads, progress)?
        };
        let mut rows = runs.iter().flat_map(|run| run.rows(trace)).collect::<Vec<_>>();
        let policy = |row: &Row| self.policies.iter().position(|policy| policy.name() == row.policy);
        rows.sort_by_key(|(place, row)| (*place, policy(row)));
        Ok(rows)
    }

    /// The capacities in whole units, each once.
    fn resolve(&self, totals: Totals) -> Result<Vec<(u64, Unit)>, SimulateError> {
        let mut resolved = Vec::<(u64, Unit)>::new();
        for capacity in &self.capacities {
            let cache = capacity.resolve(self.bytes, totals);
            if cache.0 == 0 {
                return Err(SimulateError::ZeroCapacity { capacity: *capacity });
            }
            if cache.1 == Unit::Bytes && self.policies.contains(&Contender::Sets) {
                return Err(SimulateError::SetsInBytes { capacity: *capacity });
            }
            if !resolved.contains(&cache) {
                resolved.push(cache);
            }
        }
        Ok(resolved)
    }

    /// Every policy at every one of `capacities`, which come with their places. `object_bytes_max` is 0 if it is not known.
    fn runs(&self, capacities: impl Iterator<Item = (usize, u64, Unit)>, object_bytes_max: u64) -> Vec<Run> {
        let mut policies = Vec::<Contender>::new();
        for policy in &self.policies {
            if !policies.contains(policy) {
                policies.push(*policy);
            }
        }
        let mut runs = Vec::new();
        let mut curves = [(Unit::Objects, Vec::new()), (Unit::Bytes, Vec::new())];
        for (place, capacity, unit) in capacities {
            for policy in &policies {
                let holds_all = unit == Unit::Objects || (1..=capacity).contains(&object_bytes_max);
                let curve = curves.iter_mut().find(|curve| curve.0 == unit && holds_all);
                if let (Some((_, curve)), Contender::Online(PolicyKind::Lru)) = (curve, policy) {
                    curve.push((capacity, place));
                } else {
                    runs.push(self.simulation(*policy, capacity, unit, place));
                }
            }
        }
        let told = !self.details && !self.timeline && !self.honour.any();
        for (unit, placed) in curves {
            if told && placed.len() >= LruCurve::CAPACITIES_MIN {
                runs.push(Run::LruCurve(Box::new(LruCurve::new(placed, unit))));
            } else {
                let lru = Contender::Online(PolicyKind::Lru);
                runs.extend(
                    placed.into_iter().map(|(capacity, place)| self.simulation(lru, capacity, unit, place)),
                );
            }
        }
        runs
    }

    fn simulation(&self, policy: Contender, capacity: u64, unit: Unit, place: usize) -> Run {
        let mut simulation = Simulation::new(policy, capacity, unit);
        if self.timeline {
            simulation.keep_timeline();
        }
        Run::One(Box::new(simulation), place)
    }
}
