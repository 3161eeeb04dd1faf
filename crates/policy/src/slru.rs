//! SLRU: LRU in segments, each hit one segment up.
//!
//! Newcomers enter the lowest of several segments of equal size, four if nothing else is asked for. A hit moves an entry
//! to the head of the next segment up; what that pushes off a segment's tail goes to the head of the one below. The tail of
//! the lowest segment leaves, so that an entry must be hit once within a short queue to be safe from scans, and again to be
//! safer.
//!
//! Cost: a hit looks at each segment; the steps down are O(1) amortised (each was paid for by a hit that went up), with
//! entries of equal size at most one from each segment. Other operations O(1). Metadata: 17 bytes per entry.
//! Strong where a scan passes by a set of entries in frequent use; weak on loops, and slow to let go of former favourites,
//! which leave segment by segment.
//!
//! Source: Karedla, Love and Wherry, "Caching strategies to improve disk system performance", IEEE Computer, 1994; four
//! segments (S4LRU): Huang et al., "An analysis of Facebook photo caching", SOSP 2013.
//!
//! Differs from the papers: nothing leaves before the whole cache is full, so the lowest segment has what the others leave
//! free, and a segment keeps its newest entry even if that alone is more than its share. When the capacity shrinks, the
//! tails of segments that are too long go down at once.

use crate::{
    ParameterError, Policy, Slot,
    list::{Links, List},
    slab::cover,
};

const SEGMENTS: usize = 4;

#[derive(Clone, Debug)]
struct Segment {
    list: List,
    /// Wide enough for any number of entries of any weight.
    weight: u128,
}

/// SLRU (IEEE Computer 1994): LRU in segments of equal size, each hit one segment up. With four of them it is
/// [`PolicyKind::Slru`](crate::PolicyKind::Slru).
///
/// With more segments an entry must be hit more often to be safe from a scan, and is safer then; and it takes longer to
/// leave when it is no longer asked for.
///
/// Cost: O(1), but a hit looks at each segment and moves, with entries of equal size, at most one entry down from each.
/// 17 bytes per entry.
#[derive(Clone, Debug)]
pub struct Slru {
    /// What a segment above the lowest may have.
    share: u64,
    links: Links,
    /// By slot: the segment.
    levels: Vec<u8>,
    /// By slot.
    weights: Vec<u64>,
    /// The lowest first.
    segments: Box<[Segment]>,
}

impl Slru {
    /// With four segments.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::empty(share(capacity, SEGMENTS), SEGMENTS)
    }

    /// With another number of segments. One is LRU.
    ///
    /// # Errors
    ///
    /// If there are to be none.
    pub fn with_segments(capacity: u64, segments: u8) -> Result<Self, ParameterError> {
        let most = f64::from(u8::MAX);
        ParameterError::unless_within("slru", "segments", segments.into(), 1.0, most)?;
        let segments = usize::from(segments);
        Ok(Self::empty(share(capacity, segments), segments))
    }

    fn empty(share: u64, segments: usize) -> Self {
        Self {
            share,
            links: Links::new(),
            levels: Vec::new(),
            weights: Vec::new(),
            segments: (0..segments).map(|_| Segment { list: List::new(), weight: 0 }).collect(),
        }
    }

    fn push(&mut self, slot: Slot, level: usize) {
        self.levels[slot.index()] = level as u8;
        let segment = &mut self.segments[level];
        segment.weight += u128::from(self.weights[slot.index()]);
        segment.list.push_head(&mut self.links, slot);
    }

    /// Moves the tail of a segment above the lowest down, if it has more than its share.
    fn overflow(&mut self, level: usize) -> bool {
        let Segment { list, weight } = &self.segments[level];
        let share = u128::from(self.share);
        let tail = list.tail().filter(|tail| *weight > share && list.head() != Some(*tail));
        tail.is_some_and(|tail| {
            self.remove(tail);
            self.push(tail, level - 1);
            true
        })
    }

    fn restore_shares(&mut self) {
        for level in (1..self.segments.len()).rev() {
            while self.overflow(level) {}
        }
    }
}

fn share(capacity: u64, segments: usize) -> u64 {
    (capacity / segments as u64).max(1)
}

impl Policy for Slru {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, weight: u64) {
        cover(&mut self.levels, slot, 0);
        cover(&mut self.weights, slot, 0);
        self.weights[slot.index()] = weight;
        self.push(slot, 0);
    }

    fn hit(&mut self, slot: Slot) {
        let level = usize::from(self.levels[slot.index()]);
        if level == self.segments.len() - 1 {
            return self.segments[level].list.move_to_head(&mut self.links, slot);
        }
        self.remove(slot);
        self.push(slot, level + 1);
        self.restore_shares();
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let before = std::mem::replace(&mut self.weights[slot.index()], weight);
        let segment = &mut self.segments[usize::from(self.levels[slot.index()])];
        segment.weight = segment.weight - u128::from(before) + u128::from(weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        let victim = self.segments.iter().find_map(|segment| segment.list.tail())?;
        self.remove(victim);
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        let segment = &mut self.segments[usize::from(self.levels[slot.index()])];
        segment.weight -= u128::from(self.weights[slot.index()]);
        segment.list.unlink(&mut self.links, slot);
    }

    fn clear(&mut self) {
        *self = Self::empty(self.share, self.segments.len());
    }

    fn resize(&mut self, capacity: u64) {
        self.share = share(capacity, self.segments.len());
        self.restore_shares();
    }

    fn coldest_first(&self) -> Vec<Slot> {
        self.segments.iter().flat_map(|segment| segment.list.iter(&self.links)).collect()
    }

    fn check_invariants(&self) {
        for (level, segment) in self.segments.iter().enumerate() {
            let slots = segment.list.check_invariants(&self.links);
            assert!(slots.iter().all(|slot| usize::from(self.levels[slot.index()]) == level));
            let weights = slots.iter().map(|slot| u128::from(self.weights[slot.index()]));
            assert_eq!(segment.weight, weights.sum::<u128>());
        }
    }
}
