//! What the log's callers and its threads share, and how a group gets on disk.
//!
//! Lock order, outermost first: `trimming`, `writing`, `tail`, then any one of a keydir shard, `segments`, `syncing`
//! (which is also taken under `writing`). The locks of `progress` and `trimmer` guard flags only and are never held while
//! another is taken.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
};

use crate::{
    Options, Result, SyncMode,
    commit::Progress,
    directory::Directory,
    format::{Lsn, SEGMENT_HEADER_BYTES, SegmentHeader},
    hints::Hinted,
    keydir::Keydir,
    locks::lock,
    poison::Poison,
    recovery::Recovered,
    segment::{Segment, Segments},
    snapshot::Moment,
    space::{Accounts, Gauges},
    trim::Trimmer,
    write::{Chunk, Writer},
};

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) directory: Directory,
    pub(crate) options: Options,
    pub(crate) store_id: u64,
    pub(crate) keydir: Keydir,
    pub(crate) hinted: Hinted,
    pub(crate) segments: Segments,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) poison: Poison,
    /// The disk had no room for what is in memory.
    pub(crate) full: AtomicBool,
    /// Held by who writes to segments: one at a time, in the log's order.
    pub(crate) writing: Mutex<Writer>,
    /// The append lock: order in the log is the order in which it was taken. Never held during I/O.
    pub(crate) tail: Mutex<Tail>,
    pub(crate) progress: Progress,
    /// One fdatasync at a time. The kernel reports a failed write-back to one caller only, so a second sync that ran
    /// between the first one's failure and the poisoning would succeed and acknowledge what is lost.
    syncing: Mutex<()>,
    /// Held by who deletes segments: the trimmer, a caller of trim, or clear.
    pub(crate) trimming: Mutex<()>,
    pub(crate) trimmer: Trimmer,
    mode: AtomicU8,
    /// Ids for segments that compaction writes, counted down from the top.
    ids: AtomicU32,
    last_lsn: AtomicU64,
    pub(crate) appends: AtomicU64,
    syncs: AtomicU64,
}

/// The end of the log.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The segment that the next record goes to. Its file may not be made yet.
    pub(crate) active: Arc<Segment>,
    /// Where in it.
    pub(crate) end: u64,
    /// What was appended to the active segment last.
    pub(crate) pending: Vec<u8>,
    /// What was appended before that and is not yet written, oldest first.
    pub(crate) queue: VecDeque<Arc<Chunk>>,
    pub(crate) last_lsn: Lsn,
    /// A segment was sealed, by whomever, and no writer has looked at the space since.
    pub(crate) rolled: bool,
    /// Where the active segment ended when the mark of a clean end was written; 0 if there is none.
    pub(crate) marked_at: u64,
    /// Of the last clear; while nothing was written since, there is nothing to clear.
    pub(crate) clear_lsn: Option<Lsn>,
    pub(crate) accounts: Accounts,
    /// Of the snapshots that are open.
    pub(crate) moments: Vec<Arc<Moment>>,
}

impl Engine {
    pub(crate) fn new(directory: Directory, options: Options, recovered: Recovered) -> Self {
        let Recovered { store_id, keydir, segments, active, accounts, last_lsn, marked, hinted, .. } =
            recovered;
        let end = active.written_bytes();
        Self {
            directory,
            mode: AtomicU8::new(options.sync as u8),
            options,
            store_id,
            keydir,
            hinted: Hinted::new(hinted),
            segments: Segments::new(segments),
            gauges: Arc::clone(accounts.gauges()),
            poison: Poison::default(),
            full: AtomicBool::new(false),
            writing: Mutex::new(Writer::new(Arc::clone(&active), last_lsn)),
            tail: Mutex::new(Tail {
                active,
                end,
                pending: Vec::new(),
                queue: VecDeque::new(),
                last_lsn,
                rolled: false,
                marked_at: if marked { end } else { 0 },
                clear_lsn: None,
                accounts,
                moments: Vec::new(),
            }),
            progress: Progress::new(last_lsn),
            syncing: Mutex::new(()),
            trimming: Mutex::new(()),
            trimmer: Trimmer::default(),
            ids: AtomicU32::new(u32::MAX),
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

    /// An id that no segment has.
    pub(crate) fn new_id(&self) -> u32 {
        self.ids.fetch_sub(1, Ordering::Relaxed)
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Puts on disk all that was appended before the call, and tells who waits for it.
    pub(crate) fn sync(&self) -> Result<()> {
        let result = self.sync_round();
        self.settle();
        result
    }

    /// One group: one write and one fdatasync. While they run, the next group gathers.
    pub(crate) fn sync_round(&self) -> Result<()> {
        let (segment, lsn) = self.write_out()?;
        self.sync_segment(&segment)?;
        self.progress.set_synced(lsn);
        Ok(())
    }

    pub(crate) fn sync_segment(&self, segment: &Segment) -> Result<()> {
        let _one = lock(&self.syncing);
        self.poison.check()?;
        segment.sync(&self.directory).map_err(|source| self.poison.set(&segment.path, source))?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Leaves a mark behind the last record, on which the next opening can tell damage there from a crash, and gives back
    /// what was allotted ahead.
    ///
    /// The mark itself is not synced: without it, the end is one that a crash left.
    pub(crate) fn end_cleanly(&self) -> Result<()> {
        let mut tail = lock(&self.tail);
        if tail.end() != SEGMENT_HEADER_BYTES as u64 && tail.end() != tail.marked_at {
            self.append_mark(&mut tail);
            tail.marked_at = tail.end();
        }
        drop(tail);
        let (segment, _) = self.write_out()?;
        segment.cut().map_err(|source| self.poison.set(&segment.path, source))
    }

    /// Begins a new segment if `bytes` do not fit into this one.
    pub(crate) fn make_room(&self, tail: &mut Tail, bytes: u64) -> Result<()> {
        let end = tail.end();
        if end == SEGMENT_HEADER_BYTES as u64 || end + bytes <= self.options.segment_bytes {
            return Ok(());
        }
        self.roll(tail)
    }

    /// Ends the active segment and begins the next, so far in memory. Who writes seals the one and makes the other.
    pub(crate) fn roll(&self, tail: &mut Tail) -> Result<()> {
        let Some(number) = tail.active.number().checked_add(1) else {
            let source = io::Error::other("segment numbers are used up");
            return Err(self.poison.set(&tail.active.path, source));
        };
        tail.cut();
        let header = SegmentHeader::appended(self.store_id, number, Lsn(tail.last_lsn.0 + 1), tail.end());
        tail.active = Arc::new(Segment::unmade(&self.directory, &header));
        tail.pending.extend_from_slice(&header.encode());
        tail.end = SEGMENT_HEADER_BYTES as u64;
        tail.rolled = true;
        self.segments.push(Arc::clone(&tail.active));
        tail.accounts.push_segment(number, number, SEGMENT_HEADER_BYTES as u64);
        Ok(())
    }
}
