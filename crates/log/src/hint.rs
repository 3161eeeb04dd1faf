//! What a segment means to the keydir, in a file beside it, so that opening need not read the segment.
//!
//! A hint is never needed and never trusted further than its checksum: without it, or if it does not fit its segment, the segment is
//! read. docs/log-format.md describes the bytes.

use crc_fast::crc32_iscsi;

use crate::{
    Lsn, Result,
    format::{Kind, RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader},
    judge::Source,
    keydir::{Address, Keydir},
    reader::{Reader, Step},
    space::Account,
};

const MAGIC: [u8; 8] = *b"NUTHHINT";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 168;
const ENTRY_BYTES: usize = 16;
const CRC: std::ops::Range<usize> = 12..16;

/// The hash of this shows whether the hint's hashes are those of this store and program.
const KNOWN_KEY: &[u8] = b"nuthatch";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) segment: SegmentHeader,
    /// How much of the segment it covers, from the start.
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) last_lsn: Lsn,
    /// Tombstones and expiry.
    pub(crate) account: Account,
    /// Of its clears, the highest; 0 if there are none.
    pub(crate) clear_below: u32,
    /// What it covers ends in the mark of a clean end.
    pub(crate) marked: bool,
    known_hash: u64,
    /// Where the last record is, and its header's checksum: nearly proof that the segment is the one that was hinted at.
    last_offset: u64,
    last_crc: u32,
    /// In the order of hashes; of a key, only its last record.
    pub(crate) entries: Vec<HintEntry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HintEntry {
    /// What of the key's hash leads to its entry.
    pub(crate) hash: u64,
    pub(crate) offset: u32,
    pub(crate) record_bytes: u64,
    pub(crate) delete: bool,
    /// Unix milliseconds, 0 = never.
    pub(crate) expires_at: u64,
}

impl Hint {
    /// Of the first `bytes` of a segment that are whole batches; `None` if not all of them are intact.
    pub(crate) fn build(
        keydir: &Keydir,
        source: &Source<'_>,
        segment: &SegmentHeader,
        bytes: u64,
    ) -> Result<Option<Self>> {
        let mut hint = Self::empty(keydir, segment, bytes);
        let mut reader = Reader::new(source.file, source.path, bytes, source.salt);
        loop {
            let record = match reader.step()? {
                Step::Record(record) => record,
                Step::Bad => return Ok(None),
                Step::End => break,
            };
            let (header, offset) = (&record.header, record.offset);
            hint.marked = header.is_mark();
            hint.records += u64::from(!hint.marked);
            if hint.marked || header.kind != Kind::Filler {
                hint.last_lsn = hint.last_lsn.max(header.lsn);
            }
            hint.account.note(header);
            hint.clear_below = hint.clear_below.max(record.clear_below);
            hint.last_offset = offset;
            if matches!(header.kind, Kind::Put | Kind::Delete) {
                hint.entries.push(HintEntry {
                    hash: keydir.table.hash_kept(keydir.hash(record.key)),
                    offset: offset as u32, // the reader takes no record beyond
                    record_bytes: header.record_bytes(),
                    delete: header.kind == Kind::Delete,
                    expires_at: header.expires_at,
                });
            }
        }
        hint.last_crc = last_crc(source, hint.last_offset)?;
        hint.entries.sort_by_key(|entry| entry.hash); // stable: of equal hashes, the order of the log remains
        hint.drop_overwritten(source)?;
        Ok(Some(hint))
    }

    fn empty(keydir: &Keydir, segment: &SegmentHeader, bytes: u64) -> Self {
        Self {
            segment: *segment,
            bytes,
            records: 0,
            last_lsn: Lsn(0),
            account: Account::default(),
            clear_below: 0,
            marked: false,
            known_hash: keydir.hash(KNOWN_KEY),
            last_offset: 0,
            last_crc: 0,
            entries: Vec::new(),
        }
    }

    /// Keeps of each key the last entry only. Whether equal hashes are of one key, the records say.
    fn drop_overwritten(&mut self, source: &Source<'_>) -> Result<()> {
        let (mut kept, mut at) = (0, 0);
        while at < self.entries.len() {
            let hash = self.entries[at].hash;
            let end = at + self.entries[at..].partition_point(|entry| entry.hash == hash);
            let keys = match end - at {
                1 => Vec::new(),
                _ => self.entries[at..end]
                    .iter()
                    .map(|entry| key_at(source, entry.offset))
                    .collect::<Result<_>>()?,
            };
            for index in at..end {
                let overwritten = keys
                    .get(index - at)
                    .is_some_and(|key| key.is_some() && keys[index - at + 1..].contains(key));
                if !overwritten {
                    self.entries[kept] = self.entries[index];
                    kept += 1;
                }
            }
            at = end;
        }
        self.entries.truncate(kept);
        Ok(())
    }

