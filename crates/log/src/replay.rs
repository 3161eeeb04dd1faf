//! Applies the records of a segment, batch by batch, and finds where they stop being intact.

use std::{collections::VecDeque, panic::resume_unwind, sync::Arc, thread};

use crate::{
    LogError, Result,
    format::{Kind, Lsn, RecordHeader, SegmentHeader, flags},
    hint::{Hint, HintEntry, key_at},
    judge::Source,
    keydir::{Address, Keydir, Location, Place, Places},
    reader::{Reader, Record, Step},
    segment::Segment,
    space::Accounts,
};

/// The state that replaying builds up, segment after segment.
pub(crate) struct Replay {
    pub(crate) keydir: Keydir,
    pub(crate) accounts: Accounts,
    pub(crate) last_lsn: Lsn,
    /// No record in a segment below this number counts.
    pub(crate) clear_below: u32,
    pub(crate) records: u64,
    segment: u32,
    /// What has expired by then is not kept.
    now_ms: u64,
}

/// The segments that records may lie in which the keydir names: the one that is replayed, and those before it.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) current: Source<'a>,
    pub(crate) older: &'a VecDeque<Arc<Segment>>,
}

/// What is known about where a segment ends.
pub(crate) struct SegmentEnd {
    /// The file's length.
    pub(crate) bytes: u64,
    /// Its length when it was sealed; `None` if nobody knows, so that its tail may be torn.
    pub(crate) bytes_when_sealed: Option<u64>,
    pub(crate) salvage: bool,
}

/// What replaying a segment came to.
pub(crate) struct Outcome {
    /// The length up to which it holds records, and ranges that salvage gives up.
    pub(crate) bytes: u64,
    /// The latter, and at the end perhaps one behind `bytes`.
    pub(crate) lost: Vec<(u64, u64)>,
    /// Bytes behind `bytes` that a crash cut short; the zeros that follow them were never written.
    pub(crate) torn_bytes: u64,
    /// The last record is the mark of a clean end.
    pub(crate) marked: bool,
    /// How far the segment was on disk for sure, by what its records say.
    pub(crate) on_disk: u64,
}

/// A record whose batch is not yet complete.
struct Waiting {
    header: RecordHeader,
    offset: u64,
    key: Box<[u8]>,
}

/// A put, or a delete if it has no place.
struct Write {
    hash: u64,
    place: Option<Place>,
    record_bytes: u64,
    expires_at: u64,
}

/// A record of so many bytes in a segment counts, or does not count any more.
enum Change {
    Live(u32, u64),
    Dead(u32, u64),
}

/// Half of the hashes are lower.
const MIDDLE_HASH: u64 = 1 << 63;

/// Where in its batches a segment's replay is.
#[derive(Default)]
struct Cursor {
    batch: Vec<Waiting>,
    /// Start of the range being given up.
    lost_from: Option<u64>,
    lost: Vec<(u64, u64)>,
    marked: bool,
    on_disk: u64,
}

impl Replay {
    pub(crate) fn new(head: u32, keydir: Keydir, now_ms: u64) -> Self {
        Self {
            keydir,
            accounts: Accounts::new(),
            last_lsn: Lsn(0),
            clear_below: 1,
            records: 0,
            segment: head,
            now_ms,
        }
    }

    pub(crate) fn begin_segment(&mut self, header: &SegmentHeader) {
        self.segment = header.number;
        self.accounts.push_segment(header.number, header.number, 0); // its bytes are counted once it is clear how many of them are good
        self.accounts.set_cleaned_before(header.number, header.cleaned_before());
        // LSNs go on even if every record before was trimmed.
        self.last_lsn = self.last_lsn.max(Lsn(header.next_lsn.0.saturating_sub(1)));
    }

