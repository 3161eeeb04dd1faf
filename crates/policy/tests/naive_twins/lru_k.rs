//! LRU-K by the times of requests.

use nuthatch_policy::Slot;

use crate::twin::Twin;

struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    /// Of the last K requests at most, the oldest first.
    times: Vec<u64>,
}

struct Ghost {
    hash: u64,
    weight: u64,
    /// But for those that were too long ago.
    times: Vec<u64>,
}

#[derive(Default)]
pub(crate) struct LruK {
    k: usize,
    capacity: u64,
    now: u64,
    entries: Vec<Entry>,
    /// In the order of departure.
    ghosts: Vec<Ghost>,
    returning: Option<Ghost>,
}

impl LruK {
    pub(crate) fn new(capacity: u64, k: usize) -> Self {
        Self { k, capacity, ..Self::default() }
    }
}

impl Twin for LruK {
    fn miss(&mut self, hash: u64, _: u64) {
        let place = self.ghosts.iter().position(|ghost| ghost.hash == hash);
        self.returning = place.map(|place| self.ghosts.remove(place));
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.now += 1;
        let ghost = self.returning.take().filter(|ghost| ghost.hash == hash);
        let mut times = ghost.map_or_else(Vec::new, |ghost| ghost.times);
        times.push(self.now);
        self.entries.push(Entry { slot, hash, weight, times });
    }

    fn hit(&mut self, slot: Slot) {
        self.now += 1;
        for entry in self.entries.iter_mut().filter(|entry| entry.slot == slot) {
            entry.times.push(self.now);
            if entry.times.len() > self.k {
                entry.times.remove(0);
            }
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entries.iter_mut().filter(|entry| entry.slot == slot).for_each(|entry| entry.weight = weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        // None, requested fewer than K times, is less than any time.
        let kth = |entry: &Entry| (entry.times.len() == self.k).then(|| entry.times[0]);
        let victim = self.entries.iter().min_by_key(|entry| (kth(entry), entry.times.last()));
        if victim.is_none_or(|entry| kth(entry).is_some()) {
            let oldest = victim.and_then(kth);
            for ghost in self.ghosts.iter_mut().chain(&mut self.returning) {
                ghost.times.retain(|time| oldest.is_some_and(|oldest| *time > oldest));
            }
        }
        let slot = victim?.slot;
        let place = self.entries.iter().position(|entry| entry.slot == slot)?;
        let Entry { hash, weight, mut times, .. } = self.entries.remove(place);
        if times.len() == self.k {
            times.remove(0);
        }
        self.ghosts.retain(|ghost| ghost.hash != hash);
        if weight <= self.capacity {
            self.ghosts.push(Ghost { hash, weight, times });
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
