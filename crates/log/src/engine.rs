//! What the log's callers and its threads share, and the three things that move bytes toward the disk: write, sync, roll.
//!
//! Lock order, outermost first: `trimming`, `tail`, then any one of a keydir shard, `segments`, `syncing`. The locks of
//! `progress` and `trimmer` guard flags only and are never held while another is taken.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
};

use crate::{
    Options, Result, SyncMode,
    commit::Progress,
    directory::Directory,
    format::{Lsn, SEGMENT_HEADER_BYTES, SegmentHeader, claim},
    keydir::Keydir,
    locks::lock,
    poison::Poison,
    recovery::Recovered,
    segment::{Segment, Segments},
    space::{Accounts, Gauges},
    trim::Trimmer,
};

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) directory: Directory,
    pub(crate) options: Options,
    store_id: u64,
    pub(crate) keydir: Keydir,
    pub(crate) segments: Segments,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) poison: Poison,
    /// The append lock: order in the log is the order in which it was taken.
    pub(crate) tail: Mutex<Tail>,
    pub(crate) progress: Progress,
    /// One fdatasync at a time. The kernel reports a failed write-back to one caller only, so a second sync that ran
    /// between the first one's failure and the poisoning would succeed and acknowledge what is lost.
    syncing: Mutex<()>,
    /// Held by who deletes segments: the trimmer, a caller of trim, or clear.
    pub(crate) trimming: Mutex<()>,
    pub(crate) trimmer: Trimmer,
    mode: AtomicU8,
    last_lsn: AtomicU64,
    pub(crate) appends: AtomicU64,
    syncs: AtomicU64,
}

/// The end of the log.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) active: Arc<Segment>,
    /// What was appended to the active segment but not yet written.
    pub(crate) pending: Vec<u8>,
    pub(crate) last_lsn: Lsn,
    /// A segment was sealed, by whomever, and no writer has looked at the space since.
    pub(crate) rolled: bool,
    /// Where the active segment ended when the mark of a clean end was written; 0 if there is none.
    pub(crate) marked_at: u64,
    /// Of the last clear; while nothing was written since, there is nothing to clear.
    pub(crate) clear_lsn: Option<Lsn>,
    pub(crate) accounts: Accounts,
}

impl Tail {
    /// Where the next record goes.
    pub(crate) fn end(&self) -> u64 {
        self.active.written_bytes() + self.pending.len() as u64
    }
}

impl Engine {
    pub(crate) fn new(directory: Directory, options: Options, recovered: Recovered) -> Self {
        let Recovered { store_id, keydir, segments, active, accounts, last_lsn, marked, .. } = recovered;
        Self {
            directory,
            mode: AtomicU8::new(options.sync as u8),
            options,
            store_id,
            keydir,
            segments: Segments::new(segments),
            gauges: Arc::clone(accounts.gauges()),
            poison: Poison::default(),
            tail: Mutex::new(Tail {
                marked_at: if marked { active.written_bytes() } else { 0 },
                active,
                pending: Vec::new(),
                last_lsn,
                rolled: false,
                clear_lsn: None,
                accounts,
            }),
            progress: Progress::new(last_lsn),
            syncing: Mutex::new(()),
            trimming: Mutex::new(()),
            trimmer: Trimmer::default(),
            last_lsn: AtomicU64::new(last_lsn.0),
            appends: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
        }
    }

    pub(crate) fn mode(&self) -> SyncMode {
        SyncMode::from_u8(self.mode.load(Ordering::Acquire))
    }

    pub(crate) fn set_mode(&self, mode: SyncMode) {
        self.mode.store(mode as u8, Ordering::Release);
        self.settle();
    }

    pub(crate) fn last_lsn(&self) -> Lsn {
        Lsn(self.last_lsn.load(Ordering::Acquire))
    }

