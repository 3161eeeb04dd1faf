//! Finds intact records behind a bad one.
//!
//! A record's checksum is salted with its place, so an intact record can be recognised anywhere, without knowing where
//! the one before it ended, and bytes that merely look like a record (a value that holds a copy of a segment) are not.

use crate::{
    Result,
    format::{ALIGN_BYTES, RECORD_HEADER_BYTES, RecordHeader, SegmentSalt},
    reader::check_record,
    window::Window,
};

/// The offset of the first intact record at `from` or later.
///
/// One step per place for a record, most of which end at the header's kind: a segment of 64 MiB takes milliseconds.
pub(crate) fn find_record(
    window: &mut Window<'_>,
    salt: SegmentSalt,
    from: u64,
) -> Result<Option<(u64, RecordHeader)>> {
    let last = window.file_bytes().saturating_sub(RECORD_HEADER_BYTES as u64);
    for offset in (from.next_multiple_of(ALIGN_BYTES)..=last).step_by(ALIGN_BYTES as usize) {
        if let Some(header) = check_record(window, salt, offset)? {
            return Ok(Some((offset, header)));
        }
    }
    Ok(None)
}

/// Whether an intact record at `from` or later says that its segment was on disk beyond `offset`.
///
/// A crash leaves any subset of the pages that were written and not synced, so an intact record behind a bad one proves
/// nothing by itself. One that was written after a sync of the bad one's place does: no crash takes that back.
pub(crate) fn on_disk_beyond(window: &mut Window<'_>, salt: SegmentSalt, offset: u64) -> Result<bool> {
    let mut from = offset + 1;
    while let Some((at, header)) = find_record(window, salt, from)? {
        if header.durable > offset {
            return Ok(true);
        }
        from = at + header.record_bytes();
    }
    Ok(false)
}
