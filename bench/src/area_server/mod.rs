//! Area `server`: `nuthatch serve` beside the servers whose clients it speaks to, over loopback.
//!
//! All servers of a comparison run from its start to its end and are loaded in turns; one that is not loaded sleeps.
//! What counts most is the server's own processor time per operation: throughput and latency on a machine that client
//! and server share say as much about the client.

mod affinity;
mod client;
mod comparison;
mod process;
mod product;
mod requests;

use std::path::PathBuf;

use anyhow::Context;

use crate::{
    area_server::{
        comparison::Comparison,
        product::{Durability, Product},
        requests::Command,
    },
    effort::Effort,
    report::Report,
};

/// What the server area is told beside its effort.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Servers on core 0, the client on core 1.
    pub(crate) pin: bool,
}

pub(crate) fn run(options: Options, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let programs = programs()?;
    for (durability, commands) in [
        (Durability::Memory, &[Command::Get, Command::Set][..]),
        (Durability::EverySecond, &[Command::Set]),
        (Durability::Always, &[Command::Set]),
    ] {
        let comparison = Comparison { programs: &programs, durability, commands, options, effort };
        if comparison.is_wanted(report) {
            comparison.run(report).with_context(|| format!("comparing servers, {durability}"))?;
        }
    }
    Ok(())
}

/// The servers that there are. Peers that are missing are named.
fn programs() -> anyhow::Result<Vec<(Product, PathBuf)>> {
    let mut found = Vec::new();
    for product in Product::ALL {
        match product.find()? {
            Some(program) => found.push((product, program)),
            None => eprintln!("missing peer: {name} (no {name}-server in PATH)", name = product.name()),
        }
    }
    Ok(found)
}
