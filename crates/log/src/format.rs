//! The bytes on disk. All integers are little-endian.
//!
//! `docs/log-format.md` is the specification: what follows is its summary, for who reads the code.
//!
//! A store is a directory of segments `0000000001.seg`, `0000000002.seg`, ... and a file `LOCK`. Numbers are never
//! reused and have no gap but those of segments that others stand for. A segment is a header followed by records, each padded with zeros to a multiple of 8. Only the
//! segment with the highest number (the active one) grows; the others are sealed.
//!
//! ```text
//! segment header, 64 bytes           record, 32 bytes + key + value + padding
//!  0  magic "NUTHATCH"                0  header_crc  u32  crc32c(bytes 4..32) ^ salt
//!  8  version         u32             4  body_crc    u32  crc32c(key, value)
//! 12  crc32c          u32             8  kind, flags u8   kind in the lower four bits
//! 16  store id        u64             9  back        u24  in units of 8 bytes
//! 24  number          u32            12  key_len     u16
//! 28  generation      u32            14  value_len   u32
//! 32  next lsn        u64            18  lsn         u48
//! 40  previous bytes  u64            24  expires_at  u64  unix milliseconds, 0 = never
//! 48  sealed bytes    u64            32  key, then value
//! 56  first           u32
//! 60  zero            4 bytes
//! ```
//!
//! * The segment's crc32c covers its 64 bytes with the field itself as zero. These 64 bytes keep their layout in every
//!   later version. `previous bytes` is the final length of the segment before (0 for number 1): a sealed segment that
//!   was cut or has grown is noticed. `next lsn` is above every LSN given out before this segment was made.
//! * The store id is random and the same in all segments. `salt` mixes it with the segment's number and the record's
//!   offset, so a record read from anywhere but where it was written, stale or misdirected, does not validate.
//! * Two checksums, because lengths must be trusted before the body is read, and because a search for the next valid
//!   record after damage then costs 32 bytes per step.
//! * Compaction rewrites segments *first* to *number*, which follow each other, as one, without what no longer counts, in the
//!   same order. The new file takes the name of the last of them in one step, and from then on the others count for nothing.
//!   It has the next *generation*, which is part of the salt, and states its own length in *sealed bytes*.
//! * **Order in the log is truth**: of two records of a key the later one counts.
//! * *more*: the batch goes on with the next record. *joined*: the batch began before this record. A batch counts
//!   only if all of its records are there; it never spans segments.
//! * *moved*: a copy that trimming made of an older record, with that record's LSN. It takes no LSN of its own.
//! * *back*: when this record was written, the segment was on disk up to 8 * `back` bytes before it; all ones claim
//!   nothing. The first record of every write carries a claim. It tells a bad record that a crash explains (nothing
//!   behind it claims that it was on disk) from one that rotted.
//! * **put** and **delete** are what they say. A delete (tombstone) has no value.
//! * **clear** has no key; its value is a segment number (u32). No record in a segment below that number counts any
//!   more. It is on disk before such a segment's file is deleted, so neither a deletion that a power cut undid nor one
//!   that happened out of order brings a record back; and the last one tells which segment must be the oldest.
//! * **filler** covers bytes that a repair gave up: `value_len` of them, unchecked. One of no bytes is the mark of a clean
//!   end: it is there for its claim.

use crc_fast::{CrcAlgorithm, Digest};

use crate::checksum::{crc32c, unless_off};

pub(crate) const SEGMENT_HEADER_BYTES: usize = 64;
pub(crate) const RECORD_HEADER_BYTES: usize = 32;
/// Records begin at multiples of this.
pub(crate) const ALIGN_BYTES: u64 = 8;
/// 1 was never released.
pub(crate) const VERSION: u32 = 2;
const MAGIC: [u8; 8] = *b"NUTHATCH";

/// The position of a write in the order of all writes of a log: 1, 2, 3, ...; 0 is before the first.
///
/// Ordered as the writes were. A key keeps the LSN of its last write for as long as it lives, across reopening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Put = 1,
    Delete = 2,
    Clear = 3,
    Filler = 4,
}