    /// Gives out the LSN after the last.
    pub(crate) fn next_lsn(&self, tail: &mut Tail) -> Lsn {
        tail.last_lsn.0 += 1;
        self.last_lsn.store(tail.last_lsn.0, Ordering::Release);
        tail.last_lsn
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Hands all that was appended to the operating system, in one write.
    ///
    /// Under the append lock: a group is a few KiB, and to copy it takes less than to hand the lock over twice.
    pub(crate) fn write_pending(&self, tail: &mut Tail) -> Result<()> {
        self.poison.check()?;
        if !tail.pending.is_empty() {
            let (active, offset) = (&tail.active, tail.active.written_bytes());
            claim(&mut tail.pending, active.salt, offset, active.synced_bytes());
            // On failure the bytes stay, so that reads of them go on.
            tail.active.write(&tail.pending).map_err(|source| self.poison.set(&tail.active.path, source))?;
            if tail.pending.capacity() > 4 * crate::append::PENDING_BYTES_MAX {
                tail.pending = Vec::new();
            } else {
                tail.pending.clear();
            }
        }
        self.progress.set_written(tail.last_lsn);
        Ok(())
    }

    /// Puts on disk all that was appended before the call, and tells who waits for it.
    pub(crate) fn sync(&self) -> Result<()> {
        let result = self.sync_round();
        self.settle();
        result
    }

    /// One group: one write and one fdatasync. While the latter runs, the next group gathers.
    pub(crate) fn sync_round(&self) -> Result<()> {
        let (active, lsn) = {
            let mut tail = lock(&self.tail);
            self.write_pending(&mut tail)?;
            (Arc::clone(&tail.active), tail.last_lsn)
        };
        // The segments before this one were synced when they were sealed.
        self.sync_segment(&active)?;
        self.progress.set_synced(lsn);
        Ok(())
    }

    /// Leaves a mark behind the last record, on which the next opening can tell damage there from a crash.
    pub(crate) fn mark_clean_end(&self) -> Result<()> {
        let mut tail = lock(&self.tail);
        if tail.end() == SEGMENT_HEADER_BYTES as u64 || tail.end() == tail.marked_at {
            return Ok(());
        }
        self.append_mark(&mut tail);
        self.write_pending(&mut tail)
    }

    fn sync_segment(&self, segment: &Segment) -> Result<()> {
        let _one = lock(&self.syncing);
        self.poison.check()?;
        segment.sync(&self.directory).map_err(|source| self.poison.set(&segment.path, source))?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Begins a new segment if `bytes` do not fit into this one.
    pub(crate) fn make_room(&self, tail: &mut Tail, bytes: u64) -> Result<()> {
        let end = tail.end();
        if end == SEGMENT_HEADER_BYTES as u64 || end + bytes <= self.options.segment_bytes {
            return Ok(());
        }
        self.roll(tail)
    }

    /// Seals the active segment and begins the next.
    ///
    /// The old one is synced first, in every mode: its successor's header states its length, so it must not come back
    /// shorter from a power cut. Only the active segment can have a torn tail.
    pub(crate) fn roll(&self, tail: &mut Tail) -> Result<()> {
        self.write_pending(tail)?;
        self.sync_segment(&tail.active)?;
        self.progress.set_synced(tail.last_lsn);
        let Some(number) = tail.active.number.checked_add(1) else {
            let source = io::Error::other("segment numbers are used up");
            return Err(self.poison.set(&tail.active.path, source));
        };
        let header = SegmentHeader {
            store_id: self.store_id,
            number,
            next_lsn: Lsn(tail.last_lsn.0 + 1),
            previous_bytes: tail.active.written_bytes(),
        };
        let segment = Segment::create(&self.directory, &header)
            .map_err(|(path, source)| self.poison.set(&path, source))?;
        tail.active = Arc::new(segment);
        tail.rolled = true;
        self.segments.push(Arc::clone(&tail.active));
        tail.accounts.push_segment(number, SEGMENT_HEADER_BYTES as u64);
        Ok(())
    }
}
