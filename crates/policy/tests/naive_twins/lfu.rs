//! LFU, MFU, LFU with dynamic ageing and GDSF on vectors.

use nuthatch_policy::Slot;

use crate::twin::Twin;

struct Counted {
    slot: Slot,
    hits: u64,
    /// When it came to have so many hits.
    since: u64,
}

/// Entries with their counts. Who leaves is the one that comes first by `order`.
pub(crate) struct Frequency {
    most: bool,
    entries: Vec<Counted>,
    time: u64,
}

impl Frequency {
    pub(crate) fn least() -> Self {
        Self { most: false, entries: Vec::new(), time: 0 }
    }

    pub(crate) fn most() -> Self {
        Self { most: true, ..Self::least() }
    }
}

impl Twin for Frequency {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.time += 1;
        self.entries.push(Counted { slot, hits: 0, since: self.time });
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        for entry in self.entries.iter_mut().filter(|entry| entry.slot == slot) {
            entry.hits += 1;
            entry.since = self.time;
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        let hits = self.entries.iter().map(|entry| entry.hits);
        let hits = if self.most { hits.max() } else { hits.min() }?;
        let victims = self.entries.iter().filter(|entry| entry.hits == hits);
        let slot = victims.min_by_key(|entry| entry.since)?.slot;
        self.remove(slot);
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.retain(|entry| entry.slot != slot);
    }
}

struct Valued {
    slot: Slot,
    requests: u64,
    weight: u64,
    value: f64,
    since: u64,
}

/// K = L + F / S, where L is the K of the last victim; S is 1 without sizes.
pub(crate) struct GreedyDual {
    sizes: bool,
    age: f64,
    entries: Vec<Valued>,
    time: u64,
}

impl GreedyDual {
    pub(crate) fn new(sizes: bool) -> Self {
        Self { sizes, age: 0.0, entries: Vec::new(), time: 0 }
    }

    fn value(&self, requests: u64, weight: u64) -> f64 {
        self.age + requests as f64 / if self.sizes { weight as f64 } else { 1.0 }
    }
}

impl Twin for GreedyDual {
    fn insert(&mut self, slot: Slot, _: u64, weight: u64) {
        self.time += 1;
        let value = self.value(1, weight);
        self.entries.push(Valued { slot, requests: 1, weight, value, since: self.time });
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        let mut entry = self.entries.remove(self.place(slot));
        entry.requests += 1;
        entry.value = self.value(entry.requests, entry.weight);
        entry.since = self.time;
        self.entries.push(entry);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        if self.sizes {
            let mut entry = self.entries.remove(self.place(slot));
            entry.weight = weight;
            entry.value = self.value(entry.requests, weight);
            self.entries.push(entry);
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        self.entries.sort_by(|a, b| a.value.total_cmp(&b.value).then(a.since.cmp(&b.since)));
        let victim = (!self.entries.is_empty()).then(|| self.entries.remove(0))?;
        self.age = victim.value;
        Some(victim.slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.retain(|entry| entry.slot != slot);
    }
}

impl GreedyDual {
    fn place(&self, slot: Slot) -> usize {
        let place = self.entries.iter().position(|entry| entry.slot == slot);
        place.unwrap_or_else(|| panic!("{slot:?} is not held"))
    }
}
