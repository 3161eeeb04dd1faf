//! auto on vectors. Few keys share a line of those that left, so that nothing is forgotten early and the sketch is exact;
//! which line a key belongs to only says when what is too old is dropped, and its count capped.

use std::collections::HashMap;

use nuthatch_policy::Slot;

use crate::twin::Twin;

const WHOLE: u128 = 1 << 48;
const LINES: u64 = 64;

#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u64,
    weight: u64,
    laps: u64,
    count: u64,
}

/// Who left small, or main.
struct Ghost {
    hash: u64,
    of_main: bool,
    count: u64,
    /// By the clock of its queue.
    left: u64,
}

struct Newcomer {
    hash: u64,
    weight: u64,
    count: u64,
    returns: bool,
    to_main: bool,
}

/// All vectors hold the oldest first.
pub(crate) struct Auto {
    capacity: u64,
    share: u128,
    evicted: u64,
    small: Vec<Entry>,
    main: Vec<Entry>,
    ghosts: Vec<Ghost>,
    /// Of those that have no ghost, up to three.
    sketch: HashMap<u64, u64>,
    /// What left small, and main.
    clocks: [u64; 2],
    newcomer: Option<Newcomer>,
    vacant: u64,
    misses: u64,
    /// Never put back.
    misses_ever: u64,
    slots: u64,
    /// Slots that have seen the last halving, and lines.
    swept: [u64; 2],
}

impl Auto {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            share: WHOLE / 100,
            evicted: 0,
            small: Vec::new(),
            main: Vec::new(),
            ghosts: Vec::new(),
            sketch: HashMap::new(),
            clocks: [0; 2],
            newcomer: None,
            vacant: capacity,
            misses: 0,
            misses_ever: 0,
            slots: 0,
            swept: [0; 2],
        }
    }

    fn len(&self) -> u64 {
        (self.small.len() + self.main.len()) as u64
    }

    fn set_share(&mut self, share: u128) {
        self.share = share.clamp(WHOLE / 100, WHOLE / 10 * 9);
    }

    fn small_target(&self) -> u64 {
        let target = (self.share * u128::from(self.capacity) / WHOLE) as u64;
        target.min(self.capacity.saturating_sub(1)).max(1)
    }

    fn main_has_room_for(&self, weight: u64) -> bool {
        let main = self.main.iter().map(|entry| entry.weight).sum::<u64>();
        main + weight <= self.capacity.saturating_sub(self.small_target())
    }

    fn step(&self) -> u128 {
        let step = 4 * WHOLE / u128::from(self.len().max(1));
        let (capacity, evicted) = (u128::from(self.capacity), u128::from(self.evicted));
        step + step * capacity / (capacity + evicted).max(1)
    }

    fn horizon(&self, of_main: bool) -> u64 {
        if of_main { (self.capacity / 20).max(1) } else { (2 * self.capacity).max(1) }
    }

    fn age(&self, ghost: &Ghost) -> u64 {
        self.clocks[usize::from(ghost.of_main)] - ghost.left
    }

    /// Drops those ghosts of these that are too old; their counts go to the sketch.
    fn drop_too_old(&mut self, of_these: impl Fn(&Ghost) -> bool) {
        let ghosts = std::mem::take(&mut self.ghosts);
        for ghost in ghosts {
            if of_these(&ghost) && self.age(&ghost) > self.horizon(ghost.of_main) {
                if !ghost.of_main {
                    self.raise(ghost.hash, ghost.count);
                }
            } else {
                self.ghosts.push(ghost);
            }
        }
    }

    fn raise(&mut self, hash: u64, count: u64) {
        let sketched = self.sketch.entry(hash).or_default();
        *sketched = (*sketched).max(count.min(3));
    }

    fn grow_older(&mut self) {
        self.swept[0] = (self.swept[0] + 1).min(self.slots);
        self.misses += 1;
        let period = 10 * self.len().max(8);
        if self.misses >= 2 * period && self.swept[0] >= self.slots && self.swept[1] >= LINES {
            self.misses = period;
            self.swept = [0; 2];
            self.small.iter_mut().chain(&mut self.main).for_each(|entry| entry.count /= 2);
            self.ghosts.iter_mut().for_each(|ghost| ghost.count /= 2);
            self.sketch.values_mut().for_each(|count| *count /= 2);
        }
    }

    fn sweep(&mut self) {
        self.misses_ever += 1;
        if self.misses_ever.is_multiple_of(4) {
            self.swept[1] += 1;
            let swept = self.misses_ever / 4 % LINES;
            self.drop_too_old(|ghost| line(ghost.hash) == swept);
        }
    }

    /// Takes the entry out of its queue and remembers it.
    fn leave(&mut self, slot: Slot) -> Slot {
        let of_main = self.main.iter().any(|entry| entry.slot == slot);
        let entries = u128::from(self.len());
        let entry = self.take_out(slot);
        self.clocks[usize::from(of_main)] += entry.weight;
        let left = self.clocks[usize::from(of_main)];
        self.ghosts.push(Ghost { hash: entry.hash, of_main, count: entry.count, left });
        if of_main {
            self.raise(entry.hash, entry.count);
        } else {
            self.set_share(self.share - self.share / (20 * entries));
        }
        self.evicted += entry.weight;
        self.vacant = 0;
        slot
    }

    fn take_out(&mut self, slot: Slot) -> Entry {
        let queue =
            if self.main.iter().any(|entry| entry.slot == slot) { &mut self.main } else { &mut self.small };
        let place = queue.iter().position(|entry| entry.slot == slot).unwrap();
        queue.remove(place)
    }

    fn promote(&mut self) {
        let entry = self.small.remove(0);
        self.main.push(Entry { laps: 0, ..entry });
    }

    fn main_victim(&mut self, steps: u32) -> Option<Entry> {
        for _ in 0..steps {
            let oldest = *self.main.first()?;
            if oldest.laps == 0 {
                return Some(oldest);
            }
            self.main.remove(0);
            self.main.push(Entry { laps: oldest.laps - 1, ..oldest });
        }
        None
    }

    fn entry(&mut self, slot: Slot) -> &mut Entry {
        let mut entries = self.small.iter_mut().chain(&mut self.main);
        entries.find(|entry| entry.slot == slot).unwrap_or_else(|| panic!("{slot:?} is not held"))
    }
}

