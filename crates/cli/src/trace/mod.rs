//! `nuthatch trace`: looks at traces and rewrites them.

mod convert;
mod info;

use std::process::ExitCode;

use clap::Subcommand;

/// Look at traces and rewrite them.
#[derive(Subcommand)]
pub(crate) enum TraceCommand {
    /// Rewrite a trace in another format.
    Convert(convert::ConvertArgs),
    /// Tell what a trace is like: popularity, working set, reuse distances, what LRU would need.
    Info(info::InfoArgs),
}

pub(crate) fn run(command: &TraceCommand) -> anyhow::Result<ExitCode> {
    match command {
        TraceCommand::Convert(args) => convert::run(args),
        TraceCommand::Info(args) => info::run(args),
    }
}
