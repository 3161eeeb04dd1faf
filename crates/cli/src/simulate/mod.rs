//! `nuthatch simulate`: replays a trace against policies and capacities.

mod check;
mod hint;
mod page;
pub(crate) mod progress;

use std::{ops::ControlFlow, path::PathBuf, process::ExitCode, time::Instant};

use clap::{Args, ValueEnum};
use nuthatch_simulate::{Capacity, Contender, Honour, Ignored, Replay, Row, output};

use crate::{
    input::{InputArgs, report_skipped},
    interrupt::{self, Interrupt},
    output::print,
};
use page::Page;
use progress::Watch;

/// Replay a trace against eviction policies and print their hit ratios.
///
/// Every request is a read that fills the cache on a miss, from a cold start; an object keeps the size of its first
/// request (but see --honour). All policies and capacities are simulated in one pass over the trace, by the code that the
/// live cache runs.
#[derive(Args)]
#[command(after_long_help = "Examples:
  nuthatch simulate --trace oltp.lis.zst --policy all --capacity 1000,5%
  nuthatch simulate --trace block.oracleGeneral.bin --capacity 64MiB --output json
  nuthatch simulate --trace oltp.lis.zst --report oltp.html
  nuthatch simulate --trace oltp.lis.zst --policy lru,s3-fifo --curve --sample 0.01 --check
  nuthatch simulate --trace access.csv --columns key=url,size=bytes,time=when:ms --capacity 1GiB
  nuthatch simulate --trace workload:scan-points:keys=1e5,requests=5e6 --policy lru,s3-fifo --capacity 1%,10%
  zcat keys.gz | nuthatch simulate --trace - --format keys --capacity 10%")]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    input: InputArgs,

    /// Policies, comma separated, or `all`; `belady` knows the future, and is the most that can be had. `sets`, which `all`
    /// leaves out, is the storage of large live caches: S3-FIFO in sets of 16
    #[arg(long, value_delimiter = ',', default_value = "all", value_name = "POLICY,...")]
    policy: Vec<String>,

    /// Capacities, comma separated: objects (1000), a share of the distinct objects (5%), or bytes (64MiB)
    /// [default: 0.1%,1%,10%; with --report 0.1%,0.2%,0.5%,1%,2%,5%,10%,20%,50%]
    #[arg(long, value_delimiter = ',', value_name = "N|N%|SIZE,...")]
    capacity: Vec<Capacity>,

    /// A curve rather than single capacities: so many shares from 0.1% to 100%, spread geometrically
    #[arg(long, num_args = 0..=1, default_missing_value = "20", value_name = "POINTS", conflicts_with = "capacity",
          value_parser = clap::value_parser!(u16).range(2..=1000))]
    curve: Option<u16>,

    /// Estimate from the requests for so large a part of the objects, such as 0.01 or 1%. More are taken where there are
    /// few, and for small capacities, as long as that is less than a tenth of the work
    #[arg(long, value_parser = part, value_name = "RATE")]
    sample: Option<f64>,

    /// Replay the whole trace as well, and print how far the estimate is from the truth
    #[arg(long, requires = "sample")]
    check: bool,

    /// Take shares such as 5% of the bytes of the distinct objects rather than of their number
    #[arg(long)]
    bytes: bool,

    /// What to honour of what requests say, comma separated: `ttl`, so that what is stored expires, and `ops`, so that
    /// writes store and deletes remove. Hit ratios are then of the reads alone
    #[arg(long, alias = "honor", default_value = "", hide_default_value = true, value_parser = honour, value_name = "WHAT,...")]
    honour: Honour,

    /// Tell misses by cause and the scan pollution as well; a sample does not know them
    #[arg(long, conflicts_with = "sample")]
    details: bool,

    /// Stop after so many requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Write a page for a browser as well: a recommendation in plain words, curves, what the trace is like, all numbers
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    output: OutputFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people; the best policy at each capacity is marked
    Table,
    /// An array of objects
    Json,
    /// One row per policy and capacity
    Csv,
}

