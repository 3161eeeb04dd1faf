//! Getting dead bytes back, from the head of the log.
//!
//! The live records of the oldest segment are appended again, a clear record that disowns the segment follows, both are
//! synced, and the file is deleted. Always the oldest: nothing is older, so its tombstones have nothing left to hide and
//! are dropped with it, and no older value can come back. (Compaction of an arbitrary segment has to keep tombstones;
//! it was Bitcask's first data-loss bug.)
//!
//! A crash at any point leaves a log that means the same: before the sync, the old segment is whole, and a copy behind
//! it says what the original says; after it, the old segment counts for nothing, whether or not its file is still there.
//!
//! One thread trims after each roll. A pass looks at each segment once at most, so it ends; writers that outrun it wait
//! ([`trim_soon`](Engine::trim_soon)), so space is bounded without a promise about the thread's speed.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    LogError, Result,
    engine::Engine,
    format::{Kind, flags},
    keydir::Location,
    locks::{lock, wait},
    reader::{Reader, Step},
    segment::Segment,
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
        let percent = self.options.dead_percent_max;
        let far_above = percent + (100 - percent) / 2;
        let mut state = lock(&self.trimmer.state);
        if state.failed || self.trimmer.stop.load(Ordering::Acquire) {
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
            let result = panic::catch_unwind(AssertUnwindSafe(|| self.trim()));
            state = lock(&self.trimmer.state);
            state.running = false;
            // Shown by `Stats::trim_failed`; `Log::trim` says why. A full disk may have room the next time.
            state.failed |= !matches!(result, Ok(Ok(()) | Err(LogError::Full { .. })));
            self.trimmer.changed.notify_all();
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

    /// One pass, until dead bytes are within their share or each segment that is there now was looked at.
    pub(crate) fn trim(&self) -> Result<()> {
        let _alone = lock(&self.trimming);
        for _ in 0..self.segments.len() {
            self.drop_dead_heads()?;
            if !self.gauges.dead_above(self.options.dead_percent_max) {
                return Ok(());
            }
            let Some(oldest) = self.segments.oldest() else {
                return Ok(());
            };
            if lock(&self.tail).active.number == oldest.number {
                return Ok(());
            }
            self.write_out()?; // its end may still be in memory
            if !self.empty(&oldest)? {
                return Ok(());
            }
        }
        self.drop_dead_heads()
    }

    /// Appends the live records of a sealed segment again. False if it was stopped before the end.
    fn empty(&self, segment: &Segment) -> Result<bool> {
        let file = segment.file().map_err(|source| LogError::Read { path: segment.path.clone(), source })?;
        let mut reader = Reader::new(file, &segment.path, segment.written_bytes(), segment.salt);
        while !self.trimmer.stop.load(Ordering::Acquire) {
            let offset = reader.offset();
            let record = match reader.step()? {
                Step::End => return Ok(true),
                Step::Record(record) => record,
                Step::Bad => {
                    return Err(LogError::Damaged { path: segment.path.clone(), offset });
                }
            };
            if record.header.kind == Kind::Put {
                self.keep_if_live(segment, record.offset, record.key)?;
            }
        }
        Ok(false)
    }

    fn keep_if_live(&self, segment: &Segment, offset: u64, key: &[u8]) -> Result<()> {
        let lives_here = |at: &Location| at.segment == segment.number && u64::from(at.offset) == offset;
        let Some(location) = self.keydir.get(key).filter(lives_here) else {
            return Ok(());
        };
        let now_ms = (self.options.clock)();
        if location.expired(now_ms) {
            self.forget_expired(key, now_ms);
            return Ok(());
        }
        let value = segment.read_value(key, &location)?;
        self.move_record(&location, key, &value)
    }

    /// Deletes the oldest segments up to the first that still counts.
    fn drop_dead_heads(&self) -> Result<()> {
        let mut tail = lock(&self.tail);
        let dead = tail.accounts.dead_heads();
        let Some(oldest) = self.segments.oldest().filter(|_| dead > 0) else {
            return Ok(());
        };
        self.poison.check()?;
        let below = oldest.number + dead as u32;
        let lsn = tail.last_lsn;
        self.append_clear(&mut tail, below, flags::MOVED, lsn)?;
        drop(tail);
        self.sync()?;
        self.delete_segments_below(below)
    }

    /// Deletes files that a clear record on disk has disowned. Under `trimming`.
    pub(crate) fn delete_segments_below(&self, number: u32) -> Result<()> {
        while self.segments.oldest().is_some_and(|segment| segment.number < number) {
            let Some(segment) = self.segments.pop_oldest() else {
                break;
            };
            lock(&self.tail).accounts.pop_segment(segment.written_bytes());
            // Not synced: if a power cut brings the file back, opening finds it disowned and deletes it again.
            self.directory.remove(&segment.path)?;
        }
        // Who waits for space looks again.
        drop(lock(&self.trimmer.state));
        self.trimmer.changed.notify_all();
        Ok(())
    }
}
