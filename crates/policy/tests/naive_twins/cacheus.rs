//! Cacheus on vectors.

use nuthatch_policy::Slot;

use crate::{sampling::Lots, twin::Twin};

#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    requests: u64,
    /// When it was last asked for.
    last: u64,
    demoted: bool,
    new: bool,
}

pub(crate) struct Cacheus {
    capacity: u64,
    sr_capacity: u64,
    time: u64,
    /// Both the least recent first.
    sr: Vec<Entry>,
    reused: Vec<Entry>,
    /// Ghosts of LRU and LFU, the oldest first.
    histories: [Vec<Entry>; 2],
    lru_share: f64,
    lots: Lots,
    rate: Rate,
    /// Hash, count of requests if a ghost, whether the cache was full.
    arrival: Option<(u64, Option<u64>, bool)>,
}

/// The learning rate, which is told of every request and of the first eviction.
#[derive(Default)]
struct Rate {
    now: f64,
    before: f64,
    first: f64,
    period: Option<usize>,
    hits: Vec<bool>,
    ratio: f64,
    zeros: u32,
    losses: u32,
    lots: Lots,
}

impl Rate {
    fn request(&mut self, held: usize, hit: bool) {
        self.hits.push(hit);
        if self.period.is_some_and(|period| self.hits.len() >= period) {
            self.update();
            self.hits.clear();
            self.period = Some(held.max(1));
        }
    }

    fn update(&mut self) {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let hits = self.hits.iter().filter(|hit| **hit).count();
        let ratio = round(hits as f64 / self.hits.len() as f64);
        let gain = round(ratio - self.ratio);
        let change = round(self.now) - round(self.before);
        self.before = self.now;
        self.ratio = ratio;
        if change * gain > 0.0 {
            self.now = (self.now + (self.now * change).abs()).clamp(0.001, 1.0);
            (self.zeros, self.losses) = (0, 0);
        } else if change * gain < 0.0 {
            self.now = (self.now - (self.now * change).abs()).clamp(0.001, 1.0);
            (self.zeros, self.losses) = (0, 0);
        } else if gain < 0.0 {
            self.zeros += 1;
            self.losses += 1;
            if self.zeros >= 10 {
                self.now = self.first;
                self.zeros = 0;
            } else if self.losses >= 10 {
                self.now = self.first;
                self.losses = 0;
            } else if self.now >= 1.0 {
                self.now = 0.9;
            } else if self.now <= 0.001 {
                self.now = 0.005;
            } else if self.lots.below(2) == 0 {
                self.now = (self.now * 1.25).min(1.0);
            } else {
                self.now = (self.now * 0.75).max(0.001);
            }
        } else if gain == 0.0 && ratio <= 0.0 {
            self.zeros += 1;
            if self.zeros >= 10 {
                self.now = self.first;
                self.zeros = 0;
            }
        }
    }
}

fn weigh<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> u64 {
    entries.into_iter().map(|entry| entry.weight).sum()
}

impl Cacheus {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            sr_capacity: ((capacity as f64 * 0.01).round() as u64).max(1),
            time: 0,
            sr: Vec::new(),
            reused: Vec::new(),
            histories: [Vec::new(), Vec::new()],
            lru_share: 0.5,
            lots: Lots::default(),
            rate: Rate::default(),
            arrival: None,
        }
    }

    fn held(&self) -> usize {
        self.sr.len() + self.reused.len()
    }

    /// Demoted entries, and ghosts that LRU let go as newcomers.
    fn demoted_and_new(&self) -> (f64, f64) {
        let demoted = weigh(self.sr.iter().filter(|entry| entry.demoted));
        let new = weigh(self.histories[0].iter().filter(|ghost| ghost.new));
        (demoted as f64, new as f64)
    }

    fn reused_capacity(&self) -> u64 {
        self.capacity - self.sr_capacity
    }

    fn demote_one(&mut self) {
        let entry = self.reused.remove(0);
        self.sr.push(Entry { demoted: true, ..entry });
    }
}

