//! `nuthatch trace convert`: any trace that can be read, in one of the simple formats.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::Context;
use clap::Args;
use nuthatch_trace::{Compression, Format, Packer, Writer};

use crate::input::{ReadingArgs, report_skipped};

/// Rewrite a trace in another format.
///
/// Keys, sizes, operations, times and times to live are kept as far as the new format has a place for them; what is lost
/// is said on standard error. Keys that are text become the numbers that they are known by to policies.
#[derive(Args)]
#[command(after_long_help = "Examples:
  nuthatch trace convert oltp.lis.zst oltp.keys.gz
  nuthatch trace convert block.vscsi block.csv")]
pub(crate) struct ConvertArgs {
    /// The trace to read; `-` reads standard input
    #[arg(value_name = "IN")]
    input: String,

    /// The file to write, in the format and the compression that its name ends in
    #[arg(value_name = "OUT")]
    output: String,

    /// The format to write, if the name of OUT does not tell
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,

    #[command(flatten)]
    reading: ReadingArgs,
}

pub(crate) fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    let path = Path::new(&args.output);
    let format = args
        .to
        .or_else(|| Format::of_name(path))
        .with_context(|| format!("{}: the name tells no format; name one with --to", args.output))?;
    let trace = args.reading.open(&args.input)?;
    let file = File::create(path).with_context(|| format!("cannot write {}", args.output))?;
    let packer = Packer::new(BufWriter::new(file), Compression::of_name(path))?;
    let skipped = trace.skipped();
    let mut writer = Writer::new(packer, format)?;
    for request in trace {
        writer.write(&request?)?;
    }
    let (packer, losses) = writer.finish()?;
    packer.finish().and_then(|mut file| file.flush()).context("cannot write the trace")?;
    report_skipped(&skipped);
    if !losses.is_none() {
        eprintln!("nuthatch: {losses}");
    }
    Ok(())
}