/// The line of those that left that has this hash, of the least that there are.
fn line(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash ^ (hash >> 29)) % LINES
}

impl Twin for Auto {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.grow_older();
        self.sweep();
        self.drop_too_old(|ghost| ghost.hash == hash);
        let ghost =
            self.ghosts.iter().position(|ghost| ghost.hash == hash).map(|place| self.ghosts.remove(place));
        let mut count = self.sketch.get(&hash).copied().unwrap_or(0);
        let mut returns = false;
        if let Some(ghost) = ghost {
            let near = self.age(&ghost) <= self.horizon(true);
            if ghost.of_main {
                let shorter = self.share.saturating_sub(self.step());
                self.set_share(shorter);
            } else {
                (count, returns) = (ghost.count, true);
                if near {
                    self.set_share(self.share + self.step());
                }
            }
        }
        self.newcomer = Some(Newcomer { hash, weight, count: (count + 1).min(7), returns, to_main: false });
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let newcomer = self.newcomer.take().filter(|newcomer| newcomer.hash == hash);
        let (count, returns, to_main) = newcomer
            .map_or((1, false, false), |newcomer| (newcomer.count, newcomer.returns, newcomer.to_main));
        let small = self.small.iter().map(|entry| entry.weight).sum::<u64>();
        let fills = self.vacant > 0 && small + weight > self.small_target();
        let entry = Entry { slot, hash, weight, laps: 0, count };
        if to_main || (returns || fills) && self.main_has_room_for(weight) {
            self.main.push(entry);
        } else {
            self.small.push(entry);
        }
        self.vacant = self.vacant.saturating_sub(weight);
        self.slots = self.slots.max(u64::from(slot.0) + 1);
    }

    fn hit(&mut self, slot: Slot) {
        let entry = self.entry(slot);
        entry.laps = (entry.laps + 1).min(7);
        entry.count = (entry.count + 1).min(7);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entry(slot).weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let mut incoming = 0;
        if let Some(mut newcomer) = self.newcomer.take() {
            let mut victim = None;
            if std::mem::take(&mut newcomer.returns) {
                newcomer.to_main = self.main_has_room_for(newcomer.weight);
                if !newcomer.to_main {
                    victim = self.main_victim(4).filter(|victim| newcomer.count > victim.count);
                    newcomer.to_main = victim.is_some();
                }
            }
            if newcomer.to_main {
                incoming = newcomer.weight;
            }
            self.newcomer = Some(newcomer);
            if let Some(victim) = victim {
                return Some(self.leave(victim.slot));
            }
        }
        let mut promotions = 0;
        while let Some(oldest) = self.small.first().copied() {
            if !self.main_has_room_for(incoming) && !self.main.is_empty() {
                break;
            }
            if oldest.laps >= 2 && promotions < 32 && self.capacity > 1 {
                self.promote();
                promotions += 1;
                continue;
            }
            return Some(match self.main_victim(4) {
                Some(victim) if oldest.count >= victim.count + 2 => {
                    self.leave(victim.slot);
                    self.promote();
                    victim.slot
                }
                _ => self.leave(oldest.slot),
            });
        }
        let victim = self.main_victim(64).or_else(|| self.main.first().copied())?;
        Some(self.leave(victim.slot))
    }

    fn remove(&mut self, slot: Slot) {
        let entry = self.take_out(slot);
        self.vacant += entry.weight;
    }

    fn resize(&mut self, capacity: u64) {
        let before = std::mem::replace(&mut self.capacity, capacity);
        self.vacant += capacity.saturating_sub(before);
        for horizons_of in [before, capacity] {
            self.capacity = horizons_of;
            self.drop_too_old(|_| true);
        }
    }
}
