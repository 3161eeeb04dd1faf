//! The bytes of a snapshot: a header, blocks, and a block that says it is the last. `docs/snapshot-format.md` is the
//! description; this is the only place that reads or writes them.
//!
//! All numbers are little-endian. Every byte is covered by a CRC32C, so one that changed is found, and so is a cut: a
//! snapshot without its last block is not whole.

use std::io::{Read, Write};

use crc_fast::crc32_iscsi;

use super::{Saved, SnapshotError};

pub(super) const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"NUTHSNAP";
const HEADER_BYTES: usize = 64;
const POLICY_BYTES: usize = 19;
const BLOCK_HEADER_BYTES: usize = 20;
/// A block is written once it is as long as this.
const BLOCK_BYTES: usize = 64 << 10;
const ENTRIES: u8 = 1;
const END: u8 = 2;

/// What a snapshot says of itself. All but the time is for whoever looks at one.
#[derive(Debug)]
pub(super) struct Header {
    /// Milliseconds since the Unix epoch.
    pub(super) taken_at: u64,
    pub(super) capacity: u64,
    /// How many entries were held when it was begun.
    pub(super) entries: u64,
    pub(super) storage: u8,
    pub(super) policy: &'static str,
}

impl Header {
    fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.taken_at.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.capacity.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.entries.to_le_bytes());
        bytes[40] = self.storage;
        for (byte, letter) in bytes[41..41 + POLICY_BYTES].iter_mut().zip(self.policy.bytes()) {
            *byte = letter;
        }
        seal(&mut bytes, 60);
        bytes
    }
}

/// Writes blocks.
pub(super) struct Writer<'a, W: ?Sized> {
    to: &'a mut W,
    /// The block that is being filled, its header first.
    block: Vec<u8>,
    in_block: u32,
    sequence: u32,
    saved: Saved,
}

impl<'a, W: Write + ?Sized> Writer<'a, W> {
    pub(super) fn start(to: &'a mut W, header: &Header) -> Result<Self, SnapshotError> {
        let mut writer =
            Self { to, block: Vec::new(), in_block: 0, sequence: 0, saved: Saved { entries: 0, bytes: 0 } };
        writer.write(&header.bytes())?;
        writer.block.resize(BLOCK_HEADER_BYTES, 0);
        Ok(writer)
    }

    /// Adds a record, which `append` writes.
    pub(super) fn record(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Result<(), SnapshotError> {
        append(&mut self.block);
        self.in_block += 1;
        self.saved.entries += 1;
        if self.block.len() >= BLOCK_BYTES { self.end_block(ENTRIES) } else { Ok(()) }
    }

    /// Writes what is left, and that this was all.
    pub(super) fn finish(mut self) -> Result<Saved, SnapshotError> {
        if self.in_block > 0 {
            self.end_block(ENTRIES)?;
        }
        self.block.extend_from_slice(&self.saved.entries.to_le_bytes());
        self.end_block(END)?;
        self.to.flush().map_err(|source| SnapshotError::Write { source })?;
        Ok(self.saved)
    }

    fn end_block(&mut self, kind: u8) -> Result<(), SnapshotError> {
        let bytes = self.block.len() - BLOCK_HEADER_BYTES;
        let Ok(len) = u32::try_from(bytes) else {
            return Err(SnapshotError::TooLong { bytes: bytes as u64 });
        };
        let mut block = std::mem::take(&mut self.block);
        block[4..8].copy_from_slice(&len.to_le_bytes());
        block[8..12].copy_from_slice(&self.sequence.to_le_bytes());
        block[12..16].copy_from_slice(&self.in_block.to_le_bytes());
        block[16] = kind;
        seal(&mut block, 0);
        self.write(&block)?;
        block.clear();
        block.resize(BLOCK_HEADER_BYTES, 0);
        self.block = block;
        self.in_block = 0;
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.to.write_all(bytes).map_err(|source| SnapshotError::Write { source })?;
        self.saved.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Reads blocks, and not a byte beyond the last.
pub(super) struct Reader<'a, R: ?Sized> {
    from: &'a mut R,
    /// Of what is to be read next.
    offset: u64,
    block: Vec<u8>,
    sequence: u32,
    entries: u64,
}

/// The payload of a block whose checksum is right.
pub(super) struct Block<'a> {
    pub(super) offset: u64,
    pub(super) entries: u32,
    pub(super) payload: &'a [u8],
}

impl<'a, R: Read + ?Sized> Reader<'a, R> {
    /// Reads the header; returns when the snapshot was taken, in milliseconds since the Unix epoch.
    pub(super) fn start(from: &'a mut R) -> Result<(Self, u64), SnapshotError> {
        let mut reader = Self { from, offset: 0, block: Vec::new(), sequence: 0, entries: 0 };
        let whole = reader.fill(HEADER_BYTES)?;
        let header = &reader.block;
        if header.len() < MAGIC.len() || header[..8] != MAGIC {
            return Err(SnapshotError::Foreign);
        }
        if !whole {
            return Err(damaged(0, "the header is cut off"));
        }
        if !is_sealed(header, 60) {
            return Err(damaged(0, "the header's checksum is not right"));
        }
        let (found, taken_at) = (u32_at(header, 8), u64_at(header, 16));
        if found != VERSION {
            return Err(SnapshotError::Version { found, known: VERSION });
        }
        reader.offset = HEADER_BYTES as u64;
        Ok((reader, taken_at))
    }