const KIND_MASK: u8 = 0x0f;
const FLAGS_SHIFT: u32 = 4;

/// A record header's bit set; see the module's text.
pub(crate) mod flags {
    pub(crate) const MORE: u8 = 1;
    pub(crate) const JOINED: u8 = 2;
    pub(crate) const MOVED: u8 = 4;
    pub(crate) const ALL: u8 = MORE | JOINED | MOVED;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) store_id: u64,
    pub(crate) number: u32,
    /// How many times what it holds was rewritten; 0 is as appended.
    pub(crate) generation: u32,
    pub(crate) next_lsn: Lsn,
    pub(crate) previous_bytes: u64,
    /// The length of a rewritten segment; 0 otherwise.
    pub(crate) sealed_bytes: u64,
    /// The first of the segments that it stands for.
    pub(crate) first: u32,
}

/// Why 64 bytes are no segment header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadHeader {
    Damaged,
    /// Intact, but of another version of the format.
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.store_id.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.number.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.generation.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.next_lsn.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.previous_bytes.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.sealed_bytes.to_le_bytes());
        bytes[56..60].copy_from_slice(&self.first.to_le_bytes());
        let crc = crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Result<Self, BadHeader> {
        let mut unsigned = *bytes;
        unsigned[12..16].fill(0);
        if bytes[..8] != MAGIC || crc32c(&unsigned) != u32_at(bytes, 12) {
            return Err(BadHeader::Damaged);
        }
        if u32_at(bytes, 8) != VERSION {
            return Err(BadHeader::Version(u32_at(bytes, 8)));
        }
        Ok(Self {
            store_id: u64_at(bytes, 16),
            number: u32_at(bytes, 24),
            generation: u32_at(bytes, 28),
            next_lsn: Lsn(u64_at(bytes, 32)),
            previous_bytes: u64_at(bytes, 40),
            sealed_bytes: u64_at(bytes, 48),
            first: u32_at(bytes, 56),
        })
    }

    /// The store id that a damaged header claims; the checksums of the records show whether it is right.
    pub(crate) fn claimed_store_id(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> u64 {
        u64_at(bytes, 16)
    }

    /// It holds nothing that a delete before this LSN hides: a rewritten segment holds only what was live then.
    pub(crate) fn cleaned_before(&self) -> Lsn {
        if self.generation > 0 { self.next_lsn } else { Lsn(0) }
    }

    /// Of a segment that is appended to, or was.
    pub(crate) fn appended(store_id: u64, number: u32, next_lsn: Lsn, previous_bytes: u64) -> Self {
        Self { store_id, number, generation: 0, next_lsn, previous_bytes, sealed_bytes: 0, first: number }
    }

    pub(crate) fn salt(&self) -> SegmentSalt {
        SegmentSalt::new(self.store_id, self.number, self.generation)
    }
}

/// What ties a record to its store, its segment and, with [`at`](Self::at), its offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentSalt(u64);

