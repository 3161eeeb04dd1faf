//! Random and hyperbolic caching on vectors.

use nuthatch_policy::Slot;

use crate::twin::Twin;

/// SplitMix64 from the seed 0: the generator that the policies document.
#[derive(Default)]
pub(crate) struct Lots(u64);

impl Lots {
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.draw()) * end as u128) >> 64) as usize
    }
}

#[derive(Default)]
pub(crate) struct Random {
    slots: Vec<Slot>,
    lots: Lots,
}

impl Twin for Random {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.slots.push(slot);
    }

    fn hit(&mut self, _: Slot) {}

    fn evict(&mut self) -> Option<Slot> {
        (!self.slots.is_empty()).then(|| self.slots.swap_remove(self.lots.below(self.slots.len())))
    }

    fn remove(&mut self, slot: Slot) {
        if let Some(place) = self.slots.iter().position(|other| *other == slot) {
            self.slots.swap_remove(place);
        }
    }
}

struct Entry {
    slot: Slot,
    requests: f64,
    weight: f64,
    start: u64,
}

/// Looks at all entries, as the policy does while it holds no more than a sample.
#[derive(Default)]
pub(crate) struct Hyperbolic {
    entries: Vec<Entry>,
    time: u64,
}

impl Hyperbolic {
    fn entry(&mut self, slot: Slot) -> &mut Entry {
        let mut entries = self.entries.iter_mut();
        entries.find(|entry| entry.slot == slot).unwrap_or_else(|| panic!("{slot:?} is not held"))
    }
}

impl Twin for Hyperbolic {
    fn miss(&mut self, _: u64, _: u64) {
        self.time += 1;
    }

    fn insert(&mut self, slot: Slot, _: u64, weight: u64) {
        self.entries.push(Entry { slot, requests: 1.0, weight: weight as f64, start: self.time });
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        self.entry(slot).requests += 1.0;
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entry(slot).weight = weight as f64;
    }

    fn evict(&mut self) -> Option<Slot> {
        let now = self.time;
        let value = |entry: &Entry| {
            let time = now.saturating_sub(entry.start).max(1) as f64;
            entry.requests / (time * entry.weight)
        };
        self.entries.sort_by_key(|entry| (entry.start, entry.slot));
        let victim = self.entries.iter().min_by(|a, b| value(a).total_cmp(&value(b)))?.slot;
        self.remove(victim);
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.retain(|entry| entry.slot != slot);
    }
}
