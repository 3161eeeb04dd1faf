//! The twins: vectors, the oldest entry first.

use nuthatch_policy::{Policy, PolicyKind, Slot};

pub(crate) fn twin(kind: PolicyKind, capacity: u64) -> Box<dyn Policy> {
    match kind {
        PolicyKind::Fifo => Box::new(Fifo::default()),
        PolicyKind::Lru => Box::new(Lru::default()),
        PolicyKind::Sieve => Box::new(Sieve::default()),
        PolicyKind::S3Fifo | PolicyKind::Auto => Box::new(S3Fifo::new(capacity)),
        other => unimplemented!("write a twin of {other}"),
    }
}

#[derive(Default)]
struct Fifo(Vec<Slot>);

impl Policy for Fifo {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.0.push(slot);
    }

    fn hit(&mut self, _: Slot) {}

    fn reweigh(&mut self, _: Slot, _: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn remove(&mut self, slot: Slot) {
        self.0.retain(|other| *other != slot);
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

#[derive(Default)]
struct Lru(Fifo);

impl Policy for Lru {
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.0.insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.0.remove(slot);
        self.0.insert(slot, 0, 1);
    }

    fn reweigh(&mut self, _: Slot, _: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        self.0.evict()
    }

    fn remove(&mut self, slot: Slot) {
        self.0.remove(slot);
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// Slots with their marks, and how many of the oldest the hand has passed in this lap.
#[derive(Default)]
struct Sieve {
    queue: Vec<(Slot, bool)>,
    passed: usize,
}

impl Policy for Sieve {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.queue.push((slot, false));
    }

    fn hit(&mut self, slot: Slot) {
        for (other, marked) in &mut self.queue {
            *marked |= *other == slot;
        }
    }

    fn reweigh(&mut self, _: Slot, _: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        if self.queue.is_empty() {
            return None;
        }
        loop {
            if self.passed == self.queue.len() {
                self.passed = 0;
            }
            if !self.queue[self.passed].1 {
                let victim = self.queue.remove(self.passed).0;
                // Past the newest there is nothing to look at, and what comes in next is not to be the first.
                if self.passed == self.queue.len() {
                    self.passed = 0;
                }
                return Some(victim);
            }
            self.queue[self.passed].1 = false;
            self.passed += 1;
            if self.passed == self.queue.len() {
                self.passed = 0;
            }
        }
    }

    fn remove(&mut self, slot: Slot) {
        let place = self.queue.iter().position(|(other, _)| *other == slot);
        let place = place.unwrap_or_else(|| panic!("{slot:?} is not held"));
        self.queue.remove(place);
        if place < self.passed {
            self.passed -= 1;
        }
        if self.passed == self.queue.len() {
            self.passed = 0;
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// One entry of small or main.
#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    hits: u8,
}

struct S3Fifo {
    capacity: u64,
    small: Vec<Entry>,
    main: Vec<Entry>,
    /// Hash and weight. The newest may be one too many until the next newcomer was looked up.
    ghosts: Vec<(u64, u64)>,
}

impl S3Fifo {
    fn new(capacity: u64) -> Self {
        Self { capacity, small: Vec::new(), main: Vec::new(), ghosts: Vec::new() }
    }

    fn small_capacity(&self) -> u64 {
        (self.capacity / 10).max(1)
    }

    fn ghost_capacity(&self) -> u64 {
        self.capacity.saturating_sub(self.small_capacity()).max(1)
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
                self.forget_ghosts_that_do_not_fit();
                self.ghosts.push((entry.hash, entry.weight));
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

impl Policy for S3Fifo {
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let entry = Entry { slot, hash, weight, hits: 0 };
        if let Some(ghost) = self.ghosts.iter().position(|(other, _)| *other == hash) {
            self.ghosts.remove(ghost);
            self.main.push(entry);
        } else {
            self.small.push(entry);
        }
        self.forget_ghosts_that_do_not_fit();
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
            self.evict_main().or_else(|| self.evict_small())
        }
    }

    fn remove(&mut self, slot: Slot) {
        self.small.retain(|entry| entry.slot != slot);
        self.main.retain(|entry| entry.slot != slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }
}
