//! Getting dead bytes back: when, and how fast.
//!
//! Segments at the head of the log that hold nothing that counts are deleted: a clear record that disowns them is synced first.
//! Others are rewritten without their dead records (`compact.rs`), those first that give most for least
//! (`victims.rs`).
//!
//! One thread does it, after each segment that was sealed. A pass ends: it looks once for each segment that is there. It copies no
//! faster than [`Options::compact_bytes_per_second`](crate::Options::compact_bytes_per_second), unless writers outrun it: they
//! wait once dead bytes are far above their share (`trim_soon`), and so space is bounded without a
//! promise about the thread's speed.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    LogError, Result,
    engine::Engine,
    format::flags,
    locks::{lock, wait},
    segment::Segment,
    victims,
};

#[derive(Debug, Default)]
pub(crate) struct Trimmer {
    state: Mutex<State>,
    changed: Condvar,
    /// Looked at between records, so that closing does not wait for a whole segment.
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    wanted: bool,
    running: bool,
    /// The last pass failed. Asking again would only fail again at the same place.
    failed: bool,
}

impl Engine {
    /// Asks for a pass, and waits for it if dead bytes are far above their share.
    pub(crate) fn trim_soon(&self) {
        let far_above = self.far_above();
        let mut state = lock(&self.trimmer.state);
        if state.failed || self.trimmer.stop.load(Ordering::Acquire) {
            return;
        }
        if !self.options.threads {
            drop(state);
            let failed = !matches!(self.trim(Pace::hasty()), Ok(()) | Err(LogError::Full { .. }));
            lock(&self.trimmer.state).failed = failed;
            return;
        }
        if !state.wanted {
            state.wanted = true;
            self.trimmer.changed.notify_all();
        }
        while (state.wanted || state.running) && !state.failed && self.gauges.dead_above(far_above) {
            state = wait(&self.trimmer.changed, state);
        }
    }

    /// The trimmer thread.
    pub(crate) fn run_trimmer(&self) {
        let mut state = lock(&self.trimmer.state);
        while !self.trimmer.stop.load(Ordering::Acquire) {
            if !state.wanted {
                state = wait(&self.trimmer.changed, state);
                continue;
            }
            (state.wanted, state.running) = (false, true);
            drop(state);
            // A caller's clock may panic; writers must not wait for a thread that is gone.
            let result = panic::catch_unwind(AssertUnwindSafe(|| self.trim(self.leisurely())));
            state = lock(&self.trimmer.state);
            state.running = false;
            // Shown by `Stats::trim_failed`; `Log::trim` says why. A full disk may have room the next time.
            state.failed |= !matches!(result, Ok(Ok(()) | Err(LogError::Full { .. })));
            self.trimmer.changed.notify_all();
            drop(state);
            self.write_hints(false); // nobody waits for this
            state = lock(&self.trimmer.state);
        }
    }

    pub(crate) fn stop_trimmer(&self) {
        let state = lock(&self.trimmer.state);
        self.trimmer.stop.store(true, Ordering::Release);
        drop(state);
        self.trimmer.changed.notify_all();
    }

    pub(crate) fn trim_failed(&self) -> bool {
        lock(&self.trimmer.state).failed
    }

    pub(crate) fn stopping(&self) -> bool {
        self.trimmer.stop.load(Ordering::Acquire)
    }

    /// One pass, until dead bytes are within their share or there was a look for each segment that is there now.
    pub(crate) fn trim(&self, mut pace: Pace<'_>) -> Result<()> {
        let _alone = lock(&self.trimming);
        for _ in 0..self.segments.len() {
            self.drop_dead_heads()?;
            let Some(run) = self.choose_run() else {
                return Ok(());
            };
            self.write_out()?; // the end of its last segment may still be in memory
            if !self.compact(&run, &mut pace)? {
                return Ok(());
            }
        }
        self.drop_dead_heads()
    }

    /// What to rewrite next; `None` if there is no need to.
    fn choose_run(&self) -> Option<Vec<Arc<Segment>>> {
        let now_ms = (self.options.clock)();
        let tail = lock(&self.tail);
        let expired = tail.accounts.sealed().any(|(_, account)| account.expired(now_ms));
        if !expired && !self.gauges.dead_above(self.options.dead_percent_max) {
            return None;
        }
        let run = victims::choose(&tail.accounts, self.options.segment_bytes, now_ms)?;
        run.into_iter().map(|id| self.segments.get(id)).collect()
    }

    /// The pace of the background thread: limited, but not once writers wait.
    pub(crate) fn leisurely(&self) -> Pace<'_> {
        Pace { engine: Some(self), due: Instant::now() }
    }

    fn far_above(&self) -> u8 {
        let percent = self.options.dead_percent_max;
        percent + (100 - percent) / 2
    }

    /// Deletes the oldest segments up to the first that still counts.
    fn drop_dead_heads(&self) -> Result<()> {
        let mut tail = lock(&self.tail);
        let Some(below) = tail.accounts.dead_below() else {
            return Ok(());
        };
        self.poison.check()?;
        let lsn = tail.last_lsn;
        self.append_clear(&mut tail, below, flags::MOVED, lsn)?;
        drop(tail);
        self.sync()?;
        self.delete_segments_below(below)
    }

    /// Deletes files that a clear record on disk has disowned. Under `trimming`.
    pub(crate) fn delete_segments_below(&self, number: u32) -> Result<()> {
        while self.segments.oldest().is_some_and(|segment| segment.number() < number) {
            let Some(segment) = self.segments.pop_oldest() else {
                break;
            };
            self.keydir.release(segment.id);
            lock(&self.tail).accounts.remove_segment(segment.id);
            // Not synced: if a power cut brings the file back, opening finds it disowned and deletes it again.
            self.directory.remove_segment(&segment.path)?;
        }
        // Who waits for space looks again.
        drop(lock(&self.trimmer.state));
        self.trimmer.changed.notify_all();
        Ok(())
    }
}

/// How fast to copy.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    /// `None`: as fast as can be.
    engine: Option<&'a Engine>,
    due: Instant,
}

impl Pace<'_> {
    pub(crate) fn hasty() -> Self {
        Self { engine: None, due: Instant::now() }
    }

    /// Waits until copying `bytes` more keeps to the limit.
    pub(crate) fn spend(&mut self, bytes: u64) {
        let Some(engine) = self.engine else { return };
        let rate = engine.options.compact_bytes_per_second.max(1);
        let now = Instant::now();
        self.due = self.due.max(now) + Duration::from_secs_f64(bytes as f64 / rate as f64);
        let mut state = lock(&engine.trimmer.state);
        while !engine.stopping() && !engine.gauges.dead_above(engine.far_above()) {
            let Some(left) = self.due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                break;
            };
            let waited = engine.trimmer.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