    /// Replays the segment's records, from where `hint` ends if there is one.
    pub(crate) fn segment(
        &mut self,
        sources: &Sources<'_>,
        end: &SegmentEnd,
        hint: Option<&Hint>,
    ) -> Result<Outcome> {
        let Source { file, path, salt } = sources.current;
        let damaged = |offset| LogError::Damaged { path: path.to_owned(), offset };
        let bytes = end.bytes.min(end.bytes_when_sealed.unwrap_or(u64::MAX));
        self.keydir.cover(self.segment, bytes.min(u64::from(u32::MAX)))?;
        let mut reader = Reader::new(file, path, bytes, salt);
        let mut cursor = Cursor::default();
        if let Some(hint) = hint {
            reader.seek(hint.bytes);
            cursor.marked = hint.marked;
        }
        loop {
            let offset = reader.offset();
            match reader.step()? {
                Step::Record(record) => {
                    if !cursor.fits(&record) && !end.salvage {
                        return Err(damaged(offset));
                    }
                    self.record(&mut cursor, &record, sources)?;
                }
                Step::Bad => {
                    if end.bytes_when_sealed.is_none() && !reader.was_on_disk()? {
                        return Ok(cursor.torn(offset, reader.zeros_from()?));
                    }
                    if !end.salvage {
                        return Err(damaged(offset));
                    }
                    cursor.give_up(offset);
                    let next = reader.find_record(offset + 1)?;
                    reader.seek(next.unwrap_or(bytes));
                }
                Step::End => {
                    let Some(sealed) = end.bytes_when_sealed else {
                        return Ok(cursor.torn(offset, offset));
                    };
                    if offset < sealed || !cursor.batch.is_empty() {
                        cursor.give_up(offset);
                    }
                    return match cursor.lost_from {
                        Some(from) if !end.salvage => Err(damaged(from)),
                        _ => Ok(cursor.sealed(sealed)),
                    };
                }
            }
        }
    }

    fn record(&mut self, cursor: &mut Cursor, record: &Record<'_>, sources: &Sources<'_>) -> Result<()> {
        let (header, offset) = (&record.header, record.offset);
        cursor.marked = header.is_mark();
        cursor.on_disk = cursor.on_disk.max(header.durable);
        self.records += u64::from(!cursor.marked);
        if !cursor.fits(record) {
            // The other end of this record's batch is lost, or of the batch before it; a batch counts whole or not.
            cursor.give_up(offset);
        }
        if header.has(flags::JOINED) && cursor.batch.is_empty() {
            return Ok(());
        }
        cursor.resume(offset);
        self.last_lsn = self.last_lsn.max(header.lsn);
        if header.has(flags::MORE) {
            cursor.batch.push(Waiting { header: *header, offset, key: record.key.into() });
            return Ok(());
        }
        for waiting in cursor.batch.drain(..) {
            self.apply(&waiting.header, waiting.offset, &waiting.key, sources)?;
        }
        match header.kind {
            Kind::Clear => self.clear(record.clear_below),
            _ => self.apply(header, offset, record.key, sources)?,
        }
        Ok(())
    }

    fn apply(&mut self, header: &RecordHeader, offset: u64, key: &[u8], sources: &Sources<'_>) -> Result<()> {
        self.accounts.note(self.segment, header);
        if matches!(header.kind, Kind::Clear | Kind::Filler) {
            return Ok(());
        }
        let at = Address { segment: self.segment, offset: offset as u32 }; // the reader takes no record beyond
        let write = Write {
            hash: self.keydir.hash(key),
            place: self.keydir.place(at, header).filter(|_| header.kind == Kind::Put),
            record_bytes: header.record_bytes(),
            expires_at: header.expires_at,
        };
        let mut changes = Vec::new();
        self.enter(&write, || Ok(Some(key.to_vec())), sources, &mut changes)?;
        self.account(changes);
        Ok(())
    }

