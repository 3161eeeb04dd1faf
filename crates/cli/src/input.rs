//! Where requests come from: the options that every command with a trace shares.

use clap::Args;
use nuthatch_trace::{Format, Options, Trace};

/// The trace to read, as an option.
#[derive(Args)]
pub(crate) struct InputArgs {
    /// The trace file; plain, gz, xz or zst. `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: String,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

impl InputArgs {
    pub(crate) fn open(&self) -> anyhow::Result<Trace> {
        self.reading.open(&self.trace)
    }
}

/// How to read a trace, for commands that take it as an argument.
#[derive(Args)]
pub(crate) struct ReadingArgs {
    /// How the trace is written down: auto, lis, lirs, oracle, vscsi, csv, keys, u32be or u64be
    #[arg(long, default_value = "auto")]
    format: Format,
}

impl ReadingArgs {
    /// Opens the trace `name`: a file, or `-` for standard input.
    pub(crate) fn open(&self, name: &str) -> anyhow::Result<Trace> {
        Ok(Options::new().format(self.format).open(name)?)
    }
}
