//! LeCaR on vectors.

use nuthatch_policy::Slot;

use crate::{sampling::Lots, twin::Twin};

struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    requests: u64,
}

struct Ghost {
    hash: u64,
    weight: u64,
    departure: u64,
}

pub(crate) struct Lecar {
    /// Of each of the two histories.
    history_capacity: u64,
    time: u64,
    /// The least recently asked for first.
    entries: Vec<Entry>,
    /// Of LRU and LFU, the oldest first.
    histories: [Vec<Ghost>; 2],
    /// Of LRU and LFU.
    weights: [f64; 2],
    lots: Lots,
}

impl Lecar {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            history_capacity: (capacity / 2).max(1),
            time: 0,
            entries: Vec::new(),
            histories: [Vec::new(), Vec::new()],
            weights: [0.5, 0.5],
            lots: Lots::default(),
        }
    }
}

impl Twin for Lecar {
    fn miss(&mut self, hash: u64, _: u64) {
        self.time += 1;
        for expert in [0, 1] {
            let ghosts = &mut self.histories[expert];
            let Some(place) = ghosts.iter().position(|ghost| ghost.hash == hash) else { continue };
            let time = self.time - ghosts.remove(place).departure;
            let faded = 0.005_f64.powf(time as f64 / self.entries.len().max(1) as f64);
            self.weights[expert] *= (-0.45 * faded).exp();
            break;
        }
        let lru = (self.weights[0] / (self.weights[0] + self.weights[1])).clamp(0.01, 0.99);
        self.weights = [lru, 1.0 - lru];
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.entries.push(Entry { slot, hash, weight, requests: 1 });
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        let place = self.entries.iter().position(|entry| entry.slot == slot);
        let mut entry = self.entries.remove(place.unwrap_or_else(|| panic!("{slot:?} is not held")));
        entry.requests += 1;
        self.entries.push(entry);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.slot == slot) {
            entry.weight = weight;
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.entries.is_empty() {
            return None;
        }
        let lot = (self.lots.draw() >> 11) as f64 / 2_f64.powi(53);
        let expert = usize::from(lot >= self.weights[0]);
        let place = if expert == 0 {
            0
        } else {
            (0..self.entries.len()).min_by_key(|place| self.entries[*place].requests)?
        };
        let victim = self.entries.remove(place);
        let ghosts = &mut self.histories[expert];
        if victim.weight <= self.history_capacity {
            ghosts.retain(|ghost| ghost.hash != victim.hash);
            ghosts.push(Ghost { hash: victim.hash, weight: victim.weight, departure: self.time });
            while ghosts.iter().map(|ghost| ghost.weight).sum::<u64>() > self.history_capacity {
                ghosts.remove(0);
            }
        }
        Some(victim.slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.entries.retain(|entry| entry.slot != slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.history_capacity = (capacity / 2).max(1);
        for ghosts in &mut self.histories {
            while ghosts.iter().map(|ghost| ghost.weight).sum::<u64>() > self.history_capacity {
                ghosts.remove(0);
            }
        }
    }
}
