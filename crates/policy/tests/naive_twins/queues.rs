//! FIFO, LRU, LIFO, MRU and CLOCK on a vector, the oldest first.

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

#[derive(Default)]
pub(crate) struct Lifo(Vec<Slot>);

impl Twin for Lifo {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.0.push(slot);
    }

    fn hit(&mut self, _: Slot) {}

    fn evict(&mut self) -> Option<Slot> {
        self.0.pop()
    }

    fn remove(&mut self, slot: Slot) {
        self.0.retain(|other| *other != slot);
    }
}

#[derive(Default)]
pub(crate) struct Mru(Lifo);

impl Twin for Mru {
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

/// A ring of slots with their chances, and where the hand is. What comes in does so behind the hand.
pub(crate) struct Clock {
    chances_max: u32,
    ring: Vec<(Slot, u32)>,
    hand: usize,
}

impl Clock {
    pub(crate) fn new(chances_max: u32) -> Self {
        Self { chances_max, ring: Vec::new(), hand: 0 }
    }
}

impl Twin for Clock {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.ring.insert(self.hand, (slot, 0));
        self.hand += 1;
    }

    fn hit(&mut self, slot: Slot) {
        for (other, chances) in &mut self.ring {
            if *other == slot {
                *chances = (*chances + 1).min(self.chances_max);
            }
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.ring.is_empty() {
            return None;
        }
        loop {
            self.hand %= self.ring.len();
            let (_, chances) = &mut self.ring[self.hand];
            if *chances == 0 {
                return Some(self.ring.remove(self.hand).0);
            }
            *chances -= 1;
            self.hand += 1;
        }
    }

    fn remove(&mut self, slot: Slot) {
        let before = self.ring.iter().take(self.hand).filter(|(other, _)| *other == slot).count();
        self.hand -= before;
        self.ring.retain(|(other, _)| *other != slot);
    }
}
