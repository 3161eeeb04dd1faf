//! The log as its users see it.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
};

use crate::{
    Batch, Committed, LogError, Lsn, Options, Recovery, Result, Snapshot, SyncMode,
    batch::Op,
    directory::{Directory, Lock},
    engine::Engine,
    recovery,
    trim::Pace,
    vfs::{Os, Vfs},
};

/// A durable key-value store in a directory. See the [crate's text](crate) for promises and costs.
///
/// Share it as `Arc<Log>`: all calls take `&self` and may come from any number of threads. One process at a time may
/// have a directory open.
#[derive(Debug)]
pub struct Log {
    pub(crate) engine: Arc<Engine>,
    threads: Vec<JoinHandle<()>>,
    /// Given up after everything else.
    _lock: Lock,
}

/// A value and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Unix time in milliseconds from which the entry counts as expired. The log returns it all the same.
    pub expires_at: Option<u64>,
    /// The write that set it.
    pub lsn: Lsn,
}

/// What is known about an entry beside its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meta {
    /// As in [`Entry::expires_at`].
    pub expires_at: Option<u64>,
    /// Length of the value in bytes.
    pub value_len: u32,
    /// The write that set it.
    pub lsn: Lsn,
}

/// A key and what is known about its entry.
pub type Keyed = (Box<[u8]>, Meta);

/// The key's last write is another than was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The key's last write; `None` if there is no such key.
    pub current: Option<Lsn>,
}

/// Counters and gauges of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Segments, and so open files.
    pub segments: usize,
    /// Bytes of all segments.
    pub disk_bytes: u64,
    /// Bytes of the records that hold a key's value.
    pub live_bytes: u64,
    /// All other bytes: overwritten and deleted records, tombstones, headers.
    pub dead_bytes: u64,
    /// Live keys, expired ones included until they are dropped.
    pub keys: usize,
    /// Batches appended since opening.
    pub appends: u64,
    /// Times that a segment was synced since opening; far below `appends` if group commit groups.
    pub syncs: u64,
    /// Bytes of the segments deleted since opening.
    pub reclaimed_bytes: u64,
    /// Bytes that compaction wrote since opening. Beside what was appended, that is the write amplification.
    pub compacted_bytes: u64,
    /// Trimming met an error and stopped, so space is no longer bounded. [`Log::trim`] tells the error.
    pub trim_failed: bool,
    /// A write or a sync failed, so the log takes no more writes.
    pub poisoned: bool,
}

