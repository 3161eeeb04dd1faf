//! Time per operation and operations per second, subjects taking turns.

use crate::{
    area_cache::{
        field::Field,
        work::{Course, Rig, Turn, Work},
    },
    effort::Effort,
    report::{Better, Measure, Report, Role, Sample},
    stream::Stream,
};

/// A question about speed.
pub(crate) struct Question<'a, S: Stream> {
    pub(crate) name: &'a str,
    pub(crate) work: Work,
    pub(crate) stream: &'a S,
    pub(crate) threads: &'a [usize],
}

impl<S: Stream> Question<'_, S> {
    pub(crate) fn is_wanted(&self, report: &Report) -> bool {
        self.threads.iter().any(|threads| {
            ["cpu", "throughput"].iter().any(|kind| report.wants(&self.measure_name(kind, *threads)))
        })
    }

    /// Asks every cache of `field`, at each number of threads.
    pub(crate) fn ask(&self, field: &Field<S>, effort: Effort, report: &mut Report) {
        for threads in self.threads {
            let names = ["cpu", "throughput"].map(|kind| self.measure_name(kind, *threads));
            if !names.iter().any(|name| report.wants(name)) {
                continue;
            }
            let mut samples = self.take_turns(field, *threads, effort);
            if self.work == Work::Get {
                leave_out_who_misses(&mut samples);
            }
            let [cpu, throughput] = names;
            report.add(&measure(cpu, "ns/op", Better::Lower, &samples, nanos_per_operation));
            report.add(&measure(throughput, "Mops/s", Better::Higher, &samples, mega_operations_per_second));
        }
        self.name_who_cannot(field, report);
    }

    fn measure_name(&self, kind: &str, threads: usize) -> String {
        format!("{}-{kind}-{threads}t", self.name)
    }

    fn can_be_asked(&self, loads: bool) -> bool {
        loads || self.work != Work::GetOrInsertWith
    }

    fn name_who_cannot(&self, field: &Field<S>, report: &mut Report) {
        let cannot = field.entrants.iter().filter(|entrant| !self.can_be_asked(entrant.contender.loads));
        let names = cannot.map(|entrant| entrant.contender.name).collect::<Vec<_>>();
        if self.is_wanted(report) && !names.is_empty() {
            let names = names.join(", ");
            report.note(&format!(
                "not asked for {}, for want of a blocking call that loads once: {names}",
                self.name
            ));
        }
    }

    /// The turns of each cache. All see the same part of the stream in the same round.
    fn take_turns(&self, field: &Field<S>, threads: usize, effort: Effort) -> Vec<(Sample, Vec<Turn>)> {
        let entrants = field.entrants.iter().filter(|entrant| self.can_be_asked(entrant.contender.loads));
        let entrants = entrants.collect::<Vec<_>>();
        let course = Course {
            work: self.work,
            stream: self.stream,
            threads,
            start: 0,
            warm_up: 0,
            operations: effort.operations * threads.min(CORES) / threads,
        };
        let lengths = entrants.iter().map(|entrant| operations(entrant.rig.as_ref(), &course, effort));
        let lengths = lengths.collect::<Vec<usize>>();
        let mut turns = vec![Vec::new(); entrants.len()];
        for round in 0..effort.rounds {
            for ((entrant, operations), turns) in entrants.iter().zip(&lengths).zip(&mut turns) {
                let start = round * course.operations;
                let (warm_up, operations) = (operations / WARM_UP_SHARE, *operations);
                let course = Course { start, warm_up, operations, ..course };
                turns.push(calmest_turn(entrant.rig.as_ref(), &course, effort.attempts));
            }
        }
        entrants.iter().map(|entrant| entrant.contender.sample()).zip(turns).collect()
    }
}

/// More threads than this share one turn's operations: two cores is what the figures are compared on.
const CORES: usize = 2;
/// Unmeasured operations before a turn, in parts of the turn.
const WARM_UP_SHARE: usize = 8;
/// Operations that tell how long a turn would take, and the least that a turn consists of.
const PROBE: usize = 1 << 12;