    /// The next block of entries. `None`: that was all, and it was whole.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, SnapshotError> {
        let offset = self.offset;
        self.block.clear();
        if !self.fill(BLOCK_HEADER_BYTES)? {
            return Err(damaged(offset, "the snapshot ends before its last block"));
        }
        let len = u32_at(&self.block, 4);
        if !self.fill(len as usize)? {
            return Err(damaged(offset, "the snapshot ends within it"));
        }
        if !is_sealed(&self.block, 0) {
            return Err(damaged(offset, "its checksum is not right"));
        }
        let (sequence, entries) = (u32_at(&self.block, 8), u32_at(&self.block, 12));
        if sequence != self.sequence {
            return Err(damaged(offset, "it is not the one that follows"));
        }
        self.sequence = sequence.wrapping_add(1);
        self.offset = offset + self.block.len() as u64;
        self.entries += u64::from(entries);
        let payload = &self.block[BLOCK_HEADER_BYTES..];
        match self.block[16] {
            ENTRIES => Ok(Some(Block { offset, entries, payload })),
            END if payload == self.entries.to_le_bytes() => Ok(None),
            END => Err(damaged(offset, "it counts more or fewer entries than there are")),
            _ => Err(damaged(offset, "it is of no known kind")),
        }
    }

    /// Reads `len` bytes more into the block; `false`: there are not so many. Takes memory for what comes, not for what is
    /// announced.
    fn fill(&mut self, len: usize) -> Result<bool, SnapshotError> {
        let read = Read::take(&mut *self.from, len as u64).read_to_end(&mut self.block);
        read.map(|read| read == len).map_err(|source| SnapshotError::Read { source })
    }
}

pub(super) const fn damaged(offset: u64, problem: &'static str) -> SnapshotError {
    SnapshotError::Damaged { offset, problem }
}

/// The checksum of all bytes but the four at `at`, which are the first or the last.
fn checksum(bytes: &[u8], at: usize) -> u32 {
    let covered = if at == 0 { &bytes[4..] } else { &bytes[..at] };
    crc32_iscsi(covered)
}

fn seal(bytes: &mut [u8], at: usize) {
    let crc = checksum(bytes, at);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}

fn is_sealed(bytes: &[u8], at: usize) -> bool {
    checksum(bytes, at) == u32_at(bytes, at)
}

/// The number at a place that is there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The number at a place that is there.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
