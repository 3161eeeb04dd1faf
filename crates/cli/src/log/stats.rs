//! `nuthatch log stats`: how much there is of what.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use nuthatch_log::{Log, Options, Recovery};
use serde::Serialize;

use crate::{
    log::{Target, grouped, open_unchanged, size},
    output::print,
};

/// Keys asked for at once.
const SCAN: usize = 1000;

#[derive(Serialize)]
struct Told {
    directory: PathBuf,
    segments: usize,
    disk_bytes: u64,
    live_bytes: u64,
    dead_bytes: u64,
    records: u64,
    /// Keys, those included that have expired.
    keys: usize,
    expired_keys: u64,
    key_bytes: u64,
    value_bytes: u64,
    largest_value_bytes: u64,
    last_lsn: u64,
    torn_bytes: u64,
}

pub(super) fn run(target: &Target) -> anyhow::Result<ExitCode> {
    let dir = target.directory.with_a_log()?;
    // Nothing has expired as far as opening is concerned, so that it can be counted.
    let (log, recovery) = open_unchanged(dir, Options::new().clock(|| 0), "reading")?;
    let told = Told::of(dir, &log, &recovery)?;
    print(&if target.json { serde_json::to_string(&told)? + "\n" } else { told.as_text() })?;
    Ok(ExitCode::SUCCESS)
}

impl Told {
    fn of(dir: &Path, log: &Log, recovery: &Recovery) -> nuthatch_log::Result<Self> {
        let stats = log.stats();
        let mut told = Self {
            directory: dir.to_owned(),
            segments: stats.segments,
            disk_bytes: stats.disk_bytes,
            live_bytes: stats.live_bytes,
            dead_bytes: stats.dead_bytes,
            records: recovery.records,
            keys: stats.keys,
            expired_keys: 0,
            key_bytes: 0,
            value_bytes: 0,
            largest_value_bytes: 0,
            last_lsn: log.last_lsn().0,
            torn_bytes: recovery.torn_bytes,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut cursor = 0;
        loop {
            let (next, keys) = log.scan_meta(cursor, SCAN)?;
            for (key, meta) in keys {
                let bytes = u64::from(meta.value_len);
                let is_over = meta.expires_at.is_some_and(|at| u128::from(at) <= now.as_millis());
                told.expired_keys += u64::from(is_over);
                told.key_bytes += key.len() as u64;
                told.value_bytes += bytes;
                told.largest_value_bytes = told.largest_value_bytes.max(bytes);
            }
            cursor = next;
            if cursor == 0 {
                return Ok(told);
            }
        }
    }

    fn as_text(&self) -> String {
        let share = |part: u64| format!("{:.0} %", 100.0 * part as f64 / self.disk_bytes.max(1) as f64);
        let rows = [
            ("segments", format!("{}, {}", self.segments, size(self.disk_bytes))),
            ("live", format!("{}, {}", size(self.live_bytes), share(self.live_bytes))),
            ("dead", format!("{}, {}", size(self.dead_bytes), share(self.dead_bytes))),
            ("records", grouped(self.records)),
            (
                "keys",
                format!(
                    "{}, of which {} have expired",
                    grouped(self.keys as u64),
                    grouped(self.expired_keys)
                ),
            ),
            ("bytes of keys", size(self.key_bytes)),
            (
                "bytes of values",
                format!("{}, at most {} in one", size(self.value_bytes), size(self.largest_value_bytes)),
            ),
            ("last LSN", grouped(self.last_lsn)),
            ("cut short", format!("{} bytes, by a crash", grouped(self.torn_bytes))),
        ];
        let mut text = format!("{}\n", self.directory.display());
        for (name, value) in rows {
            text.push_str(&format!("  {name:16} {value}\n"));
        }
        text
    }
}
