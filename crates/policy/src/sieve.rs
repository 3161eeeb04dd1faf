//! SIEVE: a FIFO queue whose hand spares what was read since it last passed.
//!
//! A slot enters at the head. A hit sets one bit and moves nothing. The hand walks from tail to head: a visited slot
//! loses its bit and keeps its place, an unvisited one leaves.
//!
//! Cost: hit O(1); evict O(1) amortised (each step of the hand spends a bit that a hit paid for), at worst one lap.
//! Metadata: 9 bytes per entry. Weak against scans longer than the queue: a scan and a new favourite look alike.
//!
//! Source: Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024.

use crate::{
    Policy, Slot,
    drain::drained,
    list::{Links, List},
    slab::cover,
};

#[derive(Clone, Debug)]
pub(crate) struct Sieve {
    links: Links,
    queue: List,
    /// By slot.
    visited: Vec<bool>,
    /// The slot that the hand looks at next; `None` means the tail.
    hand: Option<Slot>,
}

impl Sieve {
    pub(crate) const fn new() -> Self {
        Self { links: Links::new(), queue: List::new(), visited: Vec::new(), hand: None }
    }
}

impl Policy for Sieve {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        self.queue.push_head(&mut self.links, slot);
        cover(&mut self.visited, slot, false);
        self.visited[slot.index()] = false;
    }

    fn hit(&mut self, slot: Slot) {
        self.visited[slot.index()] = true;
    }

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        loop {
            let slot = self.hand.or(self.queue.tail())?;
            if !std::mem::take(&mut self.visited[slot.index()]) {
                self.remove(slot);
                return Some(slot);
            }
            self.hand = self.links.newer(slot);
        }
    }

    fn remove(&mut self, slot: Slot) {
        // The hand must not stay behind on a freed slot, which may soon hold another entry.
        if self.hand == Some(slot) {
            self.hand = self.links.newer(slot);
        }
        self.queue.unlink(&mut self.links, slot);
    }

    fn clear(&mut self) {
        *self = Self::new();
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        drained(self.clone())
    }

    fn check_invariants(&self) {
        let slots = self.queue.check_invariants(&self.links);
        assert!(self.hand.is_none_or(|hand| slots.contains(&hand)), "the hand is on a slot that is not held");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots 0, 1, 2, ..., the oldest first.
    fn sieve_of(slots: u32) -> Sieve {
        let mut sieve = Sieve::new();
        for slot in 0..slots {
            sieve.insert(Slot(slot), u64::from(slot), 1);
        }
        sieve
    }

    #[test]
    fn what_was_read_keeps_its_place_and_loses_its_mark() {
        let mut sieve = sieve_of(3);
        sieve.hit(Slot(0));
        assert_eq!(sieve.evict(), Some(Slot(1)));
        // The hand goes on from there, and comes to slot 0 again only behind slot 2.
        assert_eq!(sieve.evict(), Some(Slot(2)));
        assert_eq!(sieve.evict(), Some(Slot(0)));
        assert_eq!(sieve.evict(), None);
    }

    /// The hand may rest on a slot that its owner then removes; it must not be left behind on a freed index.
    #[test]
    fn removing_the_slot_under_the_hand_moves_the_hand_toward_the_head() {
        let mut sieve = sieve_of(4);
        sieve.hit(Slot(0));
        assert_eq!(sieve.evict(), Some(Slot(1)));
        sieve.remove(Slot(2));
        sieve.insert(Slot(2), 9, 1); // used again, now the newest
        assert_eq!(sieve.evict(), Some(Slot(3)));
    }

    #[test]
    fn removing_a_slot_away_from_the_hand_leaves_the_hand_at_the_tail() {
        let mut sieve = sieve_of(4);
        sieve.remove(Slot(2));
        assert_eq!(sieve.evict(), Some(Slot(0)));
    }
}
