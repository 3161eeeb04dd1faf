//! Hits per lookup: on requests with Zipf's skew, on recorded traces, on a loop that fits, and what a cache holds of
//! exactly as many keys as it has room for.

use crate::{
    area_cache::{
        contender::Contender,
        crew::share_out,
        speed::hit_ratio,
        work::{Course, Rig, Work},
    },
    effort::Effort,
    report::{Better, Measure, Report, Sample},
    stream::{Numbers, UNIVERSE},
};

/// Exponents of Zipf's law.
const EXPONENTS: [f64; 6] = [0.7, 0.8, 0.9, 1.0, 1.1, 1.2];
/// Capacities, in percent of the keys.
const PERCENT: [u64; 2] = [1, 10];
/// Lookups before those that count, and as many that count.
const LOOKUPS: usize = 1_000_000;

/// Warm caches, one grid per capacity and a column per exponent.
pub(crate) fn measure_zipf(effort: Effort, report: &mut Report) {
    let name = |percent, exponent| format!("hit-ratio-zipf-{exponent:.1}-at-{percent}-percent");
    let mut grids = PERCENT.map(|_| Vec::new());
    for exponent in EXPONENTS {
        if !PERCENT.iter().any(|percent| report.wants(&name(*percent, exponent))) {
            continue;
        }
        let stream = Numbers::skewed(UNIVERSE, exponent);
        for (percent, grid) in PERCENT.iter().zip(&mut grids) {
            let capacity = u64::from(UNIVERSE) * percent / 100;
            let samples = lives(Contender::known_for_hits(), capacity, effort.lives, |rig| {
                let course = |start| course(Work::GetThenInsert, &stream, start, LOOKUPS);
                rig.turn(&course(0));
                hit_ratio(&rig.turn(&course(LOOKUPS)))
            });
            let measure =
                Measure { name: name(*percent, exponent), unit: "%", better: Better::Higher, samples };
            grid.push((format!("Zipf {exponent:.1}"), measure));
        }
    }
    for (percent, grid) in PERCENT.iter().zip(grids) {
        report.add_grid(&format!("hit-ratio, capacity {percent} % of the keys"), grid);
    }
}

/// Capacity of the caches that a loop runs over, and in percent of it the loop's length.
const LOOP_CAPACITY: u32 = 100_000;
const LOOP_PERCENT: u32 = 95;
const LAPS: usize = 8;

/// The share of lookups that hit after the first lap of a loop that fits: 100 if nothing leaves before the cache is full.
pub(crate) fn measure_loop(effort: Effort, report: &mut Report) {
    let name = format!("loop-of-{LOOP_PERCENT}-percent-hits");
    if !report.wants(&name) {
        return;
    }
    let lap = LOOP_CAPACITY / 100 * LOOP_PERCENT;
    let stream = Numbers::round_and_round(lap);
    let lap = lap as usize;
    let samples = lives(Contender::evicting(), LOOP_CAPACITY.into(), effort.lives, |rig| {
        rig.turn(&course(Work::GetThenInsert, &stream, 0, lap));
        hit_ratio(&rig.turn(&course(Work::GetThenInsert, &stream, lap, (LAPS - 1) * lap)))
    });
    report.add(&Measure { name, unit: "%", better: Better::Higher, samples });
}

/// The share of exactly `capacity` distinct keys that is still there once all of them were inserted.
pub(crate) fn measure_fill(effort: Effort, report: &mut Report) {
    for capacity in [1_000, 100_000] {
        let name = format!("held-of-{capacity}-inserted");
        if !report.wants(&name) {
            continue;
        }
        let stream = Numbers::universe(capacity);
        let keys = capacity as usize;
        let samples = lives(Contender::evicting(), capacity.into(), effort.lives, |rig| {
            rig.turn(&course(Work::Insert, &stream, 0, keys));
            rig.entries(); // does what was put off
            hit_ratio(&rig.turn(&course(Work::Get, &stream, 0, keys)))
        });
        report.add(&Measure { name, unit: "%", better: Better::Higher, samples });
    }
}

/// Hits per lookup of a cold cache on all of a trace.
pub(super) fn of_trace(keys: &[u64], capacity: u64, lives_of_each: usize) -> Vec<Sample> {
    let stream = Numbers::of(keys);
    lives(Contender::known_for_hits(), capacity, lives_of_each, |rig| {
        hit_ratio(&rig.turn(&course(Work::Replay, &stream, 0, keys.len())))
    })
}

/// The outcomes of `life` in fresh caches of each contender. Each has hash seeds of its own, so spread shows how much of
/// it is luck. One that cannot be built has no outcomes.
fn lives(
    contenders: Vec<Contender<Numbers>>,
    capacity: u64,
    lives: usize,
    life: impl Fn(&dyn Rig<Numbers>) -> f64 + Sync,
) -> Vec<Sample> {
    let mut samples = contenders.iter().map(Contender::sample).collect::<Vec<_>>();
    for _ in 0..lives {
        let builds = contenders.iter().map(|contender| contender.build).collect();
        let outcomes = share_out(builds, |build| build(capacity).map(|rig| life(rig.as_ref())));
        for (sample, outcome) in samples.iter_mut().zip(outcomes) {
            match outcome {
                Some(Ok(outcome)) => sample.rounds.push(outcome),
                Some(Err(error)) => sample.beside = format!("not measured: {error:#}"),
                None => "not measured: it panicked".clone_into(&mut sample.beside),
            }
        }
    }
    samples
}

const fn course(work: Work, stream: &Numbers, start: usize, operations: usize) -> Course<'_, Numbers> {
    Course { work, stream, threads: 1, start, warm_up: 0, operations }
}
