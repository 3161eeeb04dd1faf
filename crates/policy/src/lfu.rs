//! LFU and MFU: entries in classes of equal frequency; the oldest of the lowest class leaves, or of the highest.
//!
//! An entry comes in at frequency 1 and moves to the next class at each hit. Classes are linked in order, so the next
//! one is a step away. Counts are of the present stay only and do not age.
//!
//! Cost: every operation O(1). Metadata: 12 bytes per entry and about 30 per distinct frequency. LFU is strong where
//! popularity stays as it is, and keeps a scan from all but the lowest class; weak where it shifts: yesterday's
//! favourites keep their counts for ever, and what comes in fights for what is left (LFU with dynamic ageing mends
//! that). MFU bets that what was asked for often has had its turn: seldom so, but on a loop it keeps what it has.
//!
//! Source of the structure: Shah, Mitra, Matani, "An O(1) algorithm for implementing the LFU cache eviction scheme",
//! 2010, which leaves open who leaves of equals; here who came into the class first. There a hash table finds the
//! entry, here its slot does.

use crate::{Policy, Slot, frequencies::Frequencies};

/// Whose turn it is to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frequent {
    Least,
    Most,
}

#[derive(Debug)]
pub(crate) struct Lfu {
    victim: Frequent,
    entries: Frequencies,
}

impl Lfu {
    pub(crate) const fn new(victim: Frequent) -> Self {
        Self { victim, entries: Frequencies::new() }
    }
}

impl Policy for Lfu {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        self.entries.insert(slot, 1);
    }

    fn hit(&mut self, slot: Slot) {
        self.entries.step_up(slot);
    }

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        let slot = match self.victim {
            Frequent::Least => self.entries.lowest_oldest(),
            Frequent::Most => self.entries.highest_oldest(),
        }?;
        self.entries.remove(slot);
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.victim);
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        self.entries.class_by_class(self.victim == Frequent::Most).collect()
    }

    fn check_invariants(&self) {
        self.entries.check_invariants();
    }
}
