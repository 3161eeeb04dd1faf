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
    list::{Links, List},
};

#[derive(Debug)]
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
    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        self.queue.push_head(&mut self.links, slot);
        if self.visited.len() <= slot.index() {
            self.visited.resize(slot.index() + 1, false);
        }
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
        if self.hand.is_none_or(|hand| hand == slot) {
            self.hand = self.links.newer(slot);
        }
        self.queue.unlink(&mut self.links, slot);
    }

    fn clear(&mut self) {
        *self = Self::new();
    }
}
