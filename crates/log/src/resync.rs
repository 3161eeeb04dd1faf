//! Finds the next intact record behind damage.
//!
//! A record's checksum is salted with its place, so an intact record can be recognised anywhere, without knowing where
//! the one before it ended, and bytes that merely look like a record (a value that holds a copy of a segment) are not.

use crate::{
    Result,
    format::{RECORD_HEADER_BYTES, SegmentSalt},
    reader::check_record,
    window::Window,
};

/// The offset of the first intact record at `from` or later.
///
/// One step per byte, most of which end at the header's kind: a segment of 64 MiB takes a fraction of a second.
pub(crate) fn find_record(window: &mut Window<'_>, salt: SegmentSalt, from: u64) -> Result<Option<u64>> {
    let last = window.file_bytes().saturating_sub(RECORD_HEADER_BYTES as u64);
    for offset in from..=last {
        if check_record(window, salt, offset)?.is_some() {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}
