//! FIFO, LRU, LIFO and MRU: one queue. They differ in what a hit does and in which end leaves.
//!
//! Cost: every operation O(1). Metadata: 8 bytes per entry.
//!
//! - FIFO: the baseline that a policy must beat to be worth its code.
//! - LRU: for workloads whose reuse is recent. Both are flooded by a scan or a loop longer than the cache.
//! - MRU: the best there is on one loop longer than the cache, of which it pins a part; weak on everything else, since
//!   what is in use leaves first and what is no longer in use stays.
//! - LIFO: once full, what came first stays for good and one place is left for all others. A second baseline, and fit
//!   only for the same loops.
//!
//! Source: Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal, 1970 (LRU, LIFO); Chou
//! and DeWitt, "An evaluation of buffer management strategies for relational database systems", VLDB 1985 (MRU).

use crate::{
    Policy, Slot,
    list::{Links, List},
};

/// What a hit does to the entry's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnHit {
    /// Nothing: FIFO, LIFO.
    Stay,
    /// It becomes the newest: LRU, MRU.
    MoveToHead,
}

/// The end of the queue that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    /// FIFO, LRU.
    Oldest,
    /// LIFO, MRU. The newcomer for whom room is made is not in the queue yet.
    Newest,
}

#[derive(Debug)]
pub(crate) struct Queue {
    on_hit: OnHit,
    victim: Victim,
    links: Links,
    list: List,
}

impl Queue {
    pub(crate) const fn new(on_hit: OnHit, victim: Victim) -> Self {
        Self { on_hit, victim, links: Links::new(), list: List::new() }
    }
}

impl Policy for Queue {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        self.list.push_head(&mut self.links, slot);
    }

    fn hit(&mut self, slot: Slot) {
        if self.on_hit == OnHit::MoveToHead {
            self.list.move_to_head(&mut self.links, slot);
        }
    }

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        match self.victim {
            Victim::Oldest => self.list.pop_tail(&mut self.links),
            Victim::Newest => self.list.pop_head(&mut self.links),
        }
    }

    fn remove(&mut self, slot: Slot) {
        self.list.unlink(&mut self.links, slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.on_hit, self.victim);
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        let mut slots = self.list.iter(&self.links).collect::<Vec<_>>();
        if self.victim == Victim::Newest {
            slots.reverse();
        }
        slots
    }

    fn check_invariants(&self) {
        self.list.check_invariants(&self.links);
    }
}
