//! LRU-2 by the times of requests.

use nuthatch_policy::Slot;

use crate::twin::Twin;

struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    last: u64,
    last_but_one: Option<u64>,
}

struct Ghost {
    hash: u64,
    weight: u64,
    /// `None` if it was too long ago.
    last: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Lru2 {
    capacity: u64,
    now: u64,
    entries: Vec<Entry>,
    /// In the order of departure.
    ghosts: Vec<Ghost>,
    returning: Option<Ghost>,
}

impl Lru2 {
    pub(crate) fn new(capacity: u64) -> Self {
        Self { capacity, ..Self::default() }
    }
}

impl Twin for Lru2 {
    fn miss(&mut self, hash: u64, _: u64) {
        let place = self.ghosts.iter().position(|ghost| ghost.hash == hash);
        self.returning = place.map(|place| self.ghosts.remove(place));
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.now += 1;
        let last_but_one =
            self.returning.take().filter(|ghost| ghost.hash == hash).and_then(|ghost| ghost.last);
        self.entries.push(Entry { slot, hash, weight, last: self.now, last_but_one });
    }

    fn hit(&mut self, slot: Slot) {
        self.now += 1;
        for entry in self.entries.iter_mut().filter(|entry| entry.slot == slot) {
            entry.last_but_one = Some(entry.last);
            entry.last = self.now;
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entries.iter_mut().filter(|entry| entry.slot == slot).for_each(|entry| entry.weight = weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        // None, requested once, is less than any time.
        let victim = self.entries.iter().min_by_key(|entry| (entry.last_but_one, entry.last));
        if victim.is_none_or(|entry| entry.last_but_one.is_some()) {
            let oldest = victim.and_then(|entry| entry.last_but_one);
            for ghost in self.ghosts.iter_mut().chain(&mut self.returning) {
                ghost.last = ghost.last.filter(|last| oldest.is_some_and(|oldest| *last > oldest));
            }
        }
        let slot = victim?.slot;
        let place = self.entries.iter().position(|entry| entry.slot == slot)?;
        let Entry { hash, weight, last, .. } = self.entries.remove(place);
        self.ghosts.retain(|ghost| ghost.hash != hash);
        if weight <= self.capacity {
            self.ghosts.push(Ghost { hash, weight, last: Some(last) });
        }
        while self.ghosts.iter().map(|ghost| ghost.weight).sum::<u64>() > self.capacity {
            self.ghosts.remove(0);
        }
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.retain(|entry| entry.slot != slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        while self.ghosts.iter().map(|ghost| ghost.weight).sum::<u64>() > capacity {
            self.ghosts.remove(0);
        }
    }
}