impl Log {
    /// Opens the log in `dir`, which is made if it is not there, and reads it from end to end.
    ///
    /// Starts two threads, one that syncs and one that trims.
    ///
    /// # Errors
    ///
    /// [`LogError::Locked`] if another `Log` has it open; [`LogError::Directory`], [`LogError::Read`] or
    /// [`LogError::Write`] if the system refuses; [`LogError::Damaged`] or [`LogError::MissingSegment`] if stored data
    /// is not what was written and [`Options::salvage`] is not set; [`LogError::UnsupportedVersion`].
    ///
    /// # Cost
    ///
    /// Reads the hints of segments of 1 MiB and more, sixteen bytes per record and on two threads, and reads and checks every byte of the
    /// segments that have none: always what was appended since the last seal, and all with [`Options::salvage`]. Memory is
    /// bounded by the keys and one hint. Damage in a segment that has a hint is found by whoever reads the record.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<(Self, Recovery)> {
        Self::open_on(Arc::new(Os), dir, options)
    }

    /// As [`open`](Self::open), on a file system of your choice.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_on(vfs: Arc<dyn Vfs>, dir: impl AsRef<Path>, options: Options) -> Result<(Self, Recovery)> {
        let (directory, lock) = Directory::open(vfs, dir.as_ref())?;
        let mut recovered = recovery::recover(&directory, &options)?;
        let report = std::mem::take(&mut recovered.report);
        let head_lost = recovered.head_lost;
        let mut log = Self {
            engine: Arc::new(Engine::new(directory, options, recovered)),
            threads: Vec::new(),
            _lock: lock,
        };
        if head_lost {
            log.engine.mark_head()?;
        }
        if log.sync_mode() != SyncMode::Never {
            // A crash of the process may have left records that were read back but are not on disk yet. What a reader
            // sees from now on must not be lost in a power cut later than the mode says.
            log.flush()?;
        }
        if log.engine.options.threads {
            log.spawn("nuthatch-commit", Engine::run_committer)?;
            log.spawn("nuthatch-trim", Engine::run_trimmer)?;
        }
        Ok((log, report))
    }

    /// Appends a batch and returns the LSN of its last write. The writes are readable at once and durable once
    /// [`commit`](Self::commit) has returned for that LSN. An empty batch returns the last LSN there is.
    ///
    /// Copies into memory. Now and then it writes 1 MiB, seals a segment with a sync, or waits for trimming.
    ///
    /// # Errors
    ///
    /// [`LogError::BatchLength`]: nothing was appended. [`LogError::Poisoned`]: nothing was appended.
    /// [`LogError::Write`]: the log is poisoned now, and whether the batch is there after reopening is not known.
    /// [`LogError::Full`]: the disk is full; call again when there is room. The batch may have been appended.
    pub fn append(&self, batch: &Batch<'_>) -> Result<Lsn> {
        self.engine.append(batch.ops())
    }

    /// Appends one put. As [`append`](Self::append), without a [`Batch`].
    ///
    /// # Errors
    ///
    /// Those of [`Batch::put`] and [`append`](Self::append).
    pub fn put(&self, key: &[u8], value: &[u8], expires_at: Option<u64>) -> Result<Lsn> {
        self.engine.append(&[Op::put(key, value, expires_at)?])
    }

    /// Appends one delete; if there is no such key, appends nothing and returns the last LSN there is.
    ///
    /// # Errors
    ///
    /// Those of [`Batch::delete`] and [`append`](Self::append).
    pub fn delete(&self, key: &[u8]) -> Result<Lsn> {
        self.engine.delete(Op::delete(key)?)
    }

    /// As [`put`](Self::put), if the key's last write is the one with LSN `expected`; `None` expects that there is no such key.
    /// An expired entry is there until it is dropped.
    ///
    /// Two callers that expect the same are never both served.
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put), and [`LogError::Damaged`] if what is there cannot be read. Inside of that, [`Conflict`]:
    /// nothing was appended.
    ///
    /// ```
    /// # fn main() -> Result<(), nuthatch_log::LogError> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let log = nuthatch_log::Log::open(dir.path(), nuthatch_log::Options::new())?.0;
    /// let first = log.compare_and_put(b"oak", None, b"acorn", None)?.expect("nothing was there");
    /// let conflict = log.compare_and_put(b"oak", None, b"gall", None)?.unwrap_err();
    /// assert_eq!(conflict.current, Some(first));
    /// log.compare_and_put(b"oak", Some(first), b"gall", None)?.expect("nobody came between");
    /// # Ok(())
    /// # }
    /// ```
    pub fn compare_and_put(
        &self,
        key: &[u8],
        expected: Option<Lsn>,
        value: &[u8],
        expires_at: Option<u64>,
    ) -> Result<Result<Lsn, Conflict>> {
        self.engine.append_if(Op::put(key, value, expires_at)?, expected)
    }

    /// As [`delete`](Self::delete), if the key's last write is the one with LSN `expected`.
    ///
    /// # Errors
    ///
    /// Those of [`compare_and_put`](Self::compare_and_put).
    pub fn compare_and_delete(&self, key: &[u8], expected: Lsn) -> Result<Result<Lsn, Conflict>> {
        self.engine.append_if(Op::delete(key)?, Some(expected))
    }

    /// All keys and values of this moment, to be read while writers go on. Expired entries included; in no order.
    ///
    /// Batches are in it whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit) in mode `Never`: what is in memory is written out. The iterator gives
    /// [`LogError::Damaged`] and [`LogError::Read`], and [`LogError::Cleared`] after [`clear`](Self::clear).
    ///
    /// # Cost
    ///
    /// Reads all segments from end to end, dead records included. Until it is dropped, files that compaction replaced keep
    /// their space, and each record that is overwritten, deleted or moved takes some 16 bytes of memory.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.engine.snapshot()
    }

    /// Removes every key. On return that is on disk, in every sync mode, and so is the space given back.
    ///
    /// Waits for two syncs, and for a trimming in progress.
    ///
    /// # Errors
    ///
    /// [`LogError::Poisoned`], [`LogError::Write`], and [`LogError::Directory`] if a file could not be deleted; the
    /// keys are gone all the same then.
    pub fn clear(&self) -> Result<Lsn> {
        self.engine.clear()
    }

    /// The value of `key`, or `None` if there is none. An expired entry is returned; compare
    /// [`Entry::expires_at`] with your clock.
    ///
    /// # Errors
    ///
    /// [`LogError::Damaged`] if the stored record is not what was written; [`LogError::Read`].
    ///
    /// # Cost
    ///
    /// One `pread` and one allocation of the record's size. No wait for writers, except for a value appended so
    /// recently that it is still in memory.
    pub fn get(&self, key: &[u8]) -> Result<Option<Entry>> {
        self.engine.get(key)
    }

    /// What is known about `key` beside its value, or `None` if there is no such key. Expired or not.
    ///
    /// # Errors
    ///
    /// [`LogError::Damaged`] if the key cannot be told from what is stored; [`LogError::Read`].
    ///
    /// # Cost
    ///
    /// One `pread` of some hundred bytes if the key is there; else, but for one key in many thousands, none.
    pub fn meta(&self, key: &[u8]) -> Result<Option<Meta>> {
        let found = self.engine.find(self.engine.keydir.hash(key), key)?;
        Ok(found.map(|location| location.meta()))
    }

    /// Whether `key` is there, expired or not.
    ///
    /// # Errors
    ///
    /// Those of [`meta`](Self::meta), and its cost.
    pub fn contains(&self, key: &[u8]) -> Result<bool> {
        Ok(self.meta(key)?.is_some())
    }

    /// Number of keys, expired ones included.
    pub fn len(&self) -> usize {
        self.engine.keydir.table.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.engine.keydir.table.is_empty()
    }

    /// Returns about `count` keys (0 counts as 1) and the cursor to call with next. Cursor 0 starts; a returned 0 ends.
    ///
    /// A key that is there from the first call to the last is returned, whatever is written meanwhile. A key that comes or
    /// goes meanwhile may or may not be. In the order of the keys' hashes, which is none to the eye but does not change, so
    /// a cursor stays good; expired keys included.
    ///
    /// # Errors
    ///
    /// [`LogError::Damaged`] if one of the records is not what was written; [`LogError::Read`].
    ///
    /// # Cost
    ///
    /// One `pread` of some hundred bytes for each key, in no order of the disk.
    pub fn scan(&self, cursor: u64, count: usize) -> Result<(u64, Vec<Box<[u8]>>)> {
        let (next, keys) = self.scan_meta(cursor, count)?;
        Ok((next, keys.into_iter().map(|(key, _)| key).collect()))
    }

    /// As [`scan`](Self::scan), with what [`meta`](Self::meta) tells, at the same cost.
    ///
    /// # Errors
    ///
    /// Those of [`scan`](Self::scan).
    pub fn scan_meta(&self, cursor: u64, count: usize) -> Result<(u64, Vec<Keyed>)> {
        self.engine.scan(cursor, count, false)
    }

    /// As [`scan_meta`](Self::scan_meta), but of the `count` keys returns those only that will expire at some time, and
    /// reads only their records.
    ///
    /// # Errors
    ///
    /// Those of [`scan`](Self::scan).
    pub fn scan_expiring(&self, cursor: u64, count: usize) -> Result<(u64, Vec<Keyed>)> {
        self.engine.scan(cursor, count, true)
    }

    /// Forgets `key` if it has expired by `now_ms`, and says whether it did.
    ///
    /// Writes no tombstone: opening drops expired records by itself. (So a clock that is set back across a restart
    /// brings such a key back for the rest of its time, even if [`delete`](Self::delete) was called after this.)
    ///
    /// # Errors
    ///
    /// Those of [`meta`](Self::meta), and its cost.
    pub fn forget_expired(&self, key: &[u8], now_ms: u64) -> Result<bool> {
        self.engine.forget_expired(key, now_ms)
    }

    /// Blocks until everything appended up to `lsn` is as durable as the sync mode promises.
    ///
    /// # Errors
    ///
    /// [`LogError::Write`] or [`LogError::Poisoned`]: it may or may not be durable.
    pub fn commit(&self, lsn: Lsn) -> Result<()> {
        self.engine.commit(lsn)
    }

    /// The async twin of [`commit`](Self::commit), for any executor; it owns what it needs.
    ///
    /// With `SyncMode::Never` and `EverySec` it is ready at the first poll, after one `write()` at most.
    pub fn committed(&self, lsn: Lsn) -> Committed {
        Committed::new(Arc::clone(&self.engine), lsn)
    }

    /// The LSN of the newest write, of this process or those before; 0 if there never was one.
    pub fn last_lsn(&self) -> Lsn {
        self.engine.last_lsn()
    }

    /// What commits wait for.
    pub fn sync_mode(&self) -> SyncMode {
        self.engine.mode()
    }

    /// Changes what commits wait for, including those that wait already.
    pub fn set_sync(&self, mode: SyncMode) {
        self.engine.set_mode(mode);
    }

    /// Writes and syncs everything appended so far, whatever the mode.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit).
    pub fn flush(&self) -> Result<()> {
        self.engine.sync()
    }

    /// Trims now, in the calling thread, until dead bytes are within [`Options::dead_percent_max`], and returns the
    /// bytes given back. There is no need to call this: a thread does it.
    ///
    /// # Errors
    ///
    /// [`LogError::Damaged`] or [`LogError::Read`] if a segment cannot be read, in which case it is kept;
    /// [`LogError::Write`] and [`LogError::Poisoned`]; [`LogError::Directory`] if a file could not be deleted.
    pub fn trim(&self) -> Result<u64> {
        let before = self.engine.gauges.reclaimed_bytes();
        self.engine.trim(Pace::hasty())?;
        Ok(self.engine.gauges.reclaimed_bytes() - before)
    }

    /// Counters and gauges, each right by itself; together they may be a few writes apart.
    pub fn stats(&self) -> Stats {
        let engine = &*self.engine;
        Stats {
            segments: engine.segments.len(),
            disk_bytes: engine.gauges.disk_bytes(),
            live_bytes: engine.gauges.live_bytes(),
            dead_bytes: engine.gauges.dead_bytes(),
            keys: engine.keydir.table.len(),
            appends: engine.appends.load(Ordering::Relaxed),
            syncs: engine.syncs(),
            reclaimed_bytes: engine.gauges.reclaimed_bytes(),
            compacted_bytes: engine.gauges.compacted_bytes(),
            trim_failed: engine.trim_failed(),
            poisoned: engine.poison.check().is_err(),
        }
    }

    /// Writes and syncs what is left, and gives the directory up.
    ///
    /// Dropping the log does the same and keeps quiet about errors.
    ///
    /// # Errors
    ///
    /// Those of [`flush`](Self::flush).
    pub fn close(mut self) -> Result<()> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<()> {
        self.engine.stop_trimmer();
        self.engine.stop_committer();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing to add: its work is done below.
            let _ = thread.join();
        }
        let result = self.engine.sync().and_then(|()| self.engine.end_cleanly());
        if result.is_ok() {
            self.engine.write_hints(true);
        }
        self.engine.set_closed();
        result
    }

    fn spawn(&mut self, name: &str, run: fn(&Engine)) -> Result<()> {
        let engine = Arc::clone(&self.engine);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&engine))
            .map_err(|source| LogError::Thread { source })?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if !self.engine.is_closed() {
            let _ = self.shut_down();
        }
    }
}
