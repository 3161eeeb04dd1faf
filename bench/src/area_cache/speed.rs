//! Time per operation and operations per second, subjects taking turns.

use crate::{
    area_cache::{
        contender::Contender,
        work::{Course, Rig, Turn, Work},
    },
    effort::Effort,
    report::{Better, Measure, Report},
    stream::Stream,
};

const THREADS: [usize; 2] = [1, 2];

/// A question about speed.
pub(crate) struct Question<'a, S: Stream> {
    pub(crate) name: &'a str,
    pub(crate) capacity: u64,
    /// How caches are filled before the clock starts: a stream, and how many of its keys.
    pub(crate) fill: (&'a S, usize),
    pub(crate) work: Work,
    pub(crate) stream: &'a S,
}

impl<S: Stream> Question<'_, S> {
    /// Asks every contender, at each number of threads.
    pub(crate) fn ask(&self, contenders: &[Contender<S>], effort: Effort, report: &mut Report) {
        let names = ["cpu-1t", "throughput-1t", "hit-ratio-1t", "cpu-2t", "throughput-2t", "hit-ratio-2t"];
        if !names.iter().any(|name| report.wants(&format!("{}-{name}", self.name))) {
            return;
        }
        let rigs = contenders.iter().map(|contender| self.filled(contender)).collect::<Vec<_>>();
        for threads in THREADS {
            let turns = self.take_turns(&rigs, threads, effort);
            let measure = |name: &str, unit, better, value: fn(&Turn) -> f64| {
                let samples = contenders.iter().zip(&turns).map(|(contender, turns)| {
                    let mut sample = contender.sample();
                    sample.rounds = turns.iter().map(value).collect();
                    sample.beside = beside(turns);
                    sample
                });
                let name = format!("{}-{name}-{threads}t", self.name);
                Measure { name, unit, better, samples: samples.collect() }
            };
            report.add(&measure("cpu", "ns/op", Better::Lower, nanos_per_operation));
            report.add(&measure("throughput", "Mops/s", Better::Higher, mega_operations_per_second));
            if matches!(self.work, Work::GetThenInsert | Work::GetOrInsertWith | Work::Mix { .. }) {
                report.add(&measure("hit-ratio", "%", Better::Higher, hit_ratio));
            }
        }
    }

    fn filled(&self, contender: &Contender<S>) -> Box<dyn Rig<S>> {
        let rig = (contender.build)(self.capacity);
        let (stream, operations) = self.fill;
        rig.turn(&Course { work: Work::GetThenInsert, stream, threads: 1, start: 0, operations });
        rig
    }

    /// The turns of each rig. All rigs see the same part of the stream in the same round.
    fn take_turns(&self, rigs: &[Box<dyn Rig<S>>], threads: usize, effort: Effort) -> Vec<Vec<Turn>> {
        let mut turns = rigs.iter().map(|_| Vec::new()).collect::<Vec<_>>();
        for round in 0..effort.rounds {
            let (start, operations) = (round * effort.operations, effort.operations);
            let course = Course { work: self.work, stream: self.stream, threads, start, operations };
            for (rig, turns) in rigs.iter().zip(&mut turns) {
                turns.push(calmest_turn(rig.as_ref(), &course, effort.attempts));
            }
        }
        turns
    }
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

/// The share of its time that a turn spent waiting for a core.
fn disturbance(turn: &Turn) -> f64 {
    turn.waited.as_secs_f64() / (turn.cpu + turn.waited).as_secs_f64()
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
    let lookups = turns.iter().map(|turn| turn.lookups).sum();
    let hits = turns.iter().map(|turn| turn.hits).sum();
    let hit = hit_ratio(&Turn { hits, lookups, ..Turn::default() });
    let hit = if lookups > 0 { format!("hit {hit:.2} %, ") } else { String::new() };
    let cpu = turns.iter().map(|turn| turn.cpu).sum();
    let waited = turns.iter().map(|turn| turn.waited).sum();
    let disturbed = 100.0 * disturbance(&Turn { cpu, waited, ..Turn::default() });
    format!("{hit}disturbed {disturbed:.0} %")
}
