//! Rewriting segments without what no longer counts.
//!
//! A run of neighbouring segments becomes one file, in the same order, so what stands where in the log's order does not change
//! and a crash needs no thought: the new file takes the name of the last of them in one step (`rename`), and its header says
//! that it stands for the others too. Before that step it is a file that opening deletes; after it, the others are.
//!
//! Nothing of this touches the tail: copies go to a file of their own, with their own syncs, at a limited rate, and the append lock
//! is held for a few table entries at a time.
//!
//! # What has to stay
//!
//! - Live puts.
//! - A delete, as long as an older segment may hold a put that it hides. A rewritten segment holds only what was live
//!   then, so it hides nothing from deletes before that: its header's next LSN tells. So a delete goes once every
//!   segment before it was rewritten after it, or if its key was written again since.
//! - A put that expired hides older ones too: it becomes a delete, under the same rule.
//! - The clear that says where the log begins.
//!
//! What made a record dead must be on disk before the record is gone, whatever the sync mode: else a power cut loses both.

use std::{io, path::PathBuf, sync::Arc};

use crate::{
    LogError, Result,
    engine::{Engine, Tail},
    format::{Kind, Lsn, RecordHeader, SegmentHeader, body_crc, flags},
    keydir::{Address, Location},
    locks::lock,
    reader::{Reader, Record, Step},
    segment::Segment,
    space::Account,
    trim::Pace,
    vfs::{File, Open},
};

/// Written at once.
const BUFFER_BYTES: usize = 256 << 10;
/// Synced at once, so that nobody's sync has to wait behind a large one.
const SYNC_BYTES: u64 = 4 << 20;
/// Table entries changed under one taking of the append lock.
const MOVES_AT_ONCE: usize = 64;

/// The file being written.
struct Output {
    header: SegmentHeader,
    temporary: PathBuf,
    file: Box<dyn File>,
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
    account: Account,
    /// Of each put: where it was, and where it is now.
    moves: Vec<Move>,
}

struct Move {
    hash: u64,
    from: Location,
    /// Offset of the copy.
    to: u32,
}

