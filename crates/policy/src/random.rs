//! Random: anyone may leave.
//!
//! Cost: every operation O(1). Metadata: 8 bytes per entry. Knows nothing and so cannot be fooled: on a loop longer than
//! the cache, where FIFO and LRU hit nothing, it keeps a share of it. Elsewhere about FIFO, and the baseline that a
//! policy must beat to be worth its code.
//!
//! Source: Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal, 1966. The
//! lots are drawn from a generator with a fixed seed, so that a run can be repeated.

use crate::{Policy, Slot, held::Held, splitmix::SplitMix};

#[derive(Debug)]
pub(crate) struct Random {
    held: Held,
    random: SplitMix,
}

impl Random {
    pub(crate) const fn new() -> Self {
        Self { held: Held::new(), random: SplitMix::new() }
    }
}

impl Policy for Random {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        self.held.insert(slot);
    }

    fn hit(&mut self, _slot: Slot) {}

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        let slot = self.held.draw(&mut self.random)?;
        self.held.remove(slot);
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.held.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new();
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    /// In no order.
    fn coldest_first(&self) -> Vec<Slot> {
        self.held.slots().to_vec()
    }

    fn check_invariants(&self) {
        self.held.check_invariants();
    }
}
