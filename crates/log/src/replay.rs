//! Applies the records of a segment, batch by batch, and finds where they stop being intact.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    LogError, Result,
    format::{Kind, Lsn, RecordHeader, SegmentHeader, flags},
    judge::Source,
    keydir::{Address, Keydir, Location},
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
}

/// A record whose batch is not yet complete.
struct Waiting {
    header: RecordHeader,
    offset: u64,
    key: Box<[u8]>,
}

/// Where in its batches a segment's replay is.
#[derive(Default)]
struct Cursor {
    batch: Vec<Waiting>,
    /// Start of the range being given up.
    lost_from: Option<u64>,
    lost: Vec<(u64, u64)>,
    marked: bool,
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

    pub(crate) fn segment(&mut self, sources: &Sources<'_>, end: &SegmentEnd) -> Result<Outcome> {
        let Source { file, path, salt } = sources.current;
        let damaged = |offset| LogError::Damaged { path: path.to_owned(), offset };
        let bytes = end.bytes.min(end.bytes_when_sealed.unwrap_or(u64::MAX));
        self.keydir.cover(self.segment, bytes.min(u64::from(u32::MAX)))?;
        let mut reader = Reader::new(file, path, bytes, salt);
        let mut cursor = Cursor::default();
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
        let hash = self.keydir.hash(key);
        let at = Address { segment: self.segment, offset: offset as u32 }; // the reader takes no record beyond
        // What has expired is as good as deleted: it is gone, and so is what came before it.
        let expired = header.expires_at != 0 && header.expires_at <= self.now_ms;
        let mut new = self.keydir.place(at, header).filter(|_| header.kind == Kind::Put && !expired);
        if new.is_some() {
            self.accounts.add_live(self.segment, header.record_bytes());
        }
        for old in self.entries(hash, key, sources)? {
            match new.take() {
                Some(new) => self.keydir.table.replace(hash, old.place, new),
                None => self.keydir.table.remove(hash, old.place),
            };
            self.accounts.sub_live(old.segment, old.record_bytes());
        }
        if let Some(new) = new {
            self.keydir.table.insert(hash, new);
        }
        Ok(())
    }

    /// The entries that `key` has so far: none or one, unless a record is damaged that was intact.
    fn entries(&self, hash: u64, key: &[u8], sources: &Sources<'_>) -> Result<Vec<Location>> {
        let mut own = Vec::new();
        for &place in self.keydir.table.get(hash).as_slice() {
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
        Outcome { bytes, lost: self.lost, torn_bytes: zeros_from.max(offset) - bytes, marked }
    }

    fn sealed(mut self, bytes: u64) -> Outcome {
        self.resume(bytes);
        Outcome { bytes, lost: self.lost, torn_bytes: 0, marked: self.marked }
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