impl Twin for Cacheus {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.time += 1;
        self.rate.request(self.held(), false);
        let mut requests = None;
        for expert in [0, 1] {
            let place = self.histories[expert].iter().position(|ghost| ghost.hash == hash);
            let Some(place) = place.filter(|_| requests.is_none()) else { continue };
            let ghost = self.histories[expert].remove(place);
            requests = Some(ghost.requests);
            if expert == 0 && ghost.new {
                let (demoted, new) = self.demoted_and_new();
                let step = ghost.weight as f64 * (demoted / new.max(1.0)).round().max(1.0);
                self.sr_capacity = (self.sr_capacity + step as u64).min(self.capacity - 1);
            }
            let mut shares = [self.lru_share, 1.0 - self.lru_share];
            shares[expert] *= (-self.rate.now).exp();
            self.lru_share = (shares[0] / (shares[0] + shares[1])).clamp(0.01, 0.99);
        }
        let full = weigh(self.sr.iter().chain(&self.reused)) + weight > self.capacity;
        self.arrival = Some((hash, requests, full));
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let (_, earlier, full) =
            self.arrival.take().filter(|arrival| arrival.0 == hash).unwrap_or((hash, None, true));
        let requests = earlier.unwrap_or(0) + 1;
        let entry = Entry { slot, hash, weight, requests, last: self.time, demoted: false, new: false };
        let fits = weigh(&self.reused) + weight <= self.reused_capacity();
        if earlier.is_none() && !full {
            let to = if self.sr.is_empty() && fits { &mut self.reused } else { &mut self.sr };
            to.push(entry);
            return;
        }
        if earlier.is_some() {
            self.reused.push(entry);
        } else {
            self.sr.push(Entry { new: true, ..entry });
        }
        while !self.reused.is_empty() && weigh(&self.reused) >= self.reused_capacity() {
            self.demote_one();
        }
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        self.rate.request(self.held(), true);
        if let Some(place) = self.reused.iter().position(|entry| entry.slot == slot) {
            let entry = self.reused.remove(place);
            self.reused.push(Entry { requests: entry.requests + 1, last: self.time, ..entry });
            return;
        }
        let place = self.sr.iter().position(|entry| entry.slot == slot);
        let place = place.unwrap_or_else(|| panic!("{slot:?} is not held"));
        if self.sr[place].demoted {
            let (demoted, new) = self.demoted_and_new();
            let step = self.sr[place].weight as f64 * (new / demoted.max(1.0)).round().max(1.0);
            self.sr_capacity = self.sr_capacity.saturating_sub(step as u64).max(1);
        }
        let entry = self.sr.remove(place);
        while !self.reused.is_empty() && weigh(&self.reused) + entry.weight > self.reused_capacity() {
            self.demote_one();
        }
        self.reused.push(Entry { requests: entry.requests + 1, last: self.time, demoted: false, ..entry });
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        for entry in self.sr.iter_mut().chain(&mut self.reused).filter(|entry| entry.slot == slot) {
            entry.weight = weight;
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        let lru = *self.sr.first().or(self.reused.first())?;
        // Of equals the most recent; of those that came within the same request, the one that came last.
        let all = self.sr.iter().chain(&self.reused);
        let lfu = *all.min_by_key(|entry| (entry.requests, std::cmp::Reverse(entry.last)))?;
        let lot = (self.lots.draw() >> 11) as f64 / 2_f64.powi(53);
        let expert = usize::from(lot >= self.lru_share);
        let victim = [lru, lfu][expert];
        let capacity = (self.capacity / 2).max(1);
        if lru.slot != lfu.slot && victim.weight <= capacity {
            let ghosts = &mut self.histories[expert];
            ghosts.retain(|ghost| ghost.hash != victim.hash);
            ghosts.push(victim);
            while weigh(ghosts.iter()) > capacity {
                ghosts.remove(0);
            }
        }
        if self.rate.period.is_none() {
            self.rate.period = Some(self.held());
            self.rate.now = (2.0 * 2_f64.ln() / self.held() as f64).sqrt();
            self.rate.first = self.rate.now.clamp(0.001, 1.0);
        }
        self.remove(victim.slot);
        Some(victim.slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.sr.retain(|entry| entry.slot != slot);
        self.reused.retain(|entry| entry.slot != slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.sr_capacity = (self.sr_capacity * capacity / self.capacity).max(1);
        self.capacity = capacity;
        for ghosts in &mut self.histories {
            while weigh(ghosts.iter()) > (capacity / 2).max(1) {
                ghosts.remove(0);
            }
        }
        while weigh(&self.reused) > self.reused_capacity() {
            self.demote_one();
        }
    }
}
