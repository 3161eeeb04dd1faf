//! Our replay, on the caller's thread.

use anyhow::Context;
use nuthatch_simulate::{Capacity, Contender, Replay};
use nuthatch_trace::{Format, Trace};

use crate::{
    area_simulate::{Outcome, stream::Stream},
    cpu_clock::thread_cpu_time,
};

pub(super) fn replay(stream: &Stream, policy: &str, capacities: &[u64]) -> anyhow::Result<Outcome> {
    let policy = policy.parse::<Contender>()?;
    let start = thread_cpu_time();
    let trace = Trace::open(&stream.file, Format::Oracle)?;
    let rows = Replay::new([policy], capacities.iter().map(|capacity| Capacity::Objects(*capacity)))
        .threads(1)
        .run(trace)?;
    let cpu_seconds = (thread_cpu_time() - start).as_secs_f64();
    let row = rows.last().context("a replay gives a row for each capacity")?;
    Ok(Outcome { cpu_seconds, hit_ratio: row.hit_ratio })
}