/// Operations of each thread that fit into the time of a turn, at most those of `course`.
pub(super) fn operations<S>(rig: &dyn Rig<S>, course: &Course<'_, S>, effort: Effort) -> usize {
    let probe = PROBE.min(course.operations);
    let turn = rig.turn(&Course { warm_up: probe, operations: probe, ..*course });
    // What it would take on an idle machine: other processes' share is left out.
    let threads = u32::try_from(course.threads).unwrap_or(u32::MAX);
    let cores = u32::try_from(course.threads.min(CORES)).unwrap_or(u32::MAX);
    let taken = (turn.cpu / cores).max(turn.wall.saturating_sub(turn.waited / threads));
    let turns = effort.turn.as_secs_f64() / taken.as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an estimate, which is cut to sensible numbers"
    )]
    let fitting = (probe as f64 * turns) as usize;
    fitting.clamp(probe, course.operations)
}

/// Other processes' share of the cores, from which on a turn is tried again.
const DISTURBANCE_MAX: f64 = 0.02;

/// A turn that other processes did not disturb, or the least disturbed of a few. It is chosen by the time that threads
/// waited for a core, never by its result.
fn calmest_turn<S>(rig: &dyn Rig<S>, course: &Course<'_, S>, attempts: usize) -> Turn {
    let mut calmest = rig.turn(course);
    for _ in 1..attempts {
        if disturbance(&calmest) <= DISTURBANCE_MAX {
            break;
        }
        let turn = rig.turn(course);
        if disturbance(&turn) < disturbance(&calmest) {
            calmest = turn;
        }
    }
    calmest
}

/// The share of its time that a turn spent waiting for a core. With more threads than cores, they wait for each other.
fn disturbance(turn: &Turn) -> f64 {
    turn.waited.as_secs_f64() / (turn.cpu + turn.waited).as_secs_f64()
}

fn measure(
    name: String,
    unit: &'static str,
    better: Better,
    turns: &[(Sample, Vec<Turn>)],
    value: fn(&Turn) -> f64,
) -> Measure {
    let samples = turns.iter().map(|(sample, turns)| {
        let beside = [sample.beside.as_str(), &beside(turns)].concat();
        Sample { rounds: turns.iter().map(value).collect(), beside, ..sample.clone() }
    });
    Measure { name, unit, better, samples: samples.collect() }
}

/// A cache that should hold every key and does not is quick for the wrong reason.
fn leave_out_who_misses(samples: &mut [(Sample, Vec<Turn>)]) {
    let ours = samples.iter().filter(|(sample, _)| sample.role == Role::Ours);
    let held = ours.map(|(_, turns)| hit_ratio(&total(turns))).fold(f64::INFINITY, f64::min);
    for (sample, turns) in samples.iter_mut().filter(|(sample, _)| sample.role == Role::Peer) {
        if hit_ratio(&total(turns)) < held - 2.0 {
            sample.role = Role::Beside;
            "not compared, for it lost keys; ".clone_into(&mut sample.beside);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of operations are far below 2^52")]
fn nanos_per_operation(turn: &Turn) -> f64 {
    turn.cpu.as_secs_f64() * 1e9 / turn.operations as f64
}

#[expect(clippy::cast_precision_loss, reason = "as above")]
fn mega_operations_per_second(turn: &Turn) -> f64 {
    turn.operations as f64 / turn.wall.as_secs_f64() / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "as above")]
pub(crate) fn hit_ratio(turn: &Turn) -> f64 {
    100.0 * turn.hits as f64 / turn.lookups as f64
}

/// What a reader must know beside a speed: a cache that misses is fast, and one on a busy machine is slow.
fn beside(turns: &[Turn]) -> String {
    let total = total(turns);
    let hit = if total.lookups > 0 { format!("hit {:.2} %, ", hit_ratio(&total)) } else { String::new() };
    format!("{hit}waited for a core {:.0} %, {} operations", 100.0 * disturbance(&total), total.operations)
}

fn total(turns: &[Turn]) -> Turn {
    Turn {
        operations: turns.iter().map(|turn| turn.operations).sum(),
        cpu: turns.iter().map(|turn| turn.cpu).sum(),
        wall: turns.iter().map(|turn| turn.wall).sum(),
        waited: turns.iter().map(|turn| turn.waited).sum(),
        lookups: turns.iter().map(|turn| turn.lookups).sum(),
        hits: turns.iter().map(|turn| turn.hits).sum(),
    }
}
