//! ARC and CAR on vectors, the oldest entry first.

use nuthatch_policy::Slot;

use crate::twin::Twin;

#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    used: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Left {
    Recent,
    Frequent,
}

/// ARC, or CAR if its queues are clocks.
pub(crate) struct Adaptive {
    clocks: bool,
    capacity: u64,
    target: f64,
    t1: Vec<Entry>,
    t2: Vec<Entry>,
    /// Hash and weight.
    b1: Vec<(u64, u64)>,
    b2: Vec<(u64, u64)>,
    /// Hash and weight of the newcomer.
    returning: Option<(u64, u64, Left)>,
}

impl Adaptive {
    pub(crate) fn new(capacity: u64, clocks: bool) -> Self {
        Self {
            clocks,
            capacity,
            target: 0.0,
            t1: Vec::new(),
            t2: Vec::new(),
            b1: Vec::new(),
            b2: Vec::new(),
            returning: None,
        }
    }

    fn adapt(&mut self) {
        let Some((_, weight, left)) = self.returning else { return };
        let (own, b1, b2) = (weight as f64, total(&self.b1) as f64, total(&self.b2) as f64);
        let target = match left {
            Left::Recent => self.target + own * (b2 / (b1 + own)).max(1.0),
            Left::Frequent => self.target - own * (b1 / (b2 + own)).max(1.0),
        };
        self.target = target.clamp(0.0, self.capacity as f64);
    }

    fn find(&mut self, slot: Slot) -> &mut Entry {
        self.t1.iter_mut().chain(&mut self.t2).find(|entry| entry.slot == slot).unwrap()
    }

    /// Takes the oldest of T1 or of T2, whichever has to give; the other's if that is empty.
    fn oldest(&mut self, from_t1: bool) -> Option<(Entry, bool)> {
        let from_t1 = if from_t1 { !self.t1.is_empty() } else { self.t2.is_empty() };
        let queue = if from_t1 { &mut self.t1 } else { &mut self.t2 };
        (!queue.is_empty()).then(|| (queue.remove(0), from_t1))
    }

    fn remember(&mut self, entry: Entry, left_t1: bool) -> Slot {
        let (ghosts, most) =
            if left_t1 { (&mut self.b1, self.capacity) } else { (&mut self.b2, 2 * self.capacity) };
        ghosts.retain(|(hash, _)| *hash != entry.hash);
        if entry.weight <= most {
            ghosts.push((entry.hash, entry.weight));
        }
        while total(ghosts) > most {
            ghosts.remove(0);
        }
        entry.slot
    }

    fn trim(&mut self) {
        let t1 = self::weight(&self.t1);
        while t1 + total(&self.b1) > self.capacity && !self.b1.is_empty() {
            self.b1.remove(0);
        }
        let held = t1 + self::weight(&self.t2);
        while held + total(&self.b1) + total(&self.b2) > 2 * self.capacity {
            if !self.b2.is_empty() {
                self.b2.remove(0);
            } else if !self.b1.is_empty() {
                self.b1.remove(0);
            } else {
                break;
            }
        }
    }

    fn arc_victim(&mut self) -> Option<Slot> {
        let t1 = weight(&self.t1) as f64;
        let left_b2 = self.returning.is_some_and(|(_, _, left)| left == Left::Frequent);
        let from_t1 = t1 > 0.0 && ((left_b2 && t1 == self.target) || t1 > self.target);
        let (entry, left_t1) = self.oldest(from_t1)?;
        Some(self.remember(entry, left_t1))
    }

    fn car_victim(&mut self) -> Option<Slot> {
        loop {
            let from_t1 = weight(&self.t1) as f64 >= self.target.max(1.0);
            let (entry, left_t1) = self.oldest(from_t1)?;
            if !entry.used {
                return Some(self.remember(entry, left_t1));
            }
            self.t2.push(Entry { used: false, ..entry });
        }
    }
}

fn total(ghosts: &[(u64, u64)]) -> u64 {
    ghosts.iter().map(|(_, weight)| weight).sum()
}

fn weight(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.weight).sum()
}

impl Twin for Adaptive {
    fn miss(&mut self, hash: u64, weight: u64) {
        let is_it = |(other, _): &(u64, u64)| *other == hash;
        self.returning = if self.b1.iter().any(is_it) {
            Some((hash, weight, Left::Recent))
        } else if self.b2.iter().any(is_it) {
            Some((hash, weight, Left::Frequent))
        } else {
            None
        };
        match self.returning {
            Some((.., Left::Recent)) => self.b1.retain(|ghost| !is_it(ghost)),
            Some((.., Left::Frequent)) => self.b2.retain(|ghost| !is_it(ghost)),
            None => {}
        }
        if !self.clocks {
            self.adapt();
        }
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        if self.clocks {
            self.adapt();
        }
        let entry = Entry { slot, hash, weight, used: false };
        match self.returning.take() {
            Some((other, ..)) if other == hash => self.t2.push(entry),
            _ => self.t1.push(entry),
        }
        self.trim();
    }

    fn hit(&mut self, slot: Slot) {
        if self.clocks {
            self.find(slot).used = true;
        } else {
            let entry = *self.find(slot);
            self.remove(slot);
            self.t2.push(entry);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.find(slot).weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.clocks { self.car_victim() } else { self.arc_victim() }
    }

    fn remove(&mut self, slot: Slot) {
        self.t1.retain(|entry| entry.slot != slot);
        self.t2.retain(|entry| entry.slot != slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.target = (self.target * capacity as f64 / self.capacity as f64).min(capacity as f64);
        self.capacity = capacity;
        for (ghosts, most) in [(&mut self.b1, capacity), (&mut self.b2, 2 * capacity)] {
            while total(ghosts) > most {
                ghosts.remove(0);
            }
        }
        self.trim();
    }
}
