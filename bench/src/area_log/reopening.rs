//! What many keys take in memory, and how long opening them again takes: after a clean end, and after `kill -9`.

use tempfile::TempDir;

use crate::{
    area_log::{
        Ground, cold,
        life::{Life, Outcome, Subject, VALUE_BYTES},
        store::Product,
    },
    effort::Effort,
    report::{Better, Measure, Report, Sample},
};

/// Opening takes seconds: fewer rounds tell enough.
const ROUNDS_MAX: usize = 5;

const MEMORY: [&str; 3] =
    ["memory-per-key-filled", "memory-per-key-reopened", "memory-per-key-reopened-requested"];
const REOPEN: [&str; 3] = ["reopen-clean", "reopen-after-kill", "reopen-clean-cold"];

/// One store's answers.
struct Entrant {
    sample: Sample,
    product: Product,
    folder: TempDir,
    /// What filling took, and then opening, in the order of [`REOPEN`].
    filled: Vec<Outcome>,
    opened: [Vec<Outcome>; 3],
}

pub(super) fn measure(ground: &Ground, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    if !MEMORY.iter().chain(&REOPEN).any(|name| report.wants(name)) {
        return Ok(());
    }
    let keys = effort.keys_on_disk;
    let mut entrants = Vec::new();
    for product in Product::PLAIN {
        let (sample, folder) = (product.sample(), ground.folder()?);
        let mut entrant =
            Entrant { sample, product, folder, filled: Vec::new(), opened: [const { Vec::new() }; 3] };
        match entrant.subject(keys).lead(Life::Fill) {
            Ok(outcome) => {
                entrant.sample.beside = format!("filled in {:.1} s", outcome.seconds);
                entrant.filled.push(outcome);
            }
            Err(error) => entrant.sample.beside = format!("not filled: {error:#}"),
        }
        entrants.push(entrant);
    }
    for _ in 0..effort.rounds.min(ROUNDS_MAX) {
        for entrant in entrants.iter_mut().filter(|entrant| !entrant.filled.is_empty()) {
            if let Err(error) = entrant.take_turn(keys) {
                entrant.sample.beside = format!("not opened: {error:#}");
            }
        }
    }
    report_memory(&entrants, keys, report);
    report_reopening(&entrants, keys, report);
    Ok(())
}

impl Entrant {
    fn subject(&self, keys: u64) -> Subject<'_> {
        Subject { product: self.product, folder: self.folder.path(), keys }
    }

    fn take_turn(&mut self, keys: u64) -> anyhow::Result<()> {
        self.subject(keys).write_and_kill()?;
        let after_kill = self.subject(keys).lead(Life::Open)?;
        let clean = self.subject(keys).lead(Life::Open)?;
        cold::drop_cached_pages(self.folder.path())?;
        let cold = self.subject(keys).lead(Life::Open)?;
        for (opened, outcome) in self.opened.iter_mut().zip([clean, after_kill, cold]) {
            opened.push(outcome);
        }
        Ok(())
    }
}

/// Whose outcomes, and which of their figures.
type MemoryQuestion = (&'static str, fn(&Entrant) -> &[Outcome], fn(&Outcome) -> f64);

fn report_memory(entrants: &[Entrant], keys: u64, report: &mut Report) {
    let questions: [MemoryQuestion; 3] = [
        (MEMORY[0], |entrant| &entrant.filled, |outcome| outcome.resident_bytes),
        (MEMORY[1], |entrant| &entrant.opened[0], |outcome| outcome.resident_bytes),
        (MEMORY[2], |entrant| &entrant.opened[0], |outcome| outcome.requested_bytes),
    ];
    for (name, outcomes, bytes) in questions {
        let samples = entrants.iter().map(|entrant| {
            let outcomes = outcomes(entrant);
            let mut sample = entrant.sample.clone();
            sample.rounds = outcomes.iter().map(|outcome| bytes(outcome) / keys as f64).collect();
            if let Some(last) = outcomes.last() {
                sample.beside = format!("{:.1} MB for {keys} keys", bytes(last) / 1e6);
            }
            sample
        });
        let samples = samples.collect();
        report.add(&Measure { name: name.to_owned(), unit: "B/key", better: Better::Lower, samples });
    }
}

fn report_reopening(entrants: &[Entrant], keys: u64, report: &mut Report) {
    for (place, name) in REOPEN.into_iter().enumerate() {
        let samples = entrants.iter().map(|entrant| {
            let mut sample = entrant.sample.clone();
            sample.rounds = entrant.opened[place].iter().map(|outcome| outcome.seconds).collect();
            if !sample.rounds.is_empty() {
                let per_second = keys as f64 / sample.median();
                sample.beside =
                    format!("{:.2} M keys/s, {keys} keys, values of {VALUE_BYTES} bytes", per_second / 1e6);
            }
            sample
        });
        let samples = samples.collect();
        report.add(&Measure { name: name.to_owned(), unit: "s", better: Better::Lower, samples });
    }
}
