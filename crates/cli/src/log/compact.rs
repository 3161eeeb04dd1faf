//! `nuthatch log compact`: gives dead bytes back to the disk.

use std::{path::PathBuf, process::ExitCode, thread, time::Duration};

use nuthatch_log::{Log, Options, Stats};
use serde::Serialize;

use crate::{
    log::{Target, open_unchanged, progress, size},
    output::print,
};

/// The least that the log can be told to leave.
const DEAD_PERCENT_MAX: u8 = 10;
/// How often the bar is told how far it is.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Serialize)]
struct Outcome {
    directory: PathBuf,
    keys: usize,
    disk_bytes_before: u64,
    disk_bytes_after: u64,
    dead_bytes_before: u64,
    dead_bytes_after: u64,
}

pub(super) fn run(target: &Target) -> anyhow::Result<ExitCode> {
    let dir = target.directory.with_a_log()?;
    // Opening reads hints in place of what they cover: damage would be met halfway, if at all, and by then files have changed.
    drop(open_unchanged(dir, Options::new(), "checking")?);
    let (log, _) = Log::open(dir, Options::new().dead_percent_max(DEAD_PERCENT_MAX))?;
    let before = log.stats();
    compact(&log, &before)?;
    let after = log.stats();
    log.close()?;
    let outcome = Outcome {
        directory: dir.to_owned(),
        keys: after.keys,
        disk_bytes_before: before.disk_bytes,
        disk_bytes_after: after.disk_bytes,
        dead_bytes_before: before.dead_bytes,
        dead_bytes_after: after.dead_bytes,
    };
    if target.json {
        print(&(serde_json::to_string(&outcome)? + "\n"))?;
    } else {
        let (before, after) = (size(before.disk_bytes), size(after.disk_bytes));
        print(&format!("{}: {before} before, {after} now\n", dir.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn compact(log: &Log, before: &Stats) -> nuthatch_log::Result<u64> {
    // All but the live bytes comes back, and they may be on the way more than once.
    let bar = progress::bar("compacting", before.disk_bytes);
    thread::scope(|scope| {
        let work = scope.spawn(|| log.trim());
        while !work.is_finished() {
            bar.set_position(log.stats().reclaimed_bytes - before.reclaimed_bytes);
            thread::sleep(LOOK);
        }
        bar.finish_and_clear();
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
