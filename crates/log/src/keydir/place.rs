//! Where a record is, in six bytes.

use std::fmt;

/// A place is a byte of a *page*, a stretch of one segment, and two hints: how much to read at once, and whether the
/// record can expire.
///
/// ```text
/// bit 47        31 30                    5    4       3..0
///     page (17)    offset in page (26)     expires   read class (4)
/// ```
///
/// Pages are 64 MiB, so 2^17 of them are 8 TiB. Their numbers are given out and taken back by
/// whoever keeps the segments: a segment's own number grows for ever and would need more bits. Offsets are in bytes, so
/// that the format of records may align them or not.
///
/// No two live records share a place, so equality of places is equality of records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(u64);

pub(crate) const PLACE_BYTES: usize = 6;
pub(crate) const PAGE_BITS: u32 = 26;
pub(crate) const PAGE_BYTES: u64 = 1 << PAGE_BITS;
/// How many pages there may be.
pub(crate) const PAGES_MAX: u32 = 1 << 17;

const OFFSET_SHIFT: u32 = 5;
const EXPIRES: u64 = 1 << 4;
const CLASS_MASK: u64 = 15;

/// What is read at once for a record of each class but the last, whose records are longer. Steps of a half below the
/// size of a disk's block, where the time is spent copying; of a double above.
const READ_BYTES: [u32; 15] =
    [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096, 8192, 16 << 10, 32 << 10];

impl Place {
    /// The place of a record of `record_bytes` at `offset` in page `page`.
    pub(crate) fn new(page: u32, offset: u32, record_bytes: u64, expires: bool) -> Self {
        debug_assert!(page < PAGES_MAX && u64::from(offset) < PAGE_BYTES);
        let class = READ_BYTES.partition_point(|&bytes| u64::from(bytes) < record_bytes) as u64;
        let expires = if expires { EXPIRES } else { 0 };
        let at = u64::from(page) << PAGE_BITS | u64::from(offset);
        Self(at << OFFSET_SHIFT | expires | class)
    }

    pub(crate) fn page(self) -> u32 {
        (self.0 >> (PAGE_BITS + OFFSET_SHIFT)) as u32
    }

    pub(crate) fn offset(self) -> u32 {
        (self.0 >> OFFSET_SHIFT) as u32 & (PAGE_BYTES as u32 - 1)
    }

    pub(crate) fn expires(self) -> bool {
        self.0 & EXPIRES != 0
    }

    /// How many bytes hold the whole record, or, of a long one, enough to learn how long it is.
    pub(crate) fn read_bytes(self) -> usize {
        let class = (self.0 & CLASS_MASK) as usize;
        READ_BYTES.get(class).copied().unwrap_or(READ_BYTES[READ_BYTES.len() - 1]) as usize
    }

    pub(crate) fn pack(self) -> [u8; PLACE_BYTES] {
        let [bytes @ .., _, _] = self.0.to_le_bytes();
        bytes
    }

    pub(crate) fn unpack([a, b, c, d, e, f]: [u8; PLACE_BYTES]) -> Self {
        Self(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expiry = if self.expires() { ", expires" } else { "" };
        write!(f, "Place({}+{}, reads {}{expiry})", self.page(), self.offset(), self.read_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_packing_at_its_limits() {
        let last_offset = PAGE_BYTES as u32 - 1;
        for (page, offset) in [(0, 0), (PAGES_MAX - 1, last_offset), (0, last_offset), (PAGES_MAX - 1, 0)] {
            for expires in [false, true] {
                let place = Place::new(page, offset, 100, expires);
                assert_eq!((place.page(), place.offset(), place.expires()), (page, offset, expires));
                assert_eq!(Place::unpack(place.pack()), place);
            }
        }
    }

    #[test]
    fn a_read_holds_the_whole_record_unless_that_is_long() {
        for bytes in 1..=32_768_u64 {
            let read = Place::new(0, 0, bytes, false).read_bytes() as u64;
            assert!(read >= bytes && read <= (2 * bytes).max(64), "{bytes} bytes in a read of {read}");
        }
        assert_eq!(Place::new(0, 0, 1 << 30, true).read_bytes(), 32 << 10);
    }
}
