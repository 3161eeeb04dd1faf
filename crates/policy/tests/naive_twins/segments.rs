//! SLRU, 2Q and NRU on vectors, the oldest first.

use nuthatch_policy::Slot;

use crate::twin::Twin;

#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
}

fn weight(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.weight).sum()
}

fn take(entries: &mut Vec<Entry>, slot: Slot) -> Option<Entry> {
    let place = entries.iter().position(|entry| entry.slot == slot)?;
    Some(entries.remove(place))
}

fn reweigh<'a>(entries: impl Iterator<Item = &'a mut Entry>, slot: Slot, weight: u64) {
    for entry in entries {
        if entry.slot == slot {
            entry.weight = weight;
        }
    }
}

pub(crate) struct Slru {
    share: u64,
    /// The lowest first.
    segments: Vec<Vec<Entry>>,
}

impl Slru {
    pub(crate) fn new(capacity: u64) -> Self {
        Self::with_segments(capacity, 4)
    }

    pub(crate) fn with_segments(capacity: u64, segments: usize) -> Self {
        Self { share: (capacity / segments as u64).max(1), segments: vec![Vec::new(); segments] }
    }
}

impl Slru {
    fn restore_shares(&mut self) {
        for level in (1..self.segments.len()).rev() {
            while weight(&self.segments[level]) > self.share && self.segments[level].len() > 1 {
                let entry = self.segments[level].remove(0);
                self.segments[level - 1].push(entry);
            }
        }
    }
}

impl Twin for Slru {
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.segments[0].push(Entry { slot, hash, weight });
    }

    fn hit(&mut self, slot: Slot) {
        let highest = self.segments.len() - 1;
        if let Some(entry) = take(&mut self.segments[highest], slot) {
            self.segments[highest].push(entry);
            return;
        }
        for level in (0..highest).rev() {
            if let Some(entry) = take(&mut self.segments[level], slot) {
                self.segments[level + 1].push(entry);
            }
        }
        self.restore_shares();
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        reweigh(self.segments.iter_mut().flatten(), slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        let lowest = self.segments.iter_mut().find(|segment| !segment.is_empty())?;
        Some(lowest.remove(0).slot)
    }

    fn remove(&mut self, slot: Slot) {
        for segment in &mut self.segments {
            take(segment, slot);
        }
    }

    fn resize(&mut self, capacity: u64) {
        self.share = (capacity / self.segments.len() as u64).max(1);
        self.restore_shares();
    }
}

#[derive(Default)]
pub(crate) struct TwoQ {
    capacity: u64,
    recent_percent: u64,
    ghost_percent: u64,
    recent: Vec<Entry>,
    main: Vec<Entry>,
    /// Hash and weight.
    ghosts: Vec<(u64, u64)>,
    returning: Option<u64>,
}

impl TwoQ {
    pub(crate) fn new(capacity: u64) -> Self {
        Self::with_percents(capacity, 25, 50)
    }

    pub(crate) fn with_percents(capacity: u64, recent_percent: u64, ghost_percent: u64) -> Self {
        Self { capacity, recent_percent, ghost_percent, ..Self::default() }
    }

    fn ghost_capacity(&self) -> u64 {
        (self.capacity * self.ghost_percent / 100).max(1)
    }
}

impl Twin for TwoQ {
    fn miss(&mut self, hash: u64, _: u64) {
        self.returning = self.ghosts.iter().any(|(other, _)| *other == hash).then_some(hash);
        self.ghosts.retain(|(other, _)| *other != hash);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let entry = Entry { slot, hash, weight };
        if self.returning.take() == Some(hash) { self.main.push(entry) } else { self.recent.push(entry) }
    }

    fn hit(&mut self, slot: Slot) {
        if let Some(entry) = take(&mut self.main, slot) {
            self.main.push(entry);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        reweigh(self.recent.iter_mut().chain(&mut self.main), slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        if weight(&self.recent) <= (self.capacity * self.recent_percent / 100).max(1) && !self.main.is_empty()
        {
            return Some(self.main.remove(0).slot);
        }
        if self.recent.is_empty() {
            return None;
        }
        let Entry { slot, hash, weight } = self.recent.remove(0);
        let room = self.ghost_capacity();
        if weight <= room {
            self.ghosts.push((hash, weight));
        }
        while self.ghosts.iter().map(|(_, weight)| weight).sum::<u64>() > room {
            self.ghosts.remove(0);
        }
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        take(&mut self.recent, slot);
        take(&mut self.main, slot);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        while self.ghosts.iter().map(|(_, weight)| weight).sum::<u64>() > self.ghost_capacity() {
            self.ghosts.remove(0);
        }
    }
}

/// Slots with their bits, in no order.
#[derive(Default)]
pub(crate) struct Nru(Vec<(Slot, bool)>);

impl Twin for Nru {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.0.push((slot, true));
    }

    fn hit(&mut self, slot: Slot) {
        for (other, used) in &mut self.0 {
            *used |= *other == slot;
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.0.iter().all(|(_, used)| *used) {
            self.0.iter_mut().for_each(|(_, used)| *used = false);
        }
        let victim = self.0.iter().filter(|(_, used)| !used).map(|(slot, _)| *slot).min()?;
        self.remove(victim);
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        self.0.retain(|(other, _)| *other != slot);
    }
}
