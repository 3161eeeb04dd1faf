//! `nuthatch log`: looks after a log directory that no server is using.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use nuthatch_log::{Log, Options};

use crate::output::print;

#[derive(Subcommand)]
pub(crate) enum LogCommand {
    /// Skip damaged bytes and keep all that is readable.
    ///
    /// What precedes and what follows the damage is kept, each lost range is named, and the damaged file stays beside
    /// the repaired one as `.damaged`. A key whose last write lay in a lost range has the value before it, or, if the
    /// lost write was its deletion, is back.
    Repair {
        /// The log directory
        dir: PathBuf,
    },
}

pub(crate) fn run(command: &LogCommand) -> anyhow::Result<()> {
    match command {
        LogCommand::Repair { dir } => {
            if !holds_a_log(dir) {
                anyhow::bail!(
                    "{} holds no log; name the directory given to `nuthatch serve --dir`",
                    dir.display()
                );
            }
            let (log, recovery) = Log::open(dir, Options::new().salvage(true))?;
            log.close()?;
            let mut report = String::new();
            for lost in &recovery.lost {
                writeln!(report, "lost {}: bytes {} to {}", lost.path.display(), lost.from, lost.to)?;
            }
            writeln!(
                report,
                "{}: {} keys from {} records, {} damaged ranges skipped, {} torn bytes cut off",
                dir.display(),
                recovery.keys,
                recovery.records,
                recovery.lost.len(),
                recovery.torn_bytes
            )?;
            print(&report)
        }
    }
}

/// Whether there is anything to repair: opening a directory that holds no log would make one.
fn holds_a_log(dir: &Path) -> bool {
    let mut files = fs::read_dir(dir).into_iter().flatten().flatten();
    files.any(|file| file.path().extension().is_some_and(|extension| extension == "seg"))
}
