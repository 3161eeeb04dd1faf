//! Reads a segment's records in order and checks every byte of them.

use std::path::Path;

use crate::{
    Result,
    format::{BodyDigest, Kind, RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, SegmentSalt},
    resync,
    vfs::File,
    window::{WINDOW_BYTES, Window},
};

pub(crate) struct Reader<'a> {
    window: Window<'a>,
    salt: SegmentSalt,
    offset: u64,
}

/// What lies at the reader's place.
#[derive(Debug)]
pub(crate) enum Step<'b> {
    /// An intact record; the reader has passed it.
    Record(Record<'b>),
    /// No intact record; the reader stays.
    Bad,
    /// The end of the file.
    End,
}

#[derive(Debug)]
pub(crate) struct Record<'b> {
    pub(crate) header: RecordHeader,
    pub(crate) offset: u64,
    pub(crate) key: &'b [u8],
    /// Of a clear: the number of the first segment that still counts.
    pub(crate) clear_below: u32,
}

impl<'a> Reader<'a> {
    /// Starts behind the header of a segment of `file_bytes`.
    pub(crate) fn new(file: &'a dyn File, path: &'a Path, file_bytes: u64, salt: SegmentSalt) -> Self {
        Self { window: Window::new(file, path, file_bytes), salt, offset: SEGMENT_HEADER_BYTES as u64 }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    pub(crate) fn step(&mut self) -> Result<Step<'_>> {
        let offset = self.offset;
        if offset >= self.window.file_bytes() {
            return Ok(Step::End);
        }
        let Some(header) = check_record(&mut self.window, self.salt, offset)? else {
            return Ok(Step::Bad);
        };
        self.offset = offset + header.record_bytes();
        let body = offset + RECORD_HEADER_BYTES as u64;
        let mut clear_below = 0;
        if header.kind == Kind::Clear
            && let Some(value) = self.window.get(body, 4)?
        {
            clear_below = value.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte));
        }
        let key = self.window.get(body, usize::from(header.key_len))?.unwrap_or_default();
        Ok(Step::Record(Record { header, offset, key, clear_below }))
    }

    /// The offset of the first intact record at `from` or later.
    pub(crate) fn find_record(&mut self, from: u64) -> Result<Option<u64>> {
        Ok(resync::find_record(&mut self.window, self.salt, from)?.map(|(offset, _)| offset))
    }

    /// Whether a later record proves that what lies at the reader's place was once on disk.
    pub(crate) fn was_on_disk(&mut self) -> Result<bool> {
        resync::on_disk_beyond(&mut self.window, self.salt, self.offset)
    }

    /// Whether any record says that some of its segment was on disk.
    pub(crate) fn has_claims(&mut self) -> Result<bool> {
        resync::on_disk_beyond(&mut self.window, self.salt, 0)
    }

    /// Whether the whole file is zeros.
    pub(crate) fn is_zero(&mut self) -> Result<bool> {
        self.offset = 0;
        Ok(self.zeros_from()? == 0)
    }

    /// The end of what is not zero, from the reader's place on.
    pub(crate) fn zeros_from(&mut self) -> Result<u64> {
        let (mut at, end) = (self.offset, self.window.file_bytes());
        let mut zeros_from = at;
        while at < end {
            let count = usize::try_from(end - at).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
            let bytes = self.window.get(at, count)?.unwrap_or_default();
            if let Some(last) = bytes.iter().rposition(|&byte| byte != 0) {
                zeros_from = at + last as u64 + 1;
            }
            at += count as u64;
        }
        Ok(zeros_from)
    }
}

/// The header of the record at `offset`, if all of the record is there and intact.
pub(crate) fn check_record(
    window: &mut Window<'_>,
    salt: SegmentSalt,
    offset: u64,
) -> Result<Option<RecordHeader>> {
    // The keydir holds offsets in 32 bits, and no segment that this program writes goes beyond.
    if u32::try_from(offset).is_err() {
        return Ok(None);
    }
    let header = window
        .get(offset, RECORD_HEADER_BYTES)?
        .and_then(|bytes| RecordHeader::decode(bytes.first_chunk()?, salt, offset));
    let Some(header) = header else {
        return Ok(None);
    };
    if offset + header.record_bytes() > window.file_bytes() {
        return Ok(None);
    }
    if header.kind == Kind::Filler {
        return Ok(Some(header));
    }
    // Value by value in pieces: a value of 512 MiB must not take as much memory.
    let mut digest = BodyDigest::new();
    let mut at = offset + RECORD_HEADER_BYTES as u64;
    let end = at + header.body_bytes();
    while at < end {
        let count = usize::try_from(end - at).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
        let Some(bytes) = window.get(at, count)? else {
            return Ok(None);
        };
        digest.update(bytes);
        at += count as u64;
    }
    Ok((digest.finish() == header.body_crc).then_some(header))
}