    /// Has the keydir know of a put, or of a delete, which has no place. `key` is asked if there are entries with this hash.
    fn enter(
        &self,
        write: &Write,
        key: impl FnOnce() -> Result<Option<Vec<u8>>>,
        sources: &Sources<'_>,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        let hash = write.hash;
        // What has expired is as good as deleted: it is gone, and so is what came before it.
        let expired = write.expires_at != 0 && write.expires_at <= self.now_ms;
        let mut new = write.place.filter(|_| !expired);
        if new.is_some() {
            changes.push(Change::Live(self.segment, write.record_bytes));
        }
        let others = match new {
            Some(place) => self.keydir.table.insert_alone(hash, place),
            None => self.keydir.table.get(hash),
        };
        let old = match others {
            Places::None => return Ok(()),
            places => match key()? {
                Some(key) => self.entries(hash, places.as_slice(), &key, sources)?,
                None => Vec::new(), // as if it were another's
            },
        };
        for old in old {
            match new.take() {
                Some(new) => self.keydir.table.replace(hash, old.place, new),
                None => self.keydir.table.remove(hash, old.place),
            };
            changes.push(Change::Dead(old.segment, old.record_bytes()));
        }
        if let Some(new) = new {
            self.keydir.table.insert(hash, new);
        }
        Ok(())
    }

