//! FIFO and LRU: one queue whose tail leaves. They differ in one line, what a hit does.
//!
//! Cost: every operation O(1). Metadata: 8 bytes per entry. Both are flooded by a scan longer than the cache; FIFO is the
//! baseline that a policy must beat to be worth its code, LRU suits workloads whose reuse is recent.
//!
//! Source of LRU's analysis: Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal, 1970.

use crate::{
    Policy, Slot,
    list::{Links, List},
};

/// What a hit does to the entry's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnHit {
    /// Nothing: FIFO.
    Stay,
    /// It becomes the newest: LRU.
    MoveToHead,
}

#[derive(Debug)]
pub(crate) struct Queue {
    on_hit: OnHit,
    links: Links,
    list: List,
}

impl Queue {
    pub(crate) const fn new(on_hit: OnHit) -> Self {
        Self { on_hit, links: Links::new(), list: List::new() }
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
        self.list.pop_tail(&mut self.links)
    }

    fn remove(&mut self, slot: Slot) {
        self.list.unlink(&mut self.links, slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.on_hit);
    }

    fn check_invariants(&self) {
        self.list.check_invariants(&self.links);
    }
}