    /// Whether it may stand for the start of this segment, of which `bytes` are there.
    pub(crate) fn fits(
        &self,
        keydir: &Keydir,
        source: &Source<'_>,
        segment: &SegmentHeader,
        bytes: u64,
    ) -> Result<bool> {
        Ok(self.segment == *segment
            && self.bytes <= bytes
            && self.known_hash == keydir.hash(KNOWN_KEY)
            && self.last_offset < self.bytes
            && last_crc(source, self.last_offset)? == self.last_crc)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.entries.len() * ENTRY_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.segment.encode());
        let account = &self.account;
        for word in [
            self.bytes,
            self.records,
            self.last_lsn.0,
            account.tombstone_bytes,
            account.tombstone_lsn.0,
            account.expires_by,
            u64::from(self.clear_below) | u64::from(self.marked) << 32,
            self.entries.len() as u64,
            self.last_offset,
            self.known_hash,
            u64::from(self.last_crc),
        ] {
            bytes.extend(word.to_le_bytes());
        }
        debug_assert_eq!(bytes.len(), HEADER_BYTES);
        for entry in &self.entries {
            let bits = u64::from(entry.delete) | u64::from(entry.expires_at != 0) << 1;
            bytes.extend((entry.hash | bits).to_le_bytes());
            bytes.extend((entry.offset / 8).to_le_bytes());
            bytes.extend(((entry.record_bytes / 8) as u32).to_le_bytes()); // at most a key and 512 MiB
        }
        for entry in self.entries.iter().filter(|entry| entry.expires_at != 0) {
            bytes.extend(entry.expires_at.to_le_bytes());
        }
        let crc = crc32_iscsi(&bytes) as u32;
        bytes[CRC].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// `None` if these are not the bytes of a hint, each of them as it was written.
    pub(crate) fn decode(mut bytes: Vec<u8>) -> Option<Self> {
        let crc = u32::from_le_bytes(bytes.get(CRC)?.try_into().ok()?);
        bytes[CRC].fill(0);
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
        let known = header[..8] == MAGIC && header[8..12] == VERSION.to_le_bytes();
        if !known || crc32_iscsi(&bytes) as u32 != crc {
            return None;
        }
        let segment = SegmentHeader::decode(header[16..].first_chunk::<SEGMENT_HEADER_BYTES>()?).ok()?;
        let word = |index: usize| {
            let at = 16 + SEGMENT_HEADER_BYTES + 8 * index;
            header[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        let entries_bytes = usize::try_from(word(7)).ok()?.checked_mul(ENTRY_BYTES)?;
        let (entries, expiries) = rest.split_at_checked(entries_bytes)?;
        let mut expiries = expiries.chunks_exact(8).map(u64_of);
        let mut all = Vec::with_capacity(entries.len() / ENTRY_BYTES);
        for entry in entries.chunks_exact(ENTRY_BYTES) {
            let (hash, at) = (u64_of(&entry[..8]), u64_of(&entry[8..]));
            all.push(HintEntry {
                hash: hash & !3,
                offset: (at as u32).checked_mul(8)?,
                record_bytes: (at >> 32) * 8,
                delete: hash & 1 != 0,
                expires_at: if hash & 2 != 0 { expiries.next()? } else { 0 },
            });
        }
        Some(Self {
            segment,
            bytes: word(0),
            records: word(1),
            last_lsn: Lsn(word(2)),
            account: Account {
                tombstone_bytes: word(3),
                tombstone_lsn: Lsn(word(4)),
                expires_by: word(5),
                ..Account::default()
            },
            clear_below: word(6) as u32,
            marked: word(6) >> 32 != 0,
            last_offset: word(8),
            known_hash: word(9),
            last_crc: word(10) as u32,
            entries: all,
        })
    }
}

/// The key of the record at `offset`; `None` if it is damaged.
pub(crate) fn key_at(source: &Source<'_>, offset: u32) -> Result<Option<Vec<u8>>> {
    let mut header = [0; RECORD_HEADER_BYTES];
    let held = source.read(&mut header, u64::from(offset))?;
    let Some(header) =
        RecordHeader::decode(&header, source.salt, u64::from(offset)).filter(|_| held == RECORD_HEADER_BYTES)
    else {
        return Ok(None);
    };
    let mut key = vec![0; usize::from(header.key_len)];
    let held = source.read(&mut key, u64::from(offset) + RECORD_HEADER_BYTES as u64)?;
    Ok((held == key.len()).then_some(key))
}

/// The checksum that a record's header begins with.
fn last_crc(source: &Source<'_>, offset: u64) -> Result<u32> {
    let mut crc = [0; 4];
    source.read(&mut crc, offset)?;
    Ok(u32::from_le_bytes(crc))
}

fn u64_of(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl HintEntry {
    /// Where it is, in this segment.
    pub(crate) fn address(&self, segment: u32) -> Address {
        Address { segment, offset: self.offset }
    }
}
