//! LIRS on vectors. Keys that left are never too many here: the bound on them is beyond what a test drives.

use nuthatch_policy::Slot;

use crate::twin::Twin;

#[derive(Clone, Copy, PartialEq)]
struct Entry {
    /// `None` once it left.
    slot: Option<Slot>,
    hash: u64,
    weight: u64,
    lir: bool,
}

pub(crate) struct Lirs {
    lir_capacity: u64,
    /// S, from the bottom to the top.
    stack: Vec<Entry>,
    /// Q, the next to leave first.
    queue: Vec<Entry>,
}

impl Lirs {
    pub(crate) fn new(capacity: u64) -> Self {
        Self { lir_capacity: capacity - (capacity / 100).max(1), stack: Vec::new(), queue: Vec::new() }
    }

    fn lir_weight(&self) -> u64 {
        self.stack.iter().filter(|entry| entry.lir).map(|entry| entry.weight).sum()
    }

    fn hir_weight(&self) -> u64 {
        self.queue.iter().map(|entry| entry.weight).sum()
    }

    fn prune(&mut self) {
        let lowest = self.stack.iter().position(|entry| entry.lir).unwrap_or(self.stack.len());
        self.stack.drain(..lowest);
    }

    fn bottom_becomes_hir(&mut self) {
        let bottom = self.stack.remove(0);
        self.queue.push(Entry { lir: false, ..bottom });
        self.prune();
    }

    fn becomes_lir(&mut self, entry: Entry) {
        self.stack.push(Entry { lir: true, ..entry });
        while self.lir_weight() > self.lir_capacity {
            self.bottom_becomes_hir();
        }
    }

    fn becomes_hir(&mut self, entry: Entry) {
        self.stack.push(Entry { lir: false, ..entry });
        self.queue.push(Entry { lir: false, ..entry });
        self.prune();
    }

    /// Takes it off both, and says whether it was on S.
    fn take(&mut self, slot: Slot) -> (Entry, bool) {
        let is_it = |entry: &&Entry| entry.slot == Some(slot);
        let entry = *self.stack.iter().chain(&self.queue).find(is_it).unwrap();
        let on_stack = self.stack.iter().any(|entry| is_it(&entry));
        self.stack.retain(|entry| !is_it(&entry));
        self.queue.retain(|entry| !is_it(&entry));
        if entry.lir {
            self.prune();
        }
        (entry, on_stack)
    }
}

impl Twin for Lirs {
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let entry = Entry { slot: Some(slot), hash, weight, lir: false };
        let left_not_long_ago = self.stack.iter().any(|other| other.slot.is_none() && other.hash == hash);
        self.stack.retain(|other| other.slot.is_some() || other.hash != hash);
        let cold = self.lir_weight() + self.hir_weight() + weight <= self.lir_capacity;
        if cold || (left_not_long_ago && weight <= self.lir_capacity) {
            self.becomes_lir(entry);
        } else {
            self.becomes_hir(entry);
        }
    }

    fn hit(&mut self, slot: Slot) {
        let (entry, on_stack) = self.take(slot);
        if entry.lir {
            self.stack.push(entry);
            self.prune();
        } else if on_stack && entry.weight <= self.lir_capacity {
            self.becomes_lir(entry);
        } else {
            self.becomes_hir(entry);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        for entry in self.stack.iter_mut().chain(&mut self.queue) {
            if entry.slot == Some(slot) {
                entry.weight = weight;
            }
        }
        while self.lir_weight() > self.lir_capacity {
            self.bottom_becomes_hir();
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.queue.is_empty() && !self.stack.is_empty() {
            self.bottom_becomes_hir();
        }
        if self.queue.is_empty() {
            return None;
        }
        let leaving = self.queue.remove(0);
        self.stack.retain(|other| other.slot.is_some() || other.hash != leaving.hash);
        for entry in &mut self.stack {
            if entry.slot == leaving.slot {
                entry.slot = None;
            }
        }
        leaving.slot
    }

    fn remove(&mut self, slot: Slot) {
        self.take(slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.lir_capacity = capacity - (capacity / 100).max(1);
        while self.lir_weight() > self.lir_capacity {
            self.bottom_becomes_hir();
        }
    }
}