impl Engine {
    /// Rewrites these neighbouring segments as one. False if it was stopped before the end, with nothing changed.
    pub(crate) fn compact(&self, run: &[Arc<Segment>], pace: &mut Pace<'_>) -> Result<bool> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return Ok(true);
        };
        let header = SegmentHeader {
            store_id: self.store_id,
            number: last.number(),
            generation: run.iter().map(|segment| segment.header.generation).max().unwrap_or(0) + 1,
            // Under the lock: what deletes before this one hide is out of the keydir.
            next_lsn: Lsn(lock(&self.tail).last_lsn.0 + 1),
            previous_bytes: first.header.previous_bytes,
            sealed_bytes: 0,
            first: first.header.first,
        };
        let older = self.segments.all().into_iter().take_while(|segment| segment.number() < header.first);
        // Deletes up to here have nothing left to hide in older segments.
        let hidden_from = older.map(|segment| segment.cleaned_before()).min();
        let mut output = Output::new(self, header)?;
        for segment in run {
            if !self.copy_live(segment, hidden_from, &mut output, pace)? {
                let _ = self.directory.remove(&output.temporary);
                return Ok(false);
            }
        }
        let (segment, account, moves) = output.finish(self)?;
        // What made records dead is on disk before they are gone.
        self.sync()?;
        self.take_name(&segment)?;
        let number = segment.number();
        self.move_entries(segment, account, &moves)?;
        run.iter().for_each(|old| self.keydir.release(old.id));
        for old in run.iter().filter(|old| old.number() != number) {
            // Not synced: if a power cut brings the file back, opening finds that another stands for it.
            self.directory.remove_segment(&old.path)?;
        }
        Ok(true)
    }

    fn copy_live(
        &self,
        segment: &Segment,
        hidden_from: Option<Lsn>,
        output: &mut Output,
        pace: &mut Pace<'_>,
    ) -> Result<bool> {
        let file = segment.file().map_err(|source| LogError::Read { path: segment.path.clone(), source })?;
        let mut reader = Reader::new(file, &segment.path, segment.written_bytes(), segment.salt);
        while !self.stopping() {
            let offset = reader.offset();
            let record = match reader.step()? {
                Step::End => return Ok(true),
                Step::Record(record) => record,
                Step::Bad => return Err(LogError::Damaged { path: segment.path.clone(), offset }),
            };
            let hides = hidden_from.is_some_and(|lsn| lsn <= record.header.lsn);
            self.copy_if_needed(segment, &record, hides, output)?;
            if output.buffer.len() >= BUFFER_BYTES {
                pace.spend(output.buffer.len() as u64);
                output.write(self)?;
            }
        }
        Ok(false)
    }

    /// `hides`: an older segment may hold something that this record keeps from counting.
    fn copy_if_needed(
        &self,
        segment: &Segment,
        record: &Record<'_>,
        hides: bool,
        output: &mut Output,
    ) -> Result<()> {
        let (header, key) = (&record.header, record.key);
        let offset = record.offset as u32; // the reader takes no record beyond
        match header.kind {
            Kind::Put => {
                let at = Address { segment: segment.id, offset };
                let hash = self.keydir.hash(key);
                let place = self.keydir.place(at, header);
                let now_ms = (self.options.clock)();
                if let Some(place) = place.filter(|&place| self.keydir.table.contains(hash, place)) {
                    let location = Location::new(place, at, header);
                    if !location.expired(now_ms) {
                        let value = segment.read_value(key, offset, header)?;
                        output.moves.push(Move { hash, from: location, to: output.end() as u32 });
                        output.push(header, key, &value);
                        return Ok(());
                    }
                    self.forget(hash, &location);
                }
                if header.expires_at != 0 && hides && self.is_absent(key)? {
                    output.push_delete(header.lsn, key);
                }
            }
            Kind::Delete if hides && self.is_absent(key)? => output.push_delete(header.lsn, key),
            Kind::Clear => {
                let head = self.segments.oldest().map_or(1, |oldest| oldest.header.first);
                if record.clear_below >= head {
                    output.push(header, &[], &record.clear_below.to_le_bytes());
                }
            }
            Kind::Delete | Kind::Filler => {}
        }
        Ok(())
    }

    /// Whether no intact record of `key` is live.
    fn is_absent(&self, key: &[u8]) -> Result<bool> {
        match self.find(self.keydir.hash(key), key) {
            Ok(found) => Ok(found.is_none()),
            // Perhaps not even its own: what hides is kept then.
            Err(LogError::Damaged { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// From here on the new file is part of the log, and those it stands for are not.
    fn take_name(&self, segment: &Segment) -> Result<()> {
        let named = self.directory.segment_path(segment.number());
        let vfs = self.directory.vfs();
        vfs.rename(&segment.path, &named)
            .and_then(|()| self.directory.sync())
            .map_err(|source| self.poison.set(&named, source))
    }

    fn move_entries(&self, temporary: Segment, account: Account, moves: &[Move]) -> Result<()> {
        let segment = self.introduce(temporary, account)?;
        moves.chunks(MOVES_AT_ONCE).try_for_each(|moves| self.move_some(&segment, moves))?;
        let mut tail = lock(&self.tail);
        tail.accounts.replace(segment.header.first, segment.id);
        self.segments.replace(segment);
        Ok(())
    }

    /// Records in it can be found from here on, but none counts yet.
    fn introduce(&self, temporary: Segment, account: Account) -> Result<Arc<Segment>> {
        let named = self.directory.segment_path(temporary.number());
        let segment = Arc::new(temporary.renamed(named, self.new_id()));
        self.keydir.cover(segment.id, segment.written_bytes())?;
        let mut tail = lock(&self.tail);
        self.segments.introduce(Arc::clone(&segment));
        tail.accounts.introduce(segment.id, Account { number: segment.number(), ..account });
        Ok(segment)
    }

    fn move_some(&self, segment: &Segment, moves: &[Move]) -> Result<()> {
        let file = segment.file().map_err(|source| LogError::Read { path: segment.path.clone(), source })?;
        let mut reader = Reader::new(file, &segment.path, segment.written_bytes(), segment.salt);
        for to in moves {
            reader.seek(u64::from(to.to));
            if !matches!(reader.step()?, Step::Record(_)) {
                // Read back wrongly what was just written: the segments that are there still have it.
                return Err(LogError::Damaged { path: segment.path.clone(), offset: to.to.into() });
            }
        }
        let mut tail = lock(&self.tail);
        moves.iter().for_each(|to| self.move_entry(&mut tail, segment.id, to));
        Ok(())
    }

    /// The keydir names the copy, unless the key was overwritten or removed meanwhile.
    fn move_entry(&self, tail: &mut Tail, id: u32, to: &Move) {
        let Move { hash, from, to } = to;
        let at = Address { segment: id, offset: *to };
        if !self.keydir.table.contains(*hash, from.place) {
            return;
        }
        tail.note_gone(from.into());
        tail.note_late(at);
        let place = self.keydir.place_like(from, at);
        if place.is_some_and(|place| self.keydir.table.replace(*hash, from.place, place)) {
            tail.accounts.add_live(id, from.record_bytes());
            tail.accounts.sub_live(from.segment, from.record_bytes());
        }
    }
}

impl Output {
    fn new(engine: &Engine, header: SegmentHeader) -> Result<Self> {
        let temporary = engine.directory.compacting_path(header.number);
        let open = || {
            let file = engine.directory.vfs().open(&temporary, Open::OrCreate)?;
            file.set_len(0)?;
            Ok(file)
        };
        let file = open().map_err(|source| failed(&temporary, source))?;
        let account =
            Account { number: header.number, cleaned_before: header.next_lsn, ..Account::default() };
        let buffer = header.encode().to_vec();
        Ok(Self { header, temporary, file, buffer, written: 0, synced: 0, account, moves: Vec::new() })
    }

    fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends a copy, with the LSN of its original.
    fn push(&mut self, original: &RecordHeader, key: &[u8], value: &[u8]) {
        let header = RecordHeader { flags: flags::MOVED, durable: 0, ..*original };
        let end = self.end() + header.record_bytes();
        self.buffer.extend_from_slice(&header.encode(self.header.salt(), self.end()));
        self.buffer.extend_from_slice(key);
        self.buffer.extend_from_slice(value);
        self.buffer.resize((end - self.written) as usize, 0);
        self.account.note(&header);
    }

    fn push_delete(&mut self, lsn: Lsn, key: &[u8]) {
        let delete = RecordHeader {
            kind: Kind::Delete,
            flags: 0,
            key_len: key.len() as u16,
            value_len: 0,
            lsn,
            expires_at: 0,
            body_crc: body_crc(key, &[]),
            durable: 0,
        };
        self.push(&delete, key, &[]);
    }

    fn write(&mut self, engine: &Engine) -> Result<()> {
        let written = self.file.write_all_at(&self.buffer, self.written).and_then(|()| {
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
            if self.written - self.synced < SYNC_BYTES {
                return Ok(());
            }
            self.synced = self.written;
            self.file.sync_data()
        });
        written.map_err(|source| self.abandon(engine, source))
    }

    /// Puts all of it on disk, under its temporary name.
    fn finish(mut self, engine: &Engine) -> Result<(Segment, Account, Vec<Move>)> {
        self.write(engine)?;
        self.header.sealed_bytes = self.written;
        let sealed = self.file.write_all_at(&self.header.encode(), 0).and_then(|()| self.file.sync_all());
        sealed.map_err(|source| self.abandon(engine, source))?;
        self.account.bytes = self.written;
        let segment = Segment::new(&self.header, self.temporary, self.file, self.written, true);
        Ok((segment, self.account, self.moves))
    }

    /// Nothing depends on this file yet, so its failure is not the log's.
    fn abandon(&self, engine: &Engine, source: io::Error) -> LogError {
        let _ = engine.directory.remove(&self.temporary);
        failed(&self.temporary, source)
    }
}

fn failed(path: &std::path::Path, source: io::Error) -> LogError {
    let (path, source) = (path.to_owned(), Arc::new(source));
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LogError::Full { path, source },
        _ => LogError::Write { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Log, Options, SyncMode};

    /// Records are copied, and meanwhile their keys are written or deleted: the copies must not undo that.
    #[test]
    fn a_copy_never_undoes_a_newer_write() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Log::open(dir.path(), Options::new().sync(SyncMode::Never)).unwrap().0;
        let log = open();
        for key in [&b"put"[..], b"del", b"stay"] {
            log.put(key, b"old", None).unwrap();
        }
        let engine = &log.engine;
        let alone = lock(&engine.trimming); // or the background thread would compact the same
        engine.roll(&mut lock(&engine.tail)).unwrap();
        log.flush().unwrap();
        let old = engine.segments.oldest().unwrap();
        let header = SegmentHeader { generation: 1, next_lsn: Lsn(4), ..old.header };
        let mut output = Output::new(engine, header).unwrap();
        assert!(engine.copy_live(&old, None, &mut output, &mut Pace::hasty()).unwrap());
        let (segment, account, moves) = output.finish(engine).unwrap();
        assert_eq!(moves.len(), 3);
        log.put(b"put", b"new", None).unwrap();
        log.delete(b"del").unwrap();
        engine.take_name(&segment).unwrap();
        engine.move_entries(segment, account, &moves).unwrap();
        drop(alone);
        let check = |log: &Log| {
            assert_eq!(log.get(b"put").unwrap().unwrap().value, b"new");
            assert_eq!(log.get(b"stay").unwrap().unwrap().value, b"old");
            assert_eq!(log.get(b"del").unwrap(), None);
        };
        check(&log);
        log.close().unwrap();
        check(&open());
    }

    /// Half of the entries have moved when the snapshot is taken, half of them move while it is read.
    #[test]
    fn a_snapshot_in_the_middle_of_a_move_holds_each_key_once() {
        for read_first in [0, 3, 10] {
            let dir = tempfile::tempdir().unwrap();
            let log = Log::open(dir.path(), Options::new().sync(SyncMode::Never)).unwrap().0;
            for key in 0..10_u8 {
                log.put(&[key], b"value", None).unwrap();
            }
            let engine = &log.engine;
            let _alone = lock(&engine.trimming);
            engine.roll(&mut lock(&engine.tail)).unwrap();
            log.flush().unwrap();
            let old = engine.segments.oldest().unwrap();
            let header = SegmentHeader { generation: 1, next_lsn: Lsn(11), ..old.header };
            let mut output = Output::new(engine, header).unwrap();
            engine.copy_live(&old, None, &mut output, &mut Pace::hasty()).unwrap();
            let (segment, account, moves) = output.finish(engine).unwrap();
            let segment = engine.introduce(segment, account).unwrap();
            let (before, after) = moves.split_at(5);
            engine.move_some(&segment, before).unwrap();
            let mut snapshot = log.snapshot().unwrap();
            let mut keys: Vec<_> = snapshot.by_ref().take(read_first).map(|entry| entry.unwrap().0).collect();
            engine.move_some(&segment, after).unwrap();
            for key in 0..10_u8 {
                log.put(&[key], b"newer", None).unwrap();
            }
            keys.extend(snapshot.map(|entry| entry.unwrap()).map(|(key, entry)| {
                assert_eq!(entry.value, b"value");
                key
            }));
            keys.sort();
            assert_eq!(keys, (0..10_u8).map(|key| vec![key]).collect::<Vec<_>>());
        }
    }
}
