//! `nuthatch trace info`: what a trace is like.

use std::{ops::ControlFlow, process::ExitCode};

use clap::{Args, ValueEnum};
use nuthatch_simulate::{output, summarise};

use crate::{
    input::{ReadingArgs, report_skipped},
    interrupt::{self, Interrupt},
    output::print,
    simulate::progress::Watch,
};

/// Tell what a trace is like: how much there is, how popular its objects are, how soon they are requested again, and what
/// LRU would need.
///
/// Reads the trace once. Every object counts with the size of its first request.
#[derive(Args)]
#[command(after_long_help = "Examples:
  nuthatch trace info oltp.lis.zst
  nuthatch trace info access.csv --columns key=url,size=bytes --output json")]
pub(crate) struct InfoArgs {
    /// The trace to read; `-` reads standard input
    #[arg(value_name = "FILE")]
    trace: String,

    #[command(flatten)]
    reading: ReadingArgs,

    /// Stop after so many requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    output: OutputFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people
    Table,
    /// One object
    Json,
}

pub(crate) fn run(args: &InfoArgs) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let mut watch = Watch::new();
    let trace = match args.reading.open_until(&args.trace, &interrupt) {
        Err(_) if interrupt.pressed() => {
            eprintln!("nuthatch: {}", watch.stopped());
            return Ok(ExitCode::from(interrupt::EXIT_CODE));
        }
        trace => trace?,
    };
    let skipped = trace.skipped();
    let mut cut_short = false;
    let summary = summarise(trace, args.limit, |progress| {
        watch.note(progress);
        cut_short = interrupt.pressed();
        if cut_short { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    watch.finish();
    let summary = summary?;
    report_skipped(&skipped);
    let mut code = ExitCode::SUCCESS;
    if cut_short {
        eprintln!("nuthatch: {}", watch.stopped());
        code = ExitCode::from(interrupt::EXIT_CODE);
    }
    print(&match args.output {
        OutputFormat::Table => output::summary(&summary),
        OutputFormat::Json => output::summary_json(&summary),
    })?;
    Ok(code)
}