    fn account(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            match change {
                Change::Live(segment, bytes) => self.accounts.add_live(segment, bytes),
                Change::Dead(segment, bytes) => self.accounts.sub_live(segment, bytes),
            }
        }
    }

    /// Takes from a hint what replaying the records that it covers would come to. On two threads: entries of different
    /// hashes do not meet.
    pub(crate) fn hinted(&mut self, hint: &Hint, sources: &Sources<'_>) -> Result<()> {
        self.keydir.cover(self.segment, hint.bytes.min(u64::from(u32::MAX)))?;
        self.records += hint.records;
        self.last_lsn = self.last_lsn.max(hint.last_lsn);
        self.accounts.note_all(self.segment, &hint.account);
        // Which disowns no record of its own segment, so it may as well come first.
        if hint.clear_below > 0 {
            self.clear(hint.clear_below);
        }
        let half = hint.entries.partition_point(|entry| entry.hash < MIDDLE_HASH);
        let (low, high) = hint.entries.split_at(half);
        let (low, high) = thread::scope(|scope| {
            let low = scope.spawn(|| self.enter_all(low, sources));
            let high = self.enter_all(high, sources);
            (low.join(), high)
        });
        let low = low.unwrap_or_else(|panic| resume_unwind(panic));
        self.account(low?);
        self.account(high?);
        Ok(())
    }

    fn enter_all(&self, entries: &[HintEntry], sources: &Sources<'_>) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for entry in entries {
            let place =
                self.keydir.place_of(entry.address(self.segment), entry.record_bytes, entry.expires_at != 0);
            let write = Write {
                hash: entry.hash,
                place: place.filter(|_| !entry.delete),
                record_bytes: entry.record_bytes,
                expires_at: entry.expires_at,
            };
            self.enter(&write, || key_at(&sources.current, entry.offset), sources, &mut changes)?;
        }
        Ok(changes)
    }

    /// The entries that `key` has so far: none or one, unless a record is damaged that was intact.
    fn entries(
        &self,
        hash: u64,
        places: &[Place],
        key: &[u8],
        sources: &Sources<'_>,
    ) -> Result<Vec<Location>> {
        let mut own = Vec::new();
        for &place in places {
            let Some(at) = self.keydir.address(place) else {
                continue;
            };
            let source = if at.segment == self.segment {
                sources.current
            } else {
                let index = sources.older.partition_point(|segment| segment.id < at.segment);
                let Some(segment) = sources.older.get(index) else {
                    continue;
                };
                Source::of(segment)?
            };
            match source.name(&self.keydir, hash, place, at) {
                Ok(named) if named.key == key => own.push(named.location),
                Ok(_) | Err(LogError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(own)
    }

    fn clear(&mut self, below: u32) {
        // A record never disowns the segment that it stands in.
        let below = below.min(self.segment);
        self.clear_below = self.clear_below.max(below);
        // A trim's clear record finds nothing left; then the whole keydir need not be looked at.
        if self.accounts.any_live_below(below) {
            self.accounts.clear_live_below(below);
            let keydir = &self.keydir;
            keydir.table.retain(|_, place| keydir.address(place).is_some_and(|at| at.segment >= below));
        }
    }
}

impl Cursor {
    /// Whether `record` may follow what came before: it joins a batch exactly if one is open.
    fn fits(&self, record: &Record<'_>) -> bool {
        record.header.has(flags::JOINED) != self.batch.is_empty()
    }

    /// Gives up what lies from `offset`, or from the start of the batch that `offset` breaks, to the next good record.
    fn give_up(&mut self, offset: u64) {
        let from = self.batch.first().map_or(offset, |first| first.offset);
        self.lost_from.get_or_insert(from);
        self.batch.clear();
    }

    fn resume(&mut self, offset: u64) {
        self.lost.extend(self.lost_from.take().map(|from| (from, offset)));
    }

    /// The segment ends at `offset` or before: what is incomplete there was cut short by a crash. Behind it there may
    /// be bytes that are no record, up to `zeros_from`.
    fn torn(mut self, offset: u64, zeros_from: u64) -> Outcome {
        let batch = self.batch.first().map(|first| first.offset);
        let bytes = self.lost_from.or(batch).unwrap_or(offset);
        self.resume(offset);
        let marked = self.marked && bytes == offset;
        let torn_bytes = zeros_from.max(offset) - bytes;
        Outcome { bytes, lost: self.lost, torn_bytes, marked, on_disk: self.on_disk }
    }

    fn sealed(mut self, bytes: u64) -> Outcome {
        self.resume(bytes);
        Outcome { bytes, lost: self.lost, torn_bytes: 0, marked: self.marked, on_disk: self.on_disk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Log, Options,
        format::{RecordHeader, body_crc},
    };

    /// A segment of intact records with these flags, each a put of its own key.
    fn segment_of(flags: &[u8]) -> (tempfile::TempDir, Vec<u64>) {
        let header = SegmentHeader::appended(1, 1, Lsn(1), 0);
        let mut bytes = header.encode().to_vec();
        let mut offsets = Vec::new();
        for (at, &flags) in (0_u8..).zip(flags) {
            let record = RecordHeader {
                kind: Kind::Put,
                flags,
                key_len: 1,
                value_len: 0,
                lsn: Lsn(u64::from(at) + 1),
                expires_at: 0,
                body_crc: body_crc(&[at], &[]),
                durable: 0,
            };
            offsets.push(bytes.len() as u64);
            bytes.extend(record.encode(header.salt(), bytes.len() as u64));
            bytes.extend([at, 0, 0, 0, 0, 0, 0, 0]);
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("0000000001.seg"), bytes).unwrap();
        (dir, offsets)
    }

    /// No crash and no bit error makes these: every checksum is right. A program's mistake might.
    #[test]
    fn intact_records_that_make_no_whole_batches_are_refused_and_salvaged_without_the_broken_ones() {
        let (more, both, joined) = (flags::MORE, flags::MORE | flags::JOINED, flags::JOINED);
        let cases: [(&[u8], usize, &[u8]); 4] = [
            (&[0, joined, 0], 1, &[0, 2]),
            (&[more, 0, 0], 1, &[1, 2]),
            (&[0, both, joined, 0], 1, &[0, 3]),
            (&[more, both, more, joined], 2, &[2, 3]),
        ];
        for (flags, bad, kept) in cases {
            let (dir, offsets) = segment_of(flags);
            let error = Log::open(dir.path(), Options::new()).unwrap_err();
            assert!(matches!(error, LogError::Damaged { offset, .. } if offset == offsets[bad]), "{error}");
            for salvage in [true, false] {
                let (log, _) = Log::open(dir.path(), Options::new().salvage(salvage)).unwrap();
                let mut keys = log.scan(0, 10).unwrap().1;
                keys.sort();
                assert_eq!(keys.concat(), kept, "{flags:?}");
            }
        }
        let (dir, _) = segment_of(&[more, both, joined]);
        assert_eq!(Log::open(dir.path(), Options::new()).unwrap().1.keys, 3);
    }
}
