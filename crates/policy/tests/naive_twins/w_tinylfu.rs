//! W-TinyLFU on vectors, with exact counts: the tests use so few keys that the sketch is exact as well.

use std::collections::HashMap;

use nuthatch_policy::Slot;

use crate::twin::Twin;

#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
}

/// The three vectors hold the oldest first.
#[derive(Default)]
pub(crate) struct WTinyLfu {
    capacity: u64,
    window_percent: u64,
    window_target: u64,
    window: Vec<Entry>,
    probation: Vec<Entry>,
    protected: Vec<Entry>,
    counts: HashMap<u64, u64>,
    /// Counted, and halved with the counts.
    requests: u64,
    incoming: u64,
    hill: Option<Hill>,
}

/// The adaptive window's state: the sample, the hit ratio of the one before, the step.
struct Hill {
    requests: f64,
    hits: f64,
    before: f64,
    step: f64,
}

impl WTinyLfu {
    pub(crate) fn new(capacity: u64, adaptive: bool) -> Self {
        let hill = adaptive.then_some(Hill { requests: 0.0, hits: 0.0, before: 0.0, step: 0.0625 });
        Self { hill, ..Self::with_window(capacity, 1) }
    }

    pub(crate) fn with_window(capacity: u64, window_percent: u64) -> Self {
        let window_target = (capacity * window_percent / 100).max(1);
        Self { capacity, window_percent, window_target, ..Self::default() }
    }

    fn len(&self) -> usize {
        self.window.len() + self.probation.len() + self.protected.len()
    }

    fn request(&mut self, hash: u64, is_hit: bool) {
        let entries = self.len();
        let count = self.counts.entry(hash).or_default();
        *count = (*count + 1).min(15);
        self.requests += 1;
        if self.requests >= 10 * entries.max(8) as u64 {
            self.requests /= 2;
            self.counts.values_mut().for_each(|count| *count /= 2);
        }
        self.climb(is_hit, entries);
    }

    fn climb(&mut self, is_hit: bool, entries: usize) {
        let Some(hill) = &mut self.hill else { return };
        hill.requests += 1.0;
        hill.hits += f64::from(u8::from(is_hit));
        if hill.requests < (10 * entries.max(1)) as f64 {
            return;
        }
        let change = hill.hits / hill.requests - hill.before;
        if change < 0.0 {
            hill.step = -hill.step;
        }
        let units = (hill.step * self.capacity as f64).abs().ceil() as i64 * hill.step.signum() as i64;
        let capacity = self.capacity as i64;
        let least = (capacity / 100).max(1);
        let target = self.window_target as i64 + units;
        self.window_target = target.clamp(least, (capacity * 80 / 100).max(least)) as u64;
        hill.step = if change.abs() >= 0.05 { 0.0625 * hill.step.signum() } else { hill.step * 0.98 };
        hill.before = hill.hits / hill.requests;
        (hill.requests, hill.hits) = (0.0, 0.0);
    }

    fn count(&self, entry: Entry) -> u64 {
        self.counts.get(&entry.hash).copied().unwrap_or(0)
    }

    /// At most 32 entries at once, and never the newest.
    fn spill(from: &mut Vec<Entry>, to: &mut Vec<Entry>, target: u64) {
        for _ in 0..32 {
            if weight(from) > target && from.len() > 1 {
                to.push(from.remove(0));
            }
        }
    }
}

fn weight(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.weight).sum()
}

fn take(entries: &mut Vec<Entry>, slot: Slot) -> Option<Entry> {
    let place = entries.iter().position(|entry| entry.slot == slot)?;
    Some(entries.remove(place))
}

impl Twin for WTinyLfu {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.request(hash, false);
        self.incoming = weight;
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.incoming = 0;
        self.window.push(Entry { slot, hash, weight });
        Self::spill(&mut self.window, &mut self.probation, self.window_target);
    }

    fn hit(&mut self, slot: Slot) {
        let mut all = self.window.iter().chain(&self.probation).chain(&self.protected);
        let hash = all.find(|entry| entry.slot == slot).map(|entry| entry.hash);
        self.request(hash.unwrap_or_else(|| panic!("{slot:?} is not held")), true);
        if let Some(entry) = take(&mut self.window, slot) {
            self.window.push(entry);
        } else if let Some(entry) = take(&mut self.protected, slot) {
            self.protected.push(entry);
        } else if let Some(entry) = take(&mut self.probation, slot) {
            self.protected.push(entry);
            let target = (self.capacity - self.window_target) * 80 / 100;
            Self::spill(&mut self.protected, &mut self.probation, target);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let all = self.window.iter_mut().chain(&mut self.probation).chain(&mut self.protected);
        all.filter(|entry| entry.slot == slot).for_each(|entry| entry.weight = weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        let window_is_over = weight(&self.window) + self.incoming > self.window_target;
        let victim = self.probation.first().or(self.protected.first()).copied();
        let candidate = self.window.first().copied().filter(|_| window_is_over);
        let loser = match (candidate, victim) {
            (Some(candidate), Some(victim)) if self.count(candidate) > self.count(victim) => {
                self.window.remove(0);
                self.probation.push(candidate);
                Some(victim)
            }
            (Some(candidate), _) => Some(candidate),
            (None, Some(victim)) => Some(victim),
            (None, None) => self.window.first().copied(),
        };
        let loser = loser?.slot;
        self.remove(loser);
        Some(loser)
    }

    fn remove(&mut self, slot: Slot) {
        for entries in [&mut self.window, &mut self.probation, &mut self.protected] {
            take(entries, slot);
        }
    }

    fn resize(&mut self, capacity: u64) {
        let least = (capacity / 100).max(1);
        self.window_target = match self.hill {
            Some(_) => {
                (self.window_target * capacity / self.capacity).clamp(least, (capacity * 80 / 100).max(least))
            }
            None => (capacity * self.window_percent / 100).max(1),
        };
        self.capacity = capacity;
    }
}
