//! LFU with dynamic ageing and GDSF: the value of an entry is what it earned, on top of what the last victim was worth.
//!
//! An entry's value is its requests (GDSF: over its weight) plus the cache's age, which is the value of the last victim.
//! The entry of least value leaves, so the age only grows, and who is not asked for is overtaken by newcomers in time.
//! A hit counts one more request and values the entry anew, at today's age. Of equal values the older leaves.
//!
//! Cost: hit, insertion and removal O(log n), eviction O(log n), in a heap; at most ten levels for a million entries.
//! Metadata: 32 bytes per entry, 40 with GDSF. Strong on skewed streams whose favourites shift; GDSF gives the best
//! object hit ratio of the simple policies where sizes differ, at the price of a low byte hit ratio, since it throws
//! the large out first. Weak on loops, and a scan pushes the age, slowly.
//!
//! With all weights 1 the two are one policy. GDSF's cost of fetching is 1 for all, which is the choice for hit ratio.
//!
//! Sources: Arlitt et al., "Evaluating content management techniques for Web proxy caches", Performance Evaluation
//! Review, 2000 (both); Cherkasova, "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching policy",
//! HP Labs, 1998.

use crate::{Policy, Slot, heap::Heap, slab::cover};

/// What a request for an entry is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// One: LFU with dynamic ageing.
    One,
    /// One over the weight: GDSF.
    OnePerWeight,
}

#[derive(Debug)]
pub(crate) struct GreedyDual {
    worth: Worth,
    /// The value of the last victim.
    age: f64,
    /// Requests so far, to tell older from newer.
    time: u64,
    /// By value, then by time. A value is never negative, and then its bits are in the order of the numbers.
    entries: Heap<(u64, u64)>,
    /// By slot. Counts stop at the highest.
    frequencies: Vec<u32>,
    /// By slot; empty if the weight does not matter.
    weights: Vec<u64>,
}

impl GreedyDual {
    pub(crate) const fn new(worth: Worth) -> Self {
        Self { worth, age: 0.0, time: 0, entries: Heap::new(), frequencies: Vec::new(), weights: Vec::new() }
    }

    fn value(&self, slot: Slot) -> u64 {
        let frequency = f64::from(self.frequencies[slot.index()]);
        let earned = match self.worth {
            Worth::One => frequency,
            Worth::OnePerWeight => frequency / self.weights[slot.index()].max(1) as f64,
        };
        (self.age + earned).to_bits()
    }

    fn set_weight(&mut self, slot: Slot, weight: u64) {
        if self.worth == Worth::OnePerWeight {
            cover(&mut self.weights, slot, 0);
            self.weights[slot.index()] = weight;
        }
    }
}

impl Policy for GreedyDual {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, weight: u64) {
        cover(&mut self.frequencies, slot, 0);
        self.frequencies[slot.index()] = 1;
        self.set_weight(slot, weight);
        self.time += 1;
        self.entries.push(slot, (self.value(slot), self.time));
    }

    fn hit(&mut self, slot: Slot) {
        let frequency = &mut self.frequencies[slot.index()];
        *frequency = frequency.saturating_add(1);
        self.time += 1;
        self.entries.change(slot, (self.value(slot), self.time));
    }

    /// Values the entry anew, but it is no younger for it.
    fn reweigh(&mut self, slot: Slot, weight: u64) {
        if self.worth == Worth::OnePerWeight {
            self.set_weight(slot, weight);
            let (_, time) = self.entries.key(slot);
            self.entries.change(slot, (self.value(slot), time));
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        let ((value, _), slot) = self.entries.least()?;
        self.age = f64::from_bits(value);
        self.entries.remove(slot);
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.worth);
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        self.entries.ascending()
    }

    fn check_invariants(&self) {
        for ((value, time), slot) in self.entries.check_invariants() {
            assert!(f64::from_bits(value) >= self.age, "{slot:?} is worth less than a victim was");
            assert!(time <= self.time && self.frequencies[slot.index()] > 0);
        }
    }
}
