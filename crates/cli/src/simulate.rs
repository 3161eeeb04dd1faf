//! `nuthatch simulate`: replays a trace against policies and capacities.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use nuthatch_simulate::{Capacity, Contender, Replay, Stage, output};

use crate::{
    input::{InputArgs, report_skipped},
    output::print,
};

/// Replay a trace against eviction policies and print their hit ratios.
///
/// Every request is a read that fills the cache on a miss, from a cold start; an object keeps the size of its first
/// request. All policies and capacities are simulated in one pass over the trace, by the code that the live cache runs.
#[derive(Args)]
#[command(after_long_help = "Examples:
  nuthatch simulate --trace oltp.lis.zst --policy all --capacity 1000,5%
  nuthatch simulate --trace block.oracleGeneral.bin --capacity 64MiB --output json
  nuthatch simulate --trace access.csv --columns key=url,size=bytes,time=when:ms --capacity 1GiB
  zcat keys.gz | nuthatch simulate --trace - --format keys --capacity 10%")]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    input: InputArgs,

    /// Policies, comma separated, or `all`; `belady` knows the future, and is the most that can be had
    #[arg(long, value_delimiter = ',', default_value = "all", value_name = "POLICY,...")]
    policy: Vec<String>,

    /// Capacities, comma separated: objects (1000), a share of the distinct objects (5%), or bytes (64MiB)
    #[arg(long, value_delimiter = ',', default_value = "0.1%,1%,10%", value_name = "N|N%|SIZE,...")]
    capacity: Vec<Capacity>,

    /// Take shares such as 5% of the bytes of the distinct objects rather than of their number
    #[arg(long)]
    bytes: bool,

    /// Stop after so many requests
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

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

pub(crate) fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let policies = policies(&args.policy)?;
    let trace = args.input.open()?;
    let skipped = trace.skipped();
    let replay = Replay::new(policies, args.capacity.iter().copied()).bytes(args.bytes).limit(args.limit);
    let bar = progress_bar(trace.length_bytes());
    let rows = replay.run_with_progress(trace, |progress| {
        bar.set_position(progress.position_bytes);
        let doing = match progress.stage {
            Stage::Counting => "counting objects",
            Stage::Replaying => "replaying",
        };
        bar.set_message(format!("{doing}, {} requests", progress.requests));
    });
    bar.finish_and_clear();
    let rows = rows?;
    report_skipped(&skipped);
    print(&match args.output {
        OutputFormat::Table => output::table(&rows),
        OutputFormat::Json => output::json(&rows),
        OutputFormat::Csv => output::csv(&rows),
    })
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

/// Shown on a terminal only, and on standard error: results stay clean.
fn progress_bar(length_bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match length_bytes {
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    let style = ProgressStyle::with_template("{bar:30} {percent}% {msg} ({elapsed})");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
