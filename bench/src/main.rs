//! Side-by-side benchmarks: Nuthatch and its peers in the same run, on the same machine, through the same code.
//!
//! ```text
//! cargo run --release -p nuthatch-bench -- cache [--quick] [--csv]
//! ```
//!
//! Subjects take turns round by round, so a slow minute of the machine is everyone's; medians over the rounds are what
//! is reported, and ratios are taken within each round before their median is.

mod allocation;
mod area_cache;
mod area_hash;
mod area_log;
mod area_server;
mod area_simulate;
mod cpu_clock;
mod effort;
mod own_folder;
mod own_process;
mod published;
mod random;
mod report;
mod stream;
mod zipf;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::bail;
use clap::{Parser, ValueEnum};

use crate::{
    effort::Effort,
    published::Folder,
    report::{Format, Report},
};

#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;

/// Measures Nuthatch beside its peers.
#[derive(Debug, Parser)]
#[command(name = "nuthatch-bench", version)]
struct Arguments {
    /// What to measure.
    area: Area,

    /// Fewer and shorter rounds, and for area cache fewer measures: minutes instead of an hour.
    #[arg(long)]
    quick: bool,

    /// Print `area,measure,subject,value,unit,best_peer,ratio` instead of tables.
    #[arg(long)]
    csv: bool,

    /// Only the measures whose names contain this.
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    only: String,

    /// Areas cache and simulate: where the published traces are [default: NUTHATCH_TRACES, or ../shared/traces].
    #[arg(long, value_name = "DIR")]
    traces: Option<PathBuf>,

    /// Area server: keep servers on core 0 and the client on core 1.
    #[arg(long)]
    pin: bool,

    /// Areas cache and log: what a process that leads one life is told by the one that started it.
    #[arg(long, hide = true, value_name = "LIFE/SUBJECT/...")]
    one_life: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Area {
    /// The in-memory cache as a library.
    Cache,
    /// Hash functions for the cache's keys.
    Hash,
    /// The server, beside Redis.
    Server,
    /// Replays of traces, beside libCacheSim and cachekit.
    Simulate,
    /// The log on disk.
    Log,
    /// The stack of stores.
    Tiers,
}

impl Area {
    const READY: [Self; 5] = [Self::Cache, Self::Hash, Self::Log, Self::Server, Self::Simulate];

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(life) = arguments.one_life {
        let told = match arguments.area {
            Area::Log => area_log::life::lead_one_life(&life)?,
            _ => area_cache::memory::lead_one_life(&life)?,
        };
        writeln!(io::stdout().lock(), "{told}")?;
        return Ok(());
    }
    let area = arguments.area.name();
    let traces = Folder::new(arguments.traces);
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let format = if arguments.csv { Format::Csv } else { Format::Table };
    let mut report = Report::start(&area, format, arguments.only);
    match arguments.area {
        Area::Cache => area_cache::run(&traces, effort, &mut report),
        Area::Hash => area_hash::run(effort, &mut report),
        Area::Server => {
            let options = area_server::Options { pin: arguments.pin };
            area_server::run(options, effort, &mut report)?;
        }
        Area::Simulate => area_simulate::run(&traces, effort, &mut report)?,
        Area::Log => area_log::run(effort, &mut report)?,
        Area::Tiers => {
            let ready = Area::READY.map(Area::name).join(", ");
            bail!("area `{area}` is not there yet; there are: {ready}");
        }
    }
    report.finish()
}
