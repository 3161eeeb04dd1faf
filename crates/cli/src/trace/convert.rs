//! `nuthatch trace convert`: any trace that can be read, in one of the simple formats.

use std::process::ExitCode;

use clap::Args;
use nuthatch_trace::Format;

use crate::{input::ReadingArgs, interrupt::Interrupt, sink::Sink};

/// Rewrite a trace in another format.
///
/// Keys, sizes, operations, times and times to live are kept as far as the new format has a place for them; what is lost
/// is said on standard error. Keys that are text become the numbers that they are known by to policies.
#[derive(Args)]
#[command(after_long_help = "Examples:
  nuthatch trace convert oltp.lis.zst oltp.keys.gz
  nuthatch trace convert block.vscsi block.csv
  nuthatch trace convert access.tsv - --columns key=url,size=bytes --to jsonl | head
  nuthatch trace convert cut.csv.gz whole.csv.gz --lenient

csv and jsonl keep everything. oracle knows no operations and no times to live, vscsi no times to live, and keys, lis,
lirs, u32be and u64be nothing but keys.")]
pub(crate) struct ConvertArgs {
    /// The trace to read; `-` reads standard input, `workload:SPEC` makes one up
    #[arg(value_name = "IN")]
    input: String,

    /// The file to write, compressed if its name ends in .gz, .xz, .zst or .bz2; `-` writes to standard output
    #[arg(value_name = "OUT")]
    output: String,

    /// How to write: csv, jsonl, keys, lis, lirs, u32be, u64be, oracle, vscsi or twitter. Told by the name of OUT, and
    /// csv for standard output
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,

    #[command(flatten)]
    reading: ReadingArgs,
}

pub(crate) fn run(args: &ConvertArgs) -> anyhow::Result<ExitCode> {
    let sink = Sink::new(&args.output, args.to)?;
    let interrupt = Interrupt::listen()?;
    let trace = args.reading.open_until(&args.input, &interrupt)?;
    sink.write_trace(&interrupt, trace)
}