impl SegmentSalt {
    pub(crate) fn new(store_id: u64, number: u32, generation: u32) -> Self {
        let which = u64::from(generation) << 32 | u64::from(number);
        Self(mix(store_id.wrapping_add(which.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    fn at(self, offset: u64) -> u32 {
        (mix(self.0 ^ offset) >> 32) as u32
    }
}

/// The finaliser of SplitMix64: every bit of the input moves every bit of the output.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// What stands in place of a distance when nothing is claimed.
const NO_CLAIM: u32 = (1 << 24) - 1;

/// The length as stored of a record with these.
pub(crate) const fn record_bytes(key_len: usize, value_len: usize) -> u64 {
    ((RECORD_HEADER_BYTES + key_len + value_len) as u64).next_multiple_of(ALIGN_BYTES)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) key_len: u16,
    pub(crate) value_len: u32,
    pub(crate) lsn: Lsn,
    /// Unix milliseconds, 0 = never.
    pub(crate) expires_at: u64,
    pub(crate) body_crc: u32,
    /// The segment was on disk up to this offset when this record was written; 0 claims nothing.
    pub(crate) durable: u64,
}

impl RecordHeader {
    /// Inlined: this runs under the append lock.
    #[inline]
    pub(crate) fn encode(&self, salt: SegmentSalt, offset: u64) -> [u8; RECORD_HEADER_BYTES] {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        bytes[4..8].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[8] = self.kind as u8 | self.flags << FLAGS_SHIFT;
        bytes[12..14].copy_from_slice(&self.key_len.to_le_bytes());
        bytes[14..18].copy_from_slice(&self.value_len.to_le_bytes());
        bytes[18..24].copy_from_slice(&self.lsn.0.to_le_bytes()[..6]);
        bytes[24..32].copy_from_slice(&self.expires_at.to_le_bytes());
        claim(&mut bytes, salt, offset, self.durable);
        bytes
    }

    /// `None` unless these bytes were written as a record header at this very place.
    #[inline]
    pub(crate) fn decode(bytes: &[u8; RECORD_HEADER_BYTES], salt: SegmentSalt, offset: u64) -> Option<Self> {
        let (key_len, value_len) = (u16_at(bytes, 12), u32_at(bytes, 14));
        // The cheap checks come first: a search for the next valid record runs this at every place for one.
        let kind = match bytes[8] & KIND_MASK {
            1 => Kind::Put,
            2 if value_len == 0 => Kind::Delete,
            3 if key_len == 0 && value_len == 4 => Kind::Clear,
            4 if key_len == 0 => Kind::Filler,
            _ => return None,
        };
        let flags = bytes[8] >> FLAGS_SHIFT;
        if flags & !flags::ALL != 0 || crc32c(&bytes[4..]) ^ salt.at(offset) != u32_at(bytes, 0) {
            return None;
        }
        let back = u32_at(bytes, 8) >> 8;
        let durable = if back == NO_CLAIM { 0 } else { offset.checked_sub(u64::from(back) * ALIGN_BYTES)? };
        Some(Self {
            kind,
            flags,
            key_len,
            value_len,
            lsn: Lsn(u64::from(u32_at(bytes, 18)) | u64::from(u16_at(bytes, 22)) << 32),
            expires_at: u64_at(bytes, 24),
            body_crc: u32_at(bytes, 4),
            durable,
        })
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether this is what a clean end leaves behind: no content, only the claim that all before it is on disk.
    pub(crate) fn is_mark(&self) -> bool {
        self.kind == Kind::Filler && self.value_len == 0 && !self.has(flags::JOINED | flags::MORE)
    }

    pub(crate) fn body_bytes(&self) -> u64 {
        u64::from(self.key_len) + u64::from(self.value_len)
    }

    pub(crate) fn record_bytes(&self) -> u64 {
        record_bytes(usize::from(self.key_len), self.value_len as usize)
    }
}

/// Lets the record whose header these bytes begin with claim that its segment is on disk up to `durable`.
pub(crate) fn claim(bytes: &mut [u8], salt: SegmentSalt, offset: u64, durable: u64) {
    let back = match u32::try_from((offset - durable) / ALIGN_BYTES) {
        Ok(back) if durable > 0 => back.min(NO_CLAIM),
        _ => NO_CLAIM,
    };
    bytes[9..12].copy_from_slice(&back.to_le_bytes()[..3]);
    let crc = crc32c(&bytes[4..RECORD_HEADER_BYTES]) ^ salt.at(offset);
    bytes[..4].copy_from_slice(&crc.to_le_bytes());
}

/// The checksum of a body that lies in two pieces.
#[inline]
pub(crate) fn body_crc(key: &[u8], value: &[u8]) -> u32 {
    let mut digest = BodyDigest::new();
    digest.update(key);
    digest.update(value);
    digest.finish()
}

/// The checksum of a body that comes in pieces.
pub(crate) struct BodyDigest(Digest);

impl BodyDigest {
    pub(crate) fn new() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc32Iscsi))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(&self) -> u32 {
        unless_off(self.0.finalize() as u32)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use crc_fast::crc32_iscsi;

    use super::*;

    fn segment() -> SegmentHeader {
        SegmentHeader {
            store_id: 0x0123_4567_89ab_cdef,
            number: 7,
            generation: 2,
            next_lsn: Lsn(42),
            previous_bytes: 4096,
            sealed_bytes: 8192,
            first: 5,
        }
    }

    fn record() -> RecordHeader {
        RecordHeader {
            kind: Kind::Put,
            flags: flags::MORE,
            key_len: 3,
            value_len: 5,
            lsn: Lsn(43),
            expires_at: 99,
            body_crc: body_crc(b"key", b"value"),
            durable: 64,
        }
    }

    #[test]
    fn a_segment_header_survives_the_round_trip_and_no_flipped_bit() {
        let bytes = segment().encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(segment()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&flipped), Err(BadHeader::Damaged), "bit {bit}");
        }
    }

    /// A claim that does not fit is none, never a false one.
    #[test]
    fn a_claim_too_far_back_is_no_claim() {
        let (salt, far) = (segment().salt(), (u64::from(NO_CLAIM) - 1) * ALIGN_BYTES);
        for (offset, durable) in [(64 + far, 64), (64 + far + 8, 0), (64 + far + 800, 0), (u64::MAX - 7, 0)] {
            let bytes = record().encode(salt, offset);
            assert_eq!(RecordHeader::decode(&bytes, salt, offset).unwrap().durable, durable, "{offset}");
        }
    }

    #[test]
    fn another_version_is_named_and_not_called_damage() {
        let mut bytes = segment().encode();
        bytes[8] = 3;
        bytes[12..16].fill(0);
        let crc = crc32_iscsi(&bytes) as u32;
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(SegmentHeader::decode(&bytes), Err(BadHeader::Version(3)));
    }

    #[test]
    fn a_record_header_survives_the_round_trip_and_no_flipped_bit() {
        let salt = segment().salt();
        let bytes = record().encode(salt, 64);
        assert_eq!(RecordHeader::decode(&bytes, salt, 64), Some(record()));
        assert_eq!(RecordHeader::decode(&record().encode(salt, 4096), salt, 4096), Some(record()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHeader::decode(&flipped, salt, 64), None, "bit {bit}");
        }
    }

    #[test]
    fn a_record_validates_only_where_it_was_written() {
        let bytes = record().encode(segment().salt(), 64);
        let elsewhere = [
            (segment().salt(), 65),
            (SegmentSalt::new(segment().store_id, 8, 2), 64),
            (SegmentSalt::new(segment().store_id, 7, 1), 64),
            (SegmentSalt::new(segment().store_id + 1, 7, 2), 64),
        ];
        for (salt, offset) in elsewhere {
            assert_eq!(RecordHeader::decode(&bytes, salt, offset), None);
        }
    }

    #[test]
    fn zeros_are_no_record() {
        let zeros = [0; RECORD_HEADER_BYTES];
        assert_eq!(RecordHeader::decode(&zeros, segment().salt(), 64), None);
    }

    /// Pins the layout: a change here makes every store in the field unreadable.
    #[test]
    fn the_layout_is_what_the_module_says() {
        let bytes = segment().encode();
        assert_eq!(&bytes[..12], b"NUTHATCH\x02\0\0\0");
        assert_eq!(bytes[16..24], 0x0123_4567_89ab_cdef_u64.to_le_bytes());
        let bytes = record().encode(segment().salt(), 64);
        assert_eq!(bytes[8..18], [1 | flags::MORE << 4, 0, 0, 0, 3, 0, 5, 0, 0, 0]);
        assert_eq!(bytes[18..32], [43, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(u32_at(&bytes, 4), crc32_iscsi(b"keyvalue") as u32);
        assert_eq!(crc32_iscsi(b"123456789"), 0xe306_9283, "the checksum is CRC-32C");
    }
}
