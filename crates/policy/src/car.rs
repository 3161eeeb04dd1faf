//! CAR: ARC with clocks for queues, so that a hit writes one bit.
//!
//! As in `arc`, T1 holds what was used once and T2 what was used again, what left them is remembered, and a newcomer
//! that is remembered moves the target size of T1. But the hand of T1 sends an entry that was used since it came on to
//! T2, and the hand of T2 gives one that was used another lap; the first unused one that a hand meets leaves.
//!
//! Cost: hit O(1), one byte; evict O(1) amortised (each step of a hand spends a mark that a hit paid for), at worst it
//! passes all of T1 and laps T2. Metadata: 33 bytes per entry, about 35 per ghost, as many ghosts as entries. Strong and
//! weak where ARC is, a little behind it on most traces, and kind to concurrent readers.
//!
//! Differs from the paper: ghosts are trimmed after the newcomer came in, with the same outcome for entries of one
//! size. A newcomer moves the target by its weight. When the capacity changes, the target keeps its proportion to it.
//!
//! Source: Bansal and Modha, "CAR: Clock with Adaptive Replacement", FAST 2004.

use crate::{Policy, Slot, drain::drained, history::Side, sides::Sides, slab::cover};

#[derive(Clone, Debug)]
pub(crate) struct Car {
    capacity: u64,
    sides: Sides,
    /// By slot: used since its hand last passed.
    used: Vec<bool>,
}

impl Car {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self { capacity, sides: Sides::new(capacity), used: Vec::new() }
    }
}

impl Policy for Car {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.sides.history.look_up(hash, weight);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.used, slot, false);
        self.used[slot.index()] = false;
        self.sides.history.adapt();
        self.sides.insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.used[slot.index()] = true;
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.sides.reweigh(slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        loop {
            let recent_is_over = self.sides.weight(Side::Recent) >= self.sides.history.target().max(1.0);
            let [first, second] =
                if recent_is_over { [Side::Recent, Side::Frequent] } else { [Side::Frequent, Side::Recent] };
            let slot = self.sides.tail(first).or_else(|| self.sides.tail(second))?;
            if !std::mem::take(&mut self.used[slot.index()]) {
                return Some(self.sides.evict(slot));
            }
            self.sides.renew(slot);
        }
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
        let used = self.used.clone();
        drained(Self { capacity: self.capacity, sides: self.sides.without_ghosts(), used })
    }

    fn check_invariants(&self) {
        self.sides.check_invariants();
    }
}
