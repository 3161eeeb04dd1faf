//! Everything that is wrong with a log, found without a change to it.

use std::path::{Path, PathBuf};

use nuthatch_log::{LogError, Options, Recovery};
use serde::Serialize;

use crate::log::{grouped, open_unchanged, size};

/// What a look at every byte brought.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    directory: PathBuf,
    pub(super) intact: bool,
    segments: usize,
    /// Intact records of any kind, and the keys that they leave.
    records: u64,
    keys: usize,
    /// Bytes at the end that a crash cut short; no damage.
    torn_bytes: u64,
    /// What a repair would give up.
    pub(super) damage: Vec<Damage>,
    /// Why the server would not start.
    pub(super) error: Option<String>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Damage {
    path: PathBuf,
    /// First byte lost, and the byte behind the last.
    from: u64,
    to: u64,
    /// The whole file is not there.
    missing: bool,
}

/// Looks at every byte.
///
/// # Errors
///
/// What keeps it from looking: a server that uses the log, a disk that cannot be read, a later version's format.
pub(super) fn examine(dir: &Path) -> nuthatch_log::Result<Findings> {
    // Nothing has expired: what has is worth no less care.
    let options = Options::new().clock(|| 0);
    match open_unchanged(dir, options.clone(), "checking") {
        Ok((_, recovery)) => Ok(Findings::new(dir, &recovery, None)),
        Err(error @ (LogError::Damaged { .. } | LogError::MissingSegment { .. })) => {
            // Once more, past the first damage.
            let (_, recovery) = open_unchanged(dir, options.salvage(true), "looking behind the damage")?;
            Ok(Findings::new(dir, &recovery, Some(&error)))
        }
        Err(error) => Err(error),
    }
}

impl Findings {
    fn new(dir: &Path, recovery: &Recovery, error: Option<&LogError>) -> Self {
        let damage = recovery.lost.iter().map(|lost| Damage {
            path: lost.path.clone(),
            from: lost.from,
            to: lost.to,
            missing: !lost.path.exists(),
        });
        Self {
            directory: dir.to_owned(),
            intact: error.is_none(),
            segments: recovery.segments,
            records: recovery.records,
            keys: recovery.keys,
            torn_bytes: recovery.torn_bytes,
            damage: damage.collect(),
            error: error.map(ToString::to_string),
            seconds: recovery.elapsed.as_secs_f64(),
        }
    }

    /// One line for each damage, and one about the whole.
    pub(super) fn told(&self) -> String {
        let mut lines = self.damage.iter().map(Damage::told).collect::<Vec<String>>();
        // A damaged header may cost nothing.
        lines.extend(self.error.iter().filter(|_| self.damage.is_empty()).cloned());
        let verdict = if self.intact { "sound" } else { "damaged" };
        let mut all = format!(
            "{}: {verdict}: {} keys from {} intact records in {} segments",
            self.directory.display(),
            grouped(self.keys as u64),
            grouped(self.records),
            self.segments
        );
        if self.torn_bytes > 0 {
            let torn =
                format!("; a crash cut {} bytes short, which the next start cuts off", self.torn_bytes);
            all.push_str(&torn);
        }
        if !self.intact {
            let lost = self.damage.iter().map(|damage| damage.to.saturating_sub(damage.from)).sum();
            let (count, lost) = (self.damage.len(), size(lost));
            let ranges = if count == 1 { "range" } else { "ranges" };
            all.push_str(&format!("; {count} damaged {ranges} with {lost} would be lost in a repair"));
        }
        lines.push(all);
        lines.join("\n") + "\n"
    }
}

impl Damage {
    fn told(&self) -> String {
        let what = if self.missing { "missing" } else { "damaged" };
        format!("{what} {}: bytes {} to {}", self.path.display(), self.from, self.to)
    }
}
