//! From memory to the system: what was appended, in chunks, in order, outside of the append lock.
//!
//! Appending puts records into `pending`, or, when a segment is full, the rest of that segment into `queue`; both are cheap,
//! so nobody waits for a disk under the append lock. Whoever needs the bytes written takes the `writing` lock and carries
//! over all that is there. A chunk stays in the queue until it is written, so that it can be read until then; and if the
//! disk is full, until there is room.
//!
//! A segment grows by whole steps of zeros, so that most syncs find a file whose length and blocks do not change and need
//! not wait for the file system's journal: docs/decisions/0011-write-path.md. Only with `SyncMode::Always`: nobody waits for
//! the syncs of the other modes.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    LogError, Result, SyncMode,
    engine::{Engine, Tail},
    format::{Lsn, SEGMENT_HEADER_BYTES, claim},
    keydir::Address,
    locks::lock,
    segment::Segment,
};

/// Pending bytes are written once there are this many, whether or not anyone waits for them.
pub(crate) const PENDING_BYTES_MAX: usize = 1 << 20;

/// Bytes of one segment on their way to it.
#[derive(Debug)]
pub(crate) struct Chunk {
    segment: Arc<Segment>,
    offset: u64,
    bytes: Vec<u8>,
    last_lsn: Lsn,
}

/// How far writing has come. Its lock is taken before the append lock.
#[derive(Debug)]
pub(crate) struct Writer {
    /// The segment written last; those before it are sealed.
    segment: Arc<Segment>,
    last_lsn: Lsn,
}

impl Writer {
    pub(crate) fn new(segment: Arc<Segment>, last_lsn: Lsn) -> Self {
        Self { segment, last_lsn }
    }
}

impl Engine {
    /// Hands all that was appended so far to the operating system. Returns what a sync must cover then: this segment, as
    /// those before it are sealed, and the LSN up to which that completes the log on disk.
    pub(crate) fn write_out(&self) -> Result<(Arc<Segment>, Lsn)> {
        let mut writer = lock(&self.writing);
        self.poison.check()?;
        let last_lsn = {
            let mut tail = lock(&self.tail);
            tail.cut();
            tail.last_lsn
        };
        let outcome = self.write_chunks(&mut writer);
        self.set_full(matches!(outcome, Err(LogError::Full { .. })));
        outcome?;
        // Also if nothing was to be written: LSNs of trimming and marks are not new.
        writer.last_lsn = writer.last_lsn.max(last_lsn);
        self.progress.set_written(writer.last_lsn);
        Ok((Arc::clone(&writer.segment), writer.last_lsn))
    }

    fn write_chunks(&self, writer: &mut Writer) -> Result<()> {
        loop {
            let Some(chunk) = lock(&self.tail).queue.front().cloned() else {
                return Ok(());
            };
            if chunk.segment.number() != writer.segment.number() {
                self.seal(writer)?;
            }
            let segment = &chunk.segment;
            let ahead = if self.mode() == SyncMode::Always { self.options.segment_bytes } else { 0 };
            segment
                .write(&self.directory, &chunk.bytes, chunk.offset, ahead)
                .map_err(|source| self.write_failed(segment, source))?;
            writer.segment = Arc::clone(segment);
            writer.last_lsn = chunk.last_lsn;
            self.progress.set_written(chunk.last_lsn);
            lock(&self.tail).written(chunk);
        }
    }

    /// Completes the segment written last, before its successor is made.
    ///
    /// It is synced in every mode: its successor's header states its length, so it must not come back shorter from a power
    /// cut. Only the active segment can have a torn tail.
    fn seal(&self, writer: &Writer) -> Result<()> {
        writer.segment.cut().map_err(|source| self.poison.set(&writer.segment.path, source))?;
        self.sync_segment(&writer.segment)?;
        self.progress.set_synced(writer.last_lsn);
        Ok(())
    }

    /// A full disk is no reason for poison: a write that the system refused before it took it may be tried again, unlike a
    /// sync that failed.
    fn write_failed(&self, segment: &Segment, source: io::Error) -> LogError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                LogError::Full { path: segment.path.clone(), source: Arc::new(source) }
            }
            _ => self.poison.set(&segment.path, source),
        }
    }

    /// Refuses what would have to wait in memory for room on the disk, unless there is room again.
    pub(crate) fn check_full(&self) -> Result<()> {
        if self.full.load(Ordering::Acquire) { self.write_out().map(drop) } else { Ok(()) }
    }

    /// For who cannot try: there was no room at the last attempt.
    pub(crate) fn full_error(&self) -> Option<LogError> {
        self.full.load(Ordering::Acquire).then(|| LogError::Full {
            path: lock(&self.tail).active.path.clone(),
            source: Arc::new(io::ErrorKind::StorageFull.into()),
        })
    }

    fn set_full(&self, full: bool) {
        if full != self.full.load(Ordering::Acquire) {
            self.full.store(full, Ordering::Release);
        }
    }
}

impl Tail {
    /// Where the next record goes.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Makes what is pending the queue's last chunk.
    pub(crate) fn cut(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.pending);
        let offset = self.end - bytes.len() as u64;
        // Nothing of a new segment is on disk, and its first chunk begins with the segment's header.
        if offset > 0 {
            claim(&mut bytes, self.active.salt, offset, self.active.synced_bytes());
        }
        let segment = Arc::clone(&self.active);
        self.queue.push_back(Arc::new(Chunk { segment, offset, bytes, last_lsn: self.last_lsn }));
    }

    /// The queue's first chunk was written. Its memory is used again if it is of a common size.
    fn written(&mut self, chunk: Arc<Chunk>) {
        self.queue.pop_front();
        if let Some(mut chunk) = Arc::into_inner(chunk)
            && self.pending.capacity() == 0
            && chunk.bytes.capacity() <= 4 * PENDING_BYTES_MAX
        {
            chunk.bytes.clear();
            self.pending = chunk.bytes;
        }
    }

    /// What is in memory only, from the record at `at` on, and no less than all of that.
    pub(crate) fn unwritten(&self, at: Address) -> Option<&[u8]> {
        let from = |chunk: &'_ [u8], start: u64| {
            let index = usize::try_from(u64::from(at.offset).checked_sub(start)?).ok()?;
            (index < chunk.len()).then_some(index..)
        };
        if at.segment == self.active.id {
            let start = self.end - self.pending.len() as u64;
            if let Some(range) = from(&self.pending, start) {
                return self.pending.get(range);
            }
        }
        self.queue.iter().filter(|chunk| chunk.segment.id == at.segment).find_map(|chunk| {
            let range = from(&chunk.bytes, chunk.offset)?;
            chunk.bytes.get(range)
        })
    }
}

/// What a segment is made with, and what it may grow by at once.
pub(crate) fn step_bytes(segment_bytes: u64) -> u64 {
    (segment_bytes / 64).clamp(4 << 10, 1 << 20).max(SEGMENT_HEADER_BYTES as u64)
}

#[cfg(test)]
impl Tail {
    /// What waits for another file goes to this one.
    pub(crate) fn make_room_for_test(&mut self, segment: &Arc<Segment>) {
        self.active = Arc::clone(segment);
        for chunk in &mut self.queue {
            *chunk = Arc::new(Chunk {
                segment: Arc::clone(segment),
                offset: chunk.offset,
                bytes: chunk.bytes.clone(),
                last_lsn: chunk.last_lsn,
            });
        }
    }

    /// What is appended from here on goes to a file that exists already, and so cannot be made.
    pub(crate) fn active_without_file(&mut self) {
        self.active = Arc::new(self.active.unopened());
    }
}
