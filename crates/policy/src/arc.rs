//! ARC: entries used once and entries used again in two LRU queues whose sizes follow what was missed.
//!
//! T1 holds what was used once, T2 what was used at least twice. What leaves T1 is remembered in B1, what leaves T2
//! in B2. A newcomer that B1 remembers says that T1 is too small, one that B2 remembers that T2 is; the target size of
//! T1 moves accordingly, and the tail of whichever queue exceeds its target leaves.
//!
//! Cost: every operation O(1) amortised: a heavy newcomer may displace several ghosts. Metadata: 32 bytes per entry, about
//! 35 per ghost, as many ghosts as entries. Strong where recency and frequency take turns, without any parameter; weak
//! on loops and scans longer than the cache, and a hit moves a list node, which concurrent readers contend for.
//!
//! Differs from the paper: ghosts are trimmed after the newcomer came in, not before, with the same outcome for entries
//! of one size. A newcomer moves the target by its weight. When the capacity changes, the target keeps its proportion to
//! it.
//!
//! Source: Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003.

use crate::{Policy, Slot, drain::drained, history::Side, sides::Sides};

#[derive(Clone, Debug)]
pub(crate) struct Arc {
    capacity: u64,
    sides: Sides,
}

impl Arc {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self { capacity, sides: Sides::new(capacity) }
    }
}

impl Policy for Arc {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.sides.history.look_up(hash, weight);
        self.sides.history.adapt();
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.sides.insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.sides.renew(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.sides.reweigh(slot, weight);
    }

    /// The paper's REPLACE.
    fn evict(&mut self) -> Option<Slot> {
        let (recent, target) = (self.sides.weight(Side::Recent), self.sides.history.target());
        let recent_is_over = recent > target
            || (recent >= target && self.sides.history.left() == Some(Side::Frequent) && recent > 0.0);
        let [first, second] =
            if recent_is_over { [Side::Recent, Side::Frequent] } else { [Side::Frequent, Side::Recent] };
        let victim = self.sides.tail(first).or_else(|| self.sides.tail(second))?;
        Some(self.sides.evict(victim))
    }

    fn remove(&mut self, slot: Slot) {
        self.sides.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.sides.resize(capacity);
    }

    fn coldest_first(&self) -> Vec<Slot> {
        drained(Self { capacity: self.capacity, sides: self.sides.without_ghosts() })
    }

    fn check_invariants(&self) {
        self.sides.check_invariants();
    }
}
