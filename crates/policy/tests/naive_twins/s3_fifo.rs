//! S3-FIFO on vectors.

use nuthatch_policy::Slot;

use crate::twin::Twin;

/// One entry of small or main.
#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    hits: u8,
}

pub(crate) struct S3Fifo {
    capacity: u64,
    small_percent: u64,
    /// Of main.
    ghost_percent: u64,
    small: Vec<Entry>,
    main: Vec<Entry>,
    /// Hash and weight.
    ghosts: Vec<(u64, u64)>,
    returning: Option<u64>,
}

impl S3Fifo {
    pub(crate) fn new(capacity: u64) -> Self {
        Self::with_percents(capacity, 10, 100)
    }

    pub(crate) fn with_percents(capacity: u64, small_percent: u64, ghost_percent: u64) -> Self {
        Self {
            capacity,
            small_percent,
            ghost_percent,
            small: Vec::new(),
            main: Vec::new(),
            ghosts: Vec::new(),
            returning: None,
        }
    }

    fn small_capacity(&self) -> u64 {
        (self.capacity * self.small_percent / 100).max(1)
    }

    fn ghost_capacity(&self) -> u64 {
        let main = self.capacity.saturating_sub(self.small_capacity());
        (main * self.ghost_percent / 100).max(1)
    }

    fn forget_ghosts_that_do_not_fit(&mut self) {
        let capacity = self.ghost_capacity();
        if self.ghosts.last().is_some_and(|(_, weight)| *weight > capacity) {
            self.ghosts.pop();
        }
        while self.ghosts.iter().map(|(_, weight)| weight).sum::<u64>() > capacity {
            self.ghosts.remove(0);
        }
    }

    fn evict_small(&mut self) -> Option<Slot> {
        while !self.small.is_empty() {
            let entry = self.small.remove(0);
            if entry.hits >= 2 {
                self.main.push(Entry { hits: 0, ..entry });
            } else {
                self.ghosts.push((entry.hash, entry.weight));
                self.forget_ghosts_that_do_not_fit();
                return Some(entry.slot);
            }
        }
        None
    }

    fn evict_main(&mut self) -> Option<Slot> {
        while !self.main.is_empty() {
            let entry = self.main.remove(0);
            if entry.hits == 0 {
                return Some(entry.slot);
            }
            self.main.push(Entry { hits: entry.hits - 1, ..entry });
        }
        None
    }

    fn entry(&mut self, slot: Slot) -> &mut Entry {
        let mut entries = self.small.iter_mut().chain(&mut self.main);
        entries.find(|entry| entry.slot == slot).unwrap_or_else(|| panic!("{slot:?} is not held"))
    }
}

impl Twin for S3Fifo {
    fn miss(&mut self, hash: u64, _: u64) {
        self.returning = self.ghosts.iter().any(|(other, _)| *other == hash).then_some(hash);
        self.ghosts.retain(|(other, _)| *other != hash);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let entry = Entry { slot, hash, weight, hits: 0 };
        if self.returning.take() == Some(hash) { self.main.push(entry) } else { self.small.push(entry) }
    }

    fn hit(&mut self, slot: Slot) {
        let entry = self.entry(slot);
        entry.hits = (entry.hits + 1).min(3);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entry(slot).weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let small_weight = self.small.iter().map(|entry| entry.weight).sum::<u64>();
        if small_weight >= self.small_capacity() {
            self.evict_small().or_else(|| self.evict_main())
        } else {
            // All of small may be proven and in main by then.
            self.evict_main().or_else(|| self.evict_small()).or_else(|| self.evict_main())
        }
    }

    fn remove(&mut self, slot: Slot) {
        self.small.retain(|entry| entry.slot != slot);
        self.main.retain(|entry| entry.slot != slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        while self.ghosts.iter().map(|(_, weight)| weight).sum::<u64>() > self.ghost_capacity() {
            self.ghosts.remove(0);
        }
    }
}
