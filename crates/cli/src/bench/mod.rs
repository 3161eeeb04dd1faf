//! `nuthatch bench`: drives a server and measures it.
//!
//! Two kinds of traffic: a recorded trace, replayed as an application with a cache in front of a database would (`replay`),
//! and a synthetic load (`closed`, `open`). One thread drives all connections: with large batches per system call it
//! outpaces the servers it measures, and it leaves the other cores to them.

mod closed;
mod connection;
mod keys;
mod load;
mod open;
mod replay;
mod report;
mod supervise;
mod tally;
mod target;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use nuthatch_trace::Format;
use tokio::task::LocalSet;

use keys::Distribution;
use load::{Load, Workload};
use replay::Replay;
use report::{Output, Report};
use supervise::{Ending, supervise};
use tally::{Goal, Tally};
use target::Target;

/// Measure a server: replay a trace as cache traffic, or generate a load.
///
/// With --trace, each request of the trace is a GET, and on a miss a SET of an object of the size that the trace states:
/// the hit ratio printed is that of the server's own eviction. Limit the server's memory first (`maxmemory`), or
/// everything fits. Without --trace, a synthetic load of GETs and SETs is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// The server to drive. Give a password as resp://:PASSWORD@HOST:PORT
    #[arg(long, value_name = "URL", default_value = "resp://127.0.0.1:6379")]
    target: Target,

    /// Replay this trace file, plain or packed with gzip, xz, zstd or bzip2; `-` is standard input
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// How the trace is written: auto, lis, lirs, oracle, vscsi, csv, keys, u32be, u64be, jsonl or twitter
    #[arg(long, value_name = "FORMAT", default_value = "auto", requires = "trace")]
    format: Format,

    /// Stop after the first N requests of the trace
    #[arg(long, value_name = "N", requires = "trace")]
    limit: Option<u64>,

    /// Delete every key of the server before the replay
    #[arg(long, requires = "trace", conflicts_with = "keep")]
    flush: bool,

    /// Replay over the keys that the server holds. With neither --flush nor --keep the server must be empty
    #[arg(long, requires = "trace")]
    keep: bool,

    /// Values of the trace's objects are cut to this many bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, requires = "trace", conflicts_with = "value_bytes")]
    value_bytes_max: usize,

    /// The load: get, set, or mixed:R where R percent of the requests are GETs
    #[arg(long, value_name = "WORKLOAD", default_value = "get", conflicts_with = "trace")]
    workload: Workload,

    /// How many different keys the load touches
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=keys::KEYS_MAX), conflicts_with = "trace")]
    keys: u64,

    /// Which keys it prefers: uniform, zipf:S with an exponent (0.9 is typical of caches), or any other workload of
    /// `nuthatch workload --help`, as in scan, shifting:period=10000 or scan-points:scans=30%. Each connection draws its own
    /// keys, and only the keys count
    #[arg(long, value_name = "DISTRIBUTION", default_value = "zipf:0.9", conflicts_with = "trace")]
    distribution: Distribution,

    /// Stop after N requests. The default is 1000000 unless --seconds is given
    #[arg(long, value_name = "N", conflicts_with_all = ["trace", "seconds"])]
    requests: Option<u64>,

    /// Stop after this time
    #[arg(long, value_name = "SECONDS", value_parser = positive, conflicts_with = "trace")]
    seconds: Option<f64>,

    /// Open loop: send this many requests per second whether or not replies come, and count latency from the moment a
    /// request was due, so that a stall of the server is felt by all requests it delays. Without it each connection
    /// waits for its replies before it sends again, and a stall is felt by one batch only
    #[arg(long, value_name = "PER_SECOND", value_parser = positive, conflicts_with_all = ["trace", "pipeline"])]
    rate: Option<f64>,

    /// Do not write all keys first. GETs of keys that are not there are misses, which are faster than hits
    #[arg(long, conflicts_with = "trace")]
    no_preload: bool,

    /// Length of the values written: 64 unless a trace states sizes
    #[arg(long, value_name = "BYTES")]
    value_bytes: Option<usize>,

    /// Connections: 1 for a trace, else 50. A trace's keys are divided among them, so that each key's order holds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    connections: Option<u16>,

    /// Requests sent at once on each connection
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pipeline: u16,

    /// How to print the figures
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// Runs `nuthatch bench` to its end, or to Ctrl-C, and prints the figures.
///
/// # Errors
///
/// The server cannot be reached, replies with an error, or goes away; the trace cannot be read. What was measured until
/// then is printed first.
pub(crate) fn run(args: BenchArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (report, ending) = LocalSet::new().block_on(&runtime, async {
        match &args.trace {
            Some(path) => run_trace(&args, path.clone()).await,
            None => run_load(&args).await,
        }
    })?;
    if report.has_figures() || matches!(ending, Ending::Complete) {
        report.print(args.output)?;
    }
    match ending {
        Ending::Complete | Ending::Interrupted => Ok(()),
        Ending::Failed(error) => Err(error),
    }
}

