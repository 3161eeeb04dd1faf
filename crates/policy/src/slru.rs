//! SLRU: LRU in segments, each hit one segment up.
//!
//! Newcomers enter the lowest of four segments of equal size. A hit moves an entry to the head of the next segment up; what
//! that pushes off a segment's tail goes to the head of the one below. The tail of the lowest segment leaves, so that an
//! entry must be hit once within a short queue to be safe from scans, and again to be safer.
//!
//! Cost: hit O(1) amortised (each step down was paid for by a hit that went up), with entries of equal size at most three
//! steps down; other operations O(1). Metadata: 17 bytes per entry.
//! Strong where a scan passes by a set of entries in frequent use; weak on loops, and slow to let go of former favourites,
//! which leave segment by segment.
//!
//! Source: Karedla, Love and Wherry, "Caching strategies to improve disk system performance", IEEE Computer, 1994; four
//! segments (S4LRU): Huang et al., "An analysis of Facebook photo caching", SOSP 2013.
//!
//! Differs from the papers: nothing leaves before the whole cache is full, so the lowest segment has what the others leave
//! free, and a segment keeps its newest entry even if that alone is more than its share. When the capacity shrinks, the tails of
//! segments that are too long go down at once.

use crate::{
    Policy, Slot,
    list::{Links, List},
    slab::cover,
};

const SEGMENTS: usize = 4;

#[derive(Debug)]
struct Segment {
    list: List,
    /// Wide enough for any number of entries of any weight.
    weight: u128,
}

#[derive(Debug)]
pub(crate) struct Slru {
    capacity: u64,
    links: Links,
    /// By slot: the segment.
    levels: Vec<u8>,
    /// By slot.
    weights: Vec<u64>,
    /// The lowest first.
    segments: [Segment; SEGMENTS],
}

impl Slru {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self {
            capacity,
            links: Links::new(),
            levels: Vec::new(),
            weights: Vec::new(),
            segments: [const { Segment { list: List::new(), weight: 0 } }; SEGMENTS],
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
        let share = (self.capacity / SEGMENTS as u64).max(1);
        let tail = list.tail().filter(|tail| *weight > u128::from(share) && list.head() != Some(*tail));
        tail.is_some_and(|tail| {
            self.remove(tail);
            self.push(tail, level - 1);
            true
        })
    }

    fn restore_shares(&mut self) {
        for level in (1..SEGMENTS).rev() {
            while self.overflow(level) {}
        }
    }
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
        if level == SEGMENTS - 1 {
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
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
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
