//! How well a cache did over time.

/// Slices that are kept at most; half as many at least, once there were as many requests.
const SLICES_MAX: usize = 128;

/// The hits of equal slices of a trace, in their order.
///
/// A trace's length is not known before its end, so slices begin one request wide; when there are too many, each two
/// become one. Costs 2 KiB, and nothing per request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Full ones, but for the last.
    slices: Vec<Slice>,
    /// What a full slice holds is two to the power of this.
    doublings: u32,
    /// How many accesses the last slice holds.
    filled: usize,
}

/// Some requests that followed each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slice {
    /// Reads.
    pub requests: u64,
    /// Reads that found their object.
    pub hits: u64,
}

impl Timeline {
    /// The slices. The last may be shorter than the others.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// How many accesses the next [`note`](Self::note) may be about: at least one.
    pub(crate) fn room(&self) -> usize {
        if self.slices.is_empty() || self.filled == self.width() {
            self.width()
        } else {
            self.width() - self.filled
        }
    }

    /// Of the next `accesses` so many were `requests` and so many of them `hits`.
    pub(crate) fn note(&mut self, accesses: usize, requests: u64, hits: u64) {
        debug_assert!(accesses <= self.room(), "a slice holds no more");
        if self.slices.is_empty() || self.filled == self.width() {
            self.slices.push(Slice::default());
            self.filled = 0;
        }
        if let Some(last) = self.slices.last_mut() {
            last.requests += requests;
            last.hits += hits;
        }
        self.filled += accesses;
        if self.slices.len() == SLICES_MAX && self.filled == self.width() {
            self.double();
        }
    }

    const fn width(&self) -> usize {
        1 << self.doublings
    }

    fn double(&mut self) {
        let pairs = self.slices.chunks(2).map(|pair| Slice {
            requests: pair.iter().map(|slice| slice.requests).sum(),
            hits: pair.iter().map(|slice| slice.hits).sum(),
        });
        self.slices = pairs.collect();
        self.doublings += 1;
        self.filled = self.width();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `accesses` of which every third hits, in parts of at most `part`.
    fn timeline(accesses: u64, part: usize) -> Timeline {
        let mut timeline = Timeline::default();
        let mut next = 0;
        while next < accesses {
            let room = timeline.room().min(part) as u64;
            let end = accesses.min(next + room);
            let hits = (next..end).filter(|access| access % 3 == 0).count() as u64;
            timeline.note((end - next) as usize, end - next, hits);
            next = end;
        }
        timeline
    }

    #[test]
    fn slices_are_equal_but_for_the_last_and_hold_everything() {
        for accesses in [0, 1, 2, 127, 128, 129, 255, 256, 257, 10_000, 65_536, 1_000_003] {
            let timeline = timeline(accesses, 4096);
            let slices = timeline.slices();
            assert_eq!(slices.iter().map(|slice| slice.requests).sum::<u64>(), accesses);
            assert_eq!(slices.iter().map(|slice| slice.hits).sum::<u64>(), accesses.div_ceil(3));
            let full = slices.first().map_or(0, |first| first.requests);
            for (index, slice) in slices.iter().enumerate() {
                let is_last = index + 1 == slices.len();
                assert!(
                    slice.requests == full || is_last && slice.requests <= full,
                    "{accesses}: {slices:?}"
                );
            }
            assert!(slices.len() <= SLICES_MAX);
            assert!(accesses < 128 || slices.len() >= SLICES_MAX / 2, "{accesses}: {}", slices.len());
        }
    }

    #[test]
    fn how_a_trace_is_cut_into_batches_makes_no_difference() {
        assert_eq!(timeline(100_000, 1), timeline(100_000, 777));
    }
}
