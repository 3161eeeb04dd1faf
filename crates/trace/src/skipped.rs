//! What lenient reading passed over.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::TraceError;

/// What a lenient reader passed over: lines and records that made no sense, and the missing end of a trace.
///
/// A handle: it keeps telling after the trace has gone, and is about the latest pass if the trace was reopened.
#[derive(Clone, Debug, Default)]
pub struct Skipped(Arc<Mutex<Passed>>);

#[derive(Debug, Default)]
struct Passed {
    malformed: u64,
    first: Option<String>,
    cut: Option<String>,
}

impl Skipped {
    /// Whether nothing was passed over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.with(|passed| passed.malformed == 0 && passed.cut.is_none())
    }

    /// How many lines or records made no sense.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.with(|passed| passed.malformed)
    }

    /// Whether the trace ended too early.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.with(|passed| passed.cut.is_some())
    }

    pub(crate) fn clear(&self) {
        self.with(|passed| *passed = Passed::default());
    }

    pub(crate) fn add(&self, error: &TraceError) {
        self.with(|passed| {
            passed.malformed += 1;
            passed.first.get_or_insert_with(|| error.to_string());
        });
    }

    pub(crate) fn add_cut(&self, error: &TraceError) {
        self.with(|passed| passed.cut = Some(error.to_string()));
    }

    fn with<T>(&self, read: impl FnOnce(&mut Passed) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One line; empty if nothing was passed over.
impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|Passed { malformed, first, cut }| {
            if let Some(first) = first {
                let s = if *malformed == 1 { "" } else { "s, the first" };
                write!(f, "skipped {malformed} malformed line{s}: {first}")?;
            }
            let between = if first.is_some() && cut.is_some() { "; " } else { "" };
            match cut {
                Some(cut) => write!(f, "{between}went on without the rest: {cut}"),
                None => Ok(()),
            }
        })
    }
}
