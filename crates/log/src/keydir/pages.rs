//! Which page is which stretch of which segment.

use std::collections::BTreeMap;

use super::place::{PAGE_BITS, PAGE_BYTES, PAGES_MAX, Place};

/// Where a record lies, in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    /// The segment's id.
    pub(crate) segment: u32,
    pub(crate) offset: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// By page: the segment, and which of its stretches. `None` is free.
    stretches: Vec<Option<(u32, u32)>>,
    free: Vec<u32>,
    /// The pages of each segment, in order.
    of: BTreeMap<u32, Vec<u32>>,
    /// The segment asked for last, which is nearly always the one that grows, and its pages.
    last: (u32, Vec<u32>),
}

impl Pages {
    /// Whether it is known at once that the first `bytes` of `segment` have pages.
    pub(crate) fn covers(&self, segment: u32, bytes: u64) -> bool {
        self.last.0 == segment && self.last.1.len() as u64 >= bytes.div_ceil(PAGE_BYTES)
    }

    /// Sees to it that the first `bytes` of `segment` have pages. False if there are not enough.
    pub(crate) fn cover(&mut self, segment: u32, bytes: u64) -> bool {
        let wanted = bytes.div_ceil(PAGE_BYTES) as usize;
        let pages = self.of.entry(segment).or_default();
        while pages.len() < wanted {
            let stretch = Some((segment, pages.len() as u32));
            if let Some(page) = self.free.pop() {
                self.stretches[page as usize] = stretch;
                pages.push(page);
            } else if self.stretches.len() < PAGES_MAX as usize {
                pages.push(self.stretches.len() as u32);
                self.stretches.push(stretch);
            } else {
                return false;
            }
        }
        self.last = (segment, pages.clone());
        true
    }

    /// The place of a record; `None` if its segment has no page there.
    pub(crate) fn place(&self, at: Address, record_bytes: u64, expires: bool) -> Option<Place> {
        let pages = if self.last.0 == at.segment { &self.last.1 } else { self.of.get(&at.segment)? };
        let page = *pages.get((at.offset >> PAGE_BITS) as usize)?;
        Some(Place::new(page, at.offset & (PAGE_BYTES as u32 - 1), record_bytes, expires))
    }

    /// Where a place is; `None` if its segment is gone.
    pub(crate) fn address(&self, place: Place) -> Option<Address> {
        let (segment, stretch) = self.stretches.get(place.page() as usize).copied().flatten()?;
        Some(Address { segment, offset: stretch << PAGE_BITS | place.offset() })
    }

    /// Takes a segment's pages back. No entry may have a place in them.
    pub(crate) fn release(&mut self, segment: u32) {
        for page in self.of.remove(&segment).into_iter().flatten() {
            self.stretches[page as usize] = None;
            self.free.push(page);
        }
        if self.last.0 == segment {
            self.last = (0, Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_name_addresses_until_their_segment_is_released() {
        let mut pages = Pages::default();
        assert!(pages.cover(7, 4096) && pages.cover(8, 3 * PAGE_BYTES) && pages.cover(7, PAGE_BYTES + 1));
        let addresses = [(7, 0), (7, PAGE_BYTES), (8, 2 * PAGE_BYTES + 9), (8, PAGE_BYTES - 1)]
            .map(|(segment, offset)| Address { segment, offset: offset as u32 });
        let places = addresses.map(|at| pages.place(at, 100, false).unwrap());
        assert_eq!(places.map(|place| pages.address(place).unwrap()), addresses);
        assert_eq!(pages.place(Address { segment: 9, offset: 0 }, 100, false), None);
        assert_eq!(pages.place(Address { segment: 7, offset: 2 << PAGE_BITS }, 100, false), None);
        pages.release(8);
        assert_eq!((pages.address(places[2]), pages.address(places[0])), (None, Some(addresses[0])));
        assert!(pages.cover(9, 3 * PAGE_BYTES));
        assert_eq!(pages.stretches.len(), 5, "pages are used again");
    }

    #[test]
    fn running_out_of_pages_is_said_and_ends_when_segments_go() {
        let mut pages = Pages::default();
        assert!(pages.cover(1, u64::from(PAGES_MAX - 1) * PAGE_BYTES) && pages.cover(2, 1));
        assert!(!pages.cover(3, 1));
        pages.release(2);
        assert!(pages.cover(3, 1));
    }
}
