//! FIFO and LRU on a vector, the oldest first.

use nuthatch_policy::Slot;

use crate::twin::Twin;

#[derive(Default)]
pub(crate) struct Fifo(Vec<Slot>);

impl Twin for Fifo {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.0.push(slot);
    }

    fn hit(&mut self, _: Slot) {}

    fn evict(&mut self) -> Option<Slot> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn remove(&mut self, slot: Slot) {
        self.0.retain(|other| *other != slot);
    }
}

#[derive(Default)]
pub(crate) struct Lru(Fifo);

impl Twin for Lru {
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.0.insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.0.remove(slot);
        self.0.insert(slot, 0, 1);
    }

    fn evict(&mut self) -> Option<Slot> {
        self.0.evict()
    }

    fn remove(&mut self, slot: Slot) {
        self.0.remove(slot);
    }
}
