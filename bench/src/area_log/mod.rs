//! Area `log`: the log on disk as a durable key-value store, beside fjall, redb and SQLite. `bench/README.md` says what
//! each measure means and how each peer is told to be durable.

mod amplification;
mod cold;
mod compacting;
mod durable_puts;
mod fill;
mod gets;
mod latencies;
pub(crate) mod life;
mod pairs;
mod reopening;
mod store;

use std::path::PathBuf;

use anyhow::Context;
use tempfile::TempDir;

use crate::{
    effort::Effort,
    own_folder::{own_folder, real_file_system},
    report::Report,
};

/// Where stores have their folders.
pub(crate) struct Ground {
    home: PathBuf,
}

impl Ground {
    /// A folder that is gone when dropped.
    fn folder(&self) -> anyhow::Result<TempDir> {
        let made = TempDir::with_prefix_in("bench-log-", &self.home);
        made.with_context(|| format!("cannot make a folder in {}", self.home.display()))
    }
}

pub(crate) fn run(effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let home = own_folder()?;
    let kind = real_file_system(&home)?;
    report.note(&format!("stores lie in {}, on {kind}", home.display()));
    let ground = Ground { home };
    durable_puts::measure(&ground, effort, report).context("measuring durable puts")?;
    gets::measure(&ground, effort, report).context("measuring gets")?;
    reopening::measure(&ground, effort, report).context("measuring memory and reopening")?;
    amplification::measure(&ground, effort, report).context("measuring write amplification")?;
    compacting::measure(&ground, effort, report).context("measuring puts beside compaction")?;
    Ok(())
}