async fn run_trace(args: &BenchArgs, path: PathBuf) -> anyhow::Result<(Report, Ending)> {
    let replay = Replay {
        path,
        format: args.format,
        limit: args.limit.unwrap_or(u64::MAX),
        value_bytes: args.value_bytes,
        value_bytes_max: args.value_bytes_max,
        connections: args.connections.unwrap_or(1),
        pipeline: args.pipeline,
    };
    let trace = replay.open()?; // before the server's keys are deleted
    prepare_for_trace(args).await?;
    let tally = Rc::new(Tally::new(Goal::End));
    let ending = supervise(&tally, replay.run(trace, &args.target, Rc::clone(&tally))).await;
    Ok((Report::new(&args.target, replay.describe(), &tally, &ending), ending))
}

async fn run_load(args: &BenchArgs) -> anyhow::Result<(Report, Ending)> {
    let load = Load {
        workload: args.workload,
        keys: args.keys,
        distribution: args.distribution.clone(),
        value_bytes: args.value_bytes.unwrap_or(DEFAULT_VALUE_BYTES),
        connections: args.connections.unwrap_or(50),
        pipeline: args.pipeline,
        rate: args.rate,
    };
    if !args.no_preload && args.workload != Workload::Set {
        let tally = Rc::new(Tally::new(Goal::Requests(args.keys)));
        match supervise(&tally, closed::preload(&load, &args.target, Rc::clone(&tally))).await {
            Ending::Complete => {}
            ending => {
                return Ok((
                    Report::new(&args.target, load.describe(), &Tally::new(Goal::End), &ending),
                    ending,
                ));
            }
        }
    }
    let goal = match (args.requests, args.seconds) {
        (Some(requests), _) => Goal::Requests(requests),
        (None, Some(seconds)) => Goal::Seconds(seconds),
        (None, None) => Goal::Requests(1_000_000),
    };
    let tally = Rc::new(Tally::new(goal));
    let ending = match load.rate {
        Some(rate) => supervise(&tally, open::run(&load, rate, &args.target, Rc::clone(&tally))).await,
        None => supervise(&tally, closed::run(&load, &args.target, Rc::clone(&tally))).await,
    };
    Ok((Report::new(&args.target, load.describe(), &tally, &ending), ending))
}

/// A replay over leftovers would report hits that the trace does not hold.
async fn prepare_for_trace(args: &BenchArgs) -> anyhow::Result<()> {
    if args.keep {
        return Ok(());
    }
    let mut connection = args.target.connect().await?;
    if args.flush {
        connection.ask(&["FLUSHALL"]).await.context("cannot delete the server's keys")?;
        return Ok(());
    }
    // A server that cannot count its keys cannot be asked to delete them unseen either.
    let size = connection.ask(&["DBSIZE"]).await.context("cannot tell whether the server is empty")?;
    ensure!(
        size == b"0",
        "{} holds {} keys, which would count as hits; --flush deletes them, --keep replays over them",
        args.target,
        size.escape_ascii()
    );
    Ok(())
}

/// Length of values where nothing states it.
const DEFAULT_VALUE_BYTES: usize = 64;

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("expected a number above 0".to_owned()),
    }
}
