//! The `nuthatch` binary: serves a cache, replays traces, drives servers.

mod bench;
mod config;
mod input;
mod interrupt;
mod log;
mod output;
mod serve;
mod simulate;
mod sink;
mod trace;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A cache engine: serve it to Redis clients and browsers, replay real traces against its policies, measure servers.
#[derive(Parser)]
#[command(name = "nuthatch", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a cache over RESP (every Redis client) and HTTP (browsers, curl).
    Serve(serve::ServeArgs),
    /// Replay a trace: which eviction policy, and how much memory, would have hit how often?
    Simulate(simulate::SimulateArgs),
    /// Look at traces and rewrite them.
    #[command(subcommand)]
    Trace(trace::TraceCommand),
    /// Write a made-up workload as a trace: zipf, scans, flash crowds, YCSB.
    Workload(Box<workload::WorkloadArgs>),
    /// Drive a server and measure it: throughput, latency, and with a trace the hit ratio.
    Bench(Box<bench::BenchArgs>),
    /// Look after a log directory.
    #[command(subcommand)]
    Log(log::LogCommand),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Simulate(args) => return exit(simulate::run(&args)),
        Command::Trace(command) => return exit(trace::run(&command)),
        Command::Workload(args) => return exit(workload::run(&args)),
        Command::Bench(args) => bench::run(*args),
        Command::Log(command) => return exit(log::run(&command)),
    };
    exit(result.map(|()| ExitCode::SUCCESS))
}

/// The code to end with; says why if it is an error.
fn exit(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("nuthatch: {error:#}");
            ExitCode::FAILURE
        }
    }
}
