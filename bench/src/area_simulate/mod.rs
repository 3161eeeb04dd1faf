//! Area `simulate`: how fast a trace is replayed, one policy at one capacity on one core.
//!
//! Ours and libCacheSim replay the same file from its first byte to its last. `cachekit` is a library, not a simulator, so
//! its caches are driven by a loop over keys in memory, which spares it the reading. What is reported is requests per
//! second of processor time, with the hit ratio beside it: a replay that misses more is a different replay. A pass of
//! ours over a trace reads it and numbers its objects once for all simulations; what each further one costs is
//! reported as `nuthatch-one-more`.

mod cachekit;
mod libcachesim;
mod nuthatch;
mod peak;
mod stream;

use anyhow::Context;

use crate::{
    area_simulate::{libcachesim::LibCacheSim, stream::Stream},
    effort::Effort,
    published::Folder,
    report::{Better, Measure, Report, Role, Sample},
};

/// The policies that all simulators have, by our spelling.
const POLICIES: [&str; 6] = ["lru", "s3-fifo", "sieve", "arc", "lirs", "w-tinylfu"];
/// A tenth of the distinct objects.
const CAPACITY_SHARE: u64 = 10;
/// A replay of a whole trace is long enough to be steady.
const ROUNDS_MAX: usize = 3;
/// Those whose curve is measured as well: many capacities at once are what a simulator is for.
const CURVES: [&str; 3] = ["lru", "s3-fifo", "arc"];
/// Capacities of a curve, in percent of the distinct objects.
const CURVE_PERCENT: [u64; 16] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60];

/// One replay.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    cpu_seconds: f64,
    hit_ratio: f64,
}

pub(crate) fn run(traces: &Folder, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for the traces")?;
    let mut libcachesim = LibCacheSim::start();
    for kind in stream::Kind::ALL {
        let replays = POLICIES.iter().any(|policy| report.wants(&name(kind, policy)));
        let curves = CURVES.iter().any(|policy| report.wants(&curve_name(kind, policy)));
        if !replays && !curves && !report.wants(&peak::name(kind)) {
            continue;
        }
        let Some(stream) = Stream::write(kind, traces, effort, folder.path())? else { continue };
        for policy in POLICIES {
            if report.wants(&name(kind, policy)) {
                let capacity = [stream.distinct / CAPACITY_SHARE];
                let samples = compare(&stream, policy, &capacity, effort, libcachesim.as_mut())?;
                report.add(&measure(name(kind, policy), samples));
            }
        }
        for policy in CURVES {
            if report.wants(&curve_name(kind, policy)) {
                let capacities = CURVE_PERCENT.map(|percent| stream.distinct * percent / 100);
                let samples = compare(&stream, policy, &capacities, effort, libcachesim.as_mut())?;
                report.add(&measure(curve_name(kind, policy), samples));
            }
        }
        if report.wants(&peak::name(kind)) {
            report.add(&peak::measure(&stream)?);
        }
    }
    Ok(())
}

fn name(kind: stream::Kind, policy: &str) -> String {
    format!("{}/{policy}", kind.name())
}

fn curve_name(kind: stream::Kind, policy: &str) -> String {
    format!("{}-curve/{policy}", kind.name())
}

fn measure(name: String, samples: Vec<Sample>) -> Measure {
    Measure { name, unit: "Mreq/s", better: Better::Higher, samples }
}

/// Rounds in which every subject has its turn. A request counts once per capacity; ours takes all of them in one pass.
fn compare(
    stream: &Stream,
    policy: &str,
    capacities: &[u64],
    effort: Effort,
    mut libcachesim: Option<&mut LibCacheSim>,
) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::<Sample>::new();
    for _ in 0..effort.rounds.min(ROUNDS_MAX) {
        let ours = nuthatch::replay(stream, policy, capacities)?;
        let mut outcomes = vec![("nuthatch", ours)];
        if let [capacity] = capacities {
            let two = nuthatch::replay(stream, policy, &[*capacity, capacity + 1])?;
            let cpu_seconds = two.cpu_seconds - ours.cpu_seconds;
            outcomes.push(("nuthatch-one-more", Outcome { cpu_seconds, ..two }));
        }
        if let Some(libcachesim) = libcachesim.as_deref_mut() {
            let each = capacities.iter().map(|capacity| libcachesim.replay(stream, policy, *capacity));
            outcomes.push(("libcachesim", all(each.collect::<anyhow::Result<Vec<_>>>()?)));
        }
        let each = capacities.iter().map(|capacity| cachekit::replay(stream, policy, *capacity));
        outcomes.extend(each.collect::<Option<Vec<_>>>().map(|each| ("cachekit", all(each))));
        for (subject, outcome) in outcomes {
            let rate = (stream.keys.len() * capacities.len()) as f64 / outcome.cpu_seconds / 1e6;
            match samples.iter_mut().find(|sample| sample.subject == subject) {
                Some(sample) => sample.rounds.push(rate),
                None => samples.push(Sample {
                    subject: subject.to_owned(),
                    role: if subject.starts_with("nuthatch") { Role::Ours } else { Role::Peer },
                    rounds: vec![rate],
                    beside: format!("hit ratio {:.4}", outcome.hit_ratio),
                }),
            }
        }
    }
    Ok(samples)
}

/// The time of all replays, and the hit ratio of the last.
fn all(replays: Vec<Outcome>) -> Outcome {
    let cpu_seconds = replays.iter().map(|replay| replay.cpu_seconds).sum();
    Outcome { cpu_seconds, hit_ratio: replays.last().map_or(f64::NAN, |last| last.hit_ratio) }
}