pub(crate) fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let policies = policies(&args.policy)?;
    let interrupt = Interrupt::listen()?;
    let mut watch = Watch::new();
    let trace = match args.input.open_until(&interrupt) {
        Err(_) if interrupt.pressed() => {
            eprintln!("nuthatch: {}", watch.stopped());
            return Ok(ExitCode::from(interrupt::EXIT_CODE));
        }
        trace => trace?,
    };
    let skipped = trace.skipped();
    let page = args.report.as_deref().map(|path| Page::create(path, trace.reopen())).transpose()?;
    let exact = Replay::new(policies, capacities(args))
        .bytes(args.bytes)
        .limit(args.limit)
        .honour(args.honour)
        .details(args.details || page.is_some())
        .timeline(page.is_some());
    let replay = exact.clone().sample(args.sample);
    let again = match trace.reopen() {
        _ if !args.check => None,
        Some(again) => Some(again?),
        None => anyhow::bail!("--check reads the trace a second time; give it as a file"),
    };
    let begin = Instant::now();
    let mut cut_short = false;
    let mut ignored = Ignored::default();
    let rows = replay.run_with_progress(trace, |progress| {
        watch.note(progress);
        ignored = ignored.max(progress.ignored);
        cut_short = interrupt.pressed();
        if cut_short { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    watch.finish();
    let rows = rows?;
    let estimate_time = begin.elapsed();
    report_skipped(&skipped);
    if let Some(hint) = hint::of(ignored, args.honour) {
        eprintln!("nuthatch: {hint}");
    }
    let stopped = cut_short.then(|| watch.stopped());
    let mut code = ExitCode::SUCCESS;
    if let Some(stopped) = &stopped {
        eprintln!("nuthatch: {stopped}");
        code = ExitCode::from(interrupt::EXIT_CODE);
    }
    print(&shown(args, &rows, stopped.as_deref()))?;
    if let Some(page) = page.filter(|_| !rows.is_empty()) {
        page.write(&rows, stopped.as_deref(), args.limit, &interrupt)?;
    }
    if let Some(again) = again.filter(|_| !cut_short) {
        let begin = Instant::now();
        let exact = exact.run(again)?;
        eprint!("{}", check::table(&rows, &exact, [estimate_time, begin.elapsed()]));
    }
    Ok(code)
}

fn shown(args: &SimulateArgs, rows: &[Row], stopped: Option<&str>) -> String {
    match args.output {
        OutputFormat::Table if rows.is_empty() => String::new(),
        // Above the figures as well: what is piped into a file shall say so too.
        OutputFormat::Table => {
            stopped.map(|stopped| format!("PARTIAL: {stopped}\n\n")).unwrap_or_default()
                + &output::table(rows)
                + &estimated(rows)
                + &if args.details { format!("\n{}", output::details(rows)) } else { String::new() }
        }
        OutputFormat::Json if args.details => output::json_with_details(rows),
        OutputFormat::Csv if args.details => output::csv_with_details(rows),
        OutputFormat::Json => output::json(rows),
        OutputFormat::Csv => output::csv(rows),
    }
}

/// Says of rows from a sample that they are.
fn estimated(rows: &[Row]) -> String {
    let parts = || rows.iter().filter_map(|row| row.sampled).map(|part| part * 100.0);
    let least = format!("{:.2}", parts().fold(100.0, f64::min));
    let most = format!("{:.2}", parts().fold(0.0, f64::max));
    if parts().next().is_none() {
        String::new()
    } else if least == most {
        format!("\nestimated from {most} % of the objects\n")
    } else {
        format!("\nestimated from {least} to {most} % of the objects\n")
    }
}

fn part(text: &str) -> anyhow::Result<f64> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    match number.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number <= unit => Ok(number / unit),
        _ => anyhow::bail!("expected a part above 0 and at most 1, such as 0.01 or 1%"),
    }
}

fn honour(text: &str) -> anyhow::Result<Honour> {
    if text.is_empty() { Ok(Honour::NOTHING) } else { Ok(text.parse()?) }
}

/// Those named, or else a few; for curves, which a page shows, some more.
fn capacities(args: &SimulateArgs) -> Vec<Capacity> {
    const FEW: &[f64] = &[0.001, 0.01, 0.1];
    const CURVE: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
    if let Some(points) = args.curve {
        Capacity::curve(points.into())
    } else if args.capacity.is_empty() {
        let shares = if args.report.is_some() { CURVE } else { FEW };
        shares.iter().map(|share| Capacity::Share(*share)).collect()
    } else {
        args.capacity.clone()
    }
}

/// The policies named, each once.
fn policies(names: &[String]) -> anyhow::Result<Vec<Contender>> {
    let mut policies = Vec::new();
    for name in names {
        let named = match name.as_str() {
            "all" => Contender::all().collect(),
            name => vec![name.parse()?],
        };
        for policy in named {
            if !policies.contains(&policy) {
                policies.push(policy);
            }
        }
    }
    Ok(policies)
}
