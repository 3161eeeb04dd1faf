//! Area `simulate`: how fast a trace is replayed, one policy at one capacity on one core.
//!
//! Ours and libCacheSim replay the same file from its first byte to its last. `cachekit` is a library, not a simulator, so
//! its caches are driven by a loop over keys in memory, which spares it the reading. What is reported is requests per
//! second of processor time, with the hit ratio beside it: a replay that misses more is a different replay.

mod cachekit;
mod libcachesim;
mod nuthatch;
mod peak;
mod stream;

use anyhow::Context;

use crate::{
    area_simulate::{libcachesim::LibCacheSim, stream::Stream},
    effort::Effort,
    report::{Better, Measure, Report, Sample},
};

/// The policies that all simulators have, by our spelling.
const POLICIES: [&str; 6] = ["lru", "s3-fifo", "sieve", "arc", "lirs", "w-tinylfu"];
/// A tenth of the distinct objects.
const CAPACITY_SHARE: u64 = 10;

/// One replay.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    cpu_seconds: f64,
    hit_ratio: f64,
}

pub(crate) fn run(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for the traces")?;
    let mut libcachesim = LibCacheSim::start();
    for kind in stream::Kind::ALL {
        let wanted = POLICIES.iter().any(|policy| report.wants(&name(kind, policy)));
        if !wanted && !report.wants(&peak::name(kind)) {
            continue;
        }
        let Some(stream) = Stream::write(kind, effort, folder.path())? else { continue };
        for policy in POLICIES {
            if report.wants(&name(kind, policy)) {
                report.add(&compare(&stream, policy, effort, libcachesim.as_mut())?);
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

/// Rounds in which every subject has its turn.
fn compare(
    stream: &Stream,
    policy: &str,
    effort: Effort,
    mut libcachesim: Option<&mut LibCacheSim>,
) -> anyhow::Result<Measure> {
    let capacity = stream.distinct / CAPACITY_SHARE;
    let mut samples = Vec::<Sample>::new();
    for _ in 0..effort.rounds.div_ceil(2) {
        let mut outcomes = vec![("nuthatch", nuthatch::replay(stream, policy, capacity)?)];
        if let Some(libcachesim) = libcachesim.as_deref_mut() {
            outcomes.push(("libcachesim", libcachesim.replay(stream, policy, capacity)?));
        }
        outcomes.extend(cachekit::replay(stream, policy, capacity).map(|outcome| ("cachekit", outcome)));
        for (subject, outcome) in outcomes {
            let rate = stream.keys.len() as f64 / outcome.cpu_seconds / 1e6;
            match samples.iter_mut().find(|sample| sample.subject == subject) {
                Some(sample) => sample.rounds.push(rate),
                None => samples.push(Sample {
                    subject: subject.to_owned(),
                    ours: subject == "nuthatch",
                    rounds: vec![rate],
                    beside: format!("hit ratio {:.4}", outcome.hit_ratio),
                }),
            }
        }
    }
    Ok(Measure { name: name(stream.kind, policy), unit: "Mreq/s", better: Better::Higher, samples })
}
