//! Cacheus: LeCaR with experts that see through scans and churn, and a learning rate that is learnt.
//!
//! SR-LRU keeps newcomers in SR, apart from R, which holds what was asked for again; SR's least recent is its victim. A
//! key that LRU let go as a newcomer and that comes back says SR is too small; a hit in SR on an entry that R demoted
//! says R is. CR-LFU names, of the least frequent entries, the most recent, so that on a churn the others get to stay.
//! Lots are drawn and regretted as in LeCaR, but regret does not fade; instead, once per as many requests as there are
//! entries, the learning rate takes another step the way that last raised the hit ratio.
//!
//! Cost: hit O(1); insertion of a key that comes back O(distinct frequencies); eviction O(1). What R demotes when it
//! shrinks was once promoted by a hit or a return. Metadata: 38 bytes per entry, about 46 per ghost, and ghosts of half
//! the capacity to each expert. Strong on loops and scans beside recency and frequency, where LeCaR is weak; but has
//! more to learn, and small steps of luck steer it: on steady skewed streams simpler policies do as well.
//!
//! Differs from the paper where the authors' program does: SR starts with a hundredth of the capacity, the learning rate
//! with sqrt(2 ln 2 / entries) rather than by lot, and no expert falls below 0.01. Periods begin with the first eviction,
//! since only then is it known how many entries the cache holds. With weights, shares move by an entry's weight where
//! the paper moves them by a page.
//!
//! Source: Rodriguez et al., "Learning cache replacement with CACHEUS", FAST 2021.

use crate::{
    Policy, Slot,
    frequencies::Frequencies,
    ghost::GhostQueue,
    learning_rate::LearningRate,
    list::{Links, List},
    slab::cover,
    splitmix::SplitMix,
};

const SHARE_MIN: f64 = 0.01;

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// In R, else in SR.
    reused: bool,
    /// Came to SR from R.
    demoted: bool,
    /// Came as a newcomer when the cache was full.
    new: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Body {
    hash: u64,
    weight: u64,
}

/// What is known of an entry that left.
#[derive(Clone, Copy, Debug)]
struct Departed {
    frequency: u32,
    new: bool,
}

/// The key about to come in.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    hash: u64,
    /// How often it was asked for, if it left not long ago.
    frequency: Option<u32>,
    /// Whether somebody has to leave for it.
    full: bool,
}

#[derive(Debug)]
pub(crate) struct Cacheus {
    capacity: u64,
    sr_capacity: u64,
    held: u64,
    links: Links,
    sr: List,
    sr_weight: u128,
    reused: List,
    reused_weight: u128,
    frequencies: Frequencies,
    /// By slot.
    marks: Vec<Mark>,
    /// By slot.
    bodies: Vec<Body>,
    lru_history: GhostQueue<Departed>,
    lfu_history: GhostQueue<Departed>,
    /// Weight of demoted entries.
    demoted: u128,
    /// Weight of LRU's ghosts that left as newcomers.
    departed_new: u128,
    /// How likely LRU is drawn; LFU has the rest.
    lru_share: f64,
    learning_rate: LearningRate,
    random: SplitMix,
    arrival: Option<Arrival>,
}

impl Cacheus {
    pub(crate) fn new(capacity: u64) -> Self {
        let history = (capacity / 2).max(1);
        Self {
            capacity,
            sr_capacity: (capacity / 100 + u64::from(capacity % 100 >= 50)).max(1),
            held: 0,
            links: Links::new(),
            sr: List::new(),
            sr_weight: 0,
            reused: List::new(),
            reused_weight: 0,
            frequencies: Frequencies::new(),
            marks: Vec::new(),
            bodies: Vec::new(),
            lru_history: GhostQueue::new(history),
            lfu_history: GhostQueue::new(history),
            demoted: 0,
            departed_new: 0,
            lru_share: 0.5,
            learning_rate: LearningRate::new(),
            random: SplitMix::new(),
            arrival: None,
        }
    }

    fn reused_capacity(&self) -> u128 {
        u128::from(self.capacity.saturating_sub(self.sr_capacity))
    }

    /// A key let go as a newcomer is back.
    fn grow_sr(&mut self, weight: u64) {
        let step = step(weight, self.demoted, self.departed_new);
        self.sr_capacity = self.sr_capacity.saturating_add(step).min(self.capacity.saturating_sub(1));
    }

    /// An entry that R demoted is asked for.
    fn shrink_sr(&mut self, weight: u64) {
        let step = step(weight, self.departed_new, self.demoted);
        self.sr_capacity = self.sr_capacity.saturating_sub(step).max(1);
    }

    fn regret(&mut self, lru: bool) {
        let factor = (-self.learning_rate.rate()).exp();
        let (lru, lfu) = if lru {
            (self.lru_share * factor, 1.0 - self.lru_share)
        } else {
            (self.lru_share, (1.0 - self.lru_share) * factor)
        };
        self.lru_share = (lru / (lru + lfu)).clamp(SHARE_MIN, 1.0 - SHARE_MIN);
    }

    fn push(&mut self, slot: Slot, reused: bool) {
        self.marks[slot.index()].reused = reused;
        let weight = u128::from(self.bodies[slot.index()].weight);
        if reused {
            self.reused_weight += weight;
            self.reused.push_head(&mut self.links, slot);
        } else {
            self.sr_weight += weight;
            self.sr.push_head(&mut self.links, slot);
        }
    }

    fn unlink(&mut self, slot: Slot) {
        let weight = u128::from(self.bodies[slot.index()].weight);
        if self.marks[slot.index()].reused {
            self.reused_weight -= weight;
            self.reused.unlink(&mut self.links, slot);
        } else {
            self.sr_weight -= weight;
            self.sr.unlink(&mut self.links, slot);
        }
    }

    fn forget_demotion(&mut self, slot: Slot) -> bool {
        let demoted = std::mem::take(&mut self.marks[slot.index()].demoted);
        if demoted {
            self.demoted -= u128::from(self.bodies[slot.index()].weight);
        }
        demoted
    }

    /// Moves R's least recent to SR for as long as R weighs more than `limit`.
    fn demote_beyond(&mut self, limit: Option<u128>) {
        while limit.is_none_or(|limit| self.reused_weight > limit) {
            let Some(slot) = self.reused.tail() else { break };
            self.unlink(slot);
            self.push(slot, false);
            self.marks[slot.index()].demoted = true;
            self.demoted += u128::from(self.bodies[slot.index()].weight);
        }
    }
}

/// How far the border between SR and R moves for an entry of this weight: further the scarcer the kind that it is of.
fn step(weight: u64, others: u128, kin: u128) -> u64 {
    let ratio = (others as f64 / kin.max(1) as f64).round().max(1.0);
    (weight as f64 * ratio) as u64
}

impl Policy for Cacheus {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.learning_rate.request(self.held, false);
        let mut frequency = None;
        if let Some((departed, ghost_weight)) = self.lru_history.take_noted(hash) {
            if departed.new {
                self.departed_new -= u128::from(ghost_weight);
                self.grow_sr(ghost_weight);
            }
            self.regret(true);
            frequency = Some(departed.frequency);
        } else if let Some((departed, _)) = self.lfu_history.take_noted(hash) {
            self.regret(false);
            frequency = Some(departed.frequency);
        }
        let full = self.sr_weight + self.reused_weight + u128::from(weight) > u128::from(self.capacity);
        self.arrival = Some(Arrival { hash, frequency, full });
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.marks, slot, Mark::default());
        cover(&mut self.bodies, slot, Body::default());
        self.marks[slot.index()] = Mark::default();
        self.bodies[slot.index()] = Body { hash, weight };
        self.held += 1;
        let arrival = self.arrival.take().filter(|arrival| arrival.hash == hash);
        let Arrival { frequency, full, .. } =
            arrival.unwrap_or(Arrival { hash, frequency: None, full: true });
        self.frequencies.insert(slot, u64::from(frequency.unwrap_or(0)) + 1);
        let reused_full = self.reused_weight + u128::from(weight) > self.reused_capacity();
        if frequency.is_some() {
            self.push(slot, true);
        } else if !full && self.sr.tail().is_none() && !reused_full {
            return self.push(slot, true);
        } else {
            self.push(slot, false);
            self.marks[slot.index()].new = full;
            if !full {
                return;
            }
        }
        // A page less than R may hold, as in the authors' program: somebody is in SR then to be named as a victim.
        self.demote_beyond(self.reused_capacity().checked_sub(1));
    }

    fn hit(&mut self, slot: Slot) {
        self.learning_rate.request(self.held, true);
        self.frequencies.step_up(slot);
        if self.marks[slot.index()].reused {
            return self.reused.move_to_head(&mut self.links, slot);
        }
        let weight = self.bodies[slot.index()].weight;
        if self.marks[slot.index()].demoted {
            self.shrink_sr(weight);
            self.forget_demotion(slot);
        }
        self.unlink(slot);
        self.demote_beyond(self.reused_capacity().checked_sub(u128::from(weight)));
        self.push(slot, true);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let Mark { reused, demoted, .. } = self.marks[slot.index()];
        let before = u128::from(std::mem::replace(&mut self.bodies[slot.index()].weight, weight));
        let total = if reused { &mut self.reused_weight } else { &mut self.sr_weight };
        *total = *total - before + u128::from(weight);
        if demoted {
            self.demoted = self.demoted - before + u128::from(weight);
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        let lru = self.sr.tail().or(self.reused.tail())?;
        let lfu = self.frequencies.lowest_newest()?;
        let lru_drawn = self.random.fraction() < self.lru_share;
        let victim = if lru_drawn { lru } else { lfu };
        if lru != lfu {
            let Body { hash, weight } = self.bodies[victim.index()];
            let frequency = u32::try_from(self.frequencies.of(victim)).unwrap_or(u32::MAX);
            let departed = Departed { frequency, new: self.marks[victim.index()].new };
            if lru_drawn {
                let mut count = self.departed_new + if departed.new { u128::from(weight) } else { 0 };
                self.lru_history.push_noted(hash, weight, departed, |departed, weight| {
                    count -= if departed.new { u128::from(weight) } else { 0 };
                });
                self.departed_new = count;
            } else {
                self.lfu_history.push_noted(hash, weight, departed, |_, _| {});
            }
        }
        self.learning_rate.evicted(self.held);
        self.remove(victim);
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        self.held -= 1;
        self.forget_demotion(slot);
        self.unlink(slot);
        self.frequencies.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn check_invariants(&self) {
        let sr = self.sr.check_invariants(&self.links);
        let reused = self.reused.check_invariants(&self.links);
        let weigh = |slots: &mut dyn Iterator<Item = &Slot>| -> u128 {
            slots.map(|slot| u128::from(self.bodies[slot.index()].weight)).sum()
        };
        assert!(sr.iter().all(|slot| !self.marks[slot.index()].reused));
        assert!(
            reused.iter().all(|slot| self.marks[slot.index()].reused && !self.marks[slot.index()].demoted)
        );
        assert_eq!(self.sr_weight, weigh(&mut sr.iter()));
        assert_eq!(self.reused_weight, weigh(&mut reused.iter()));
        assert_eq!(self.demoted, weigh(&mut sr.iter().filter(|slot| self.marks[slot.index()].demoted)));
        let new = self.lru_history.notes().filter(|(departed, _)| departed.new);
        assert_eq!(self.departed_new, new.map(|(_, weight)| u128::from(weight)).sum::<u128>());
        let mut by_recency = [sr, reused].concat();
        let by_frequency = self.frequencies.check_invariants();
        let mut by_frequency = by_frequency.into_iter().map(|(_, slot)| slot).collect::<Vec<_>>();
        by_recency.sort_unstable();
        by_frequency.sort_unstable();
        assert_eq!(by_recency, by_frequency, "the experts know different entries");
        assert_eq!(self.held, by_recency.len() as u64);
        assert!(self.sr_capacity <= self.capacity.max(1));
        assert!((SHARE_MIN..=1.0 - SHARE_MIN).contains(&self.lru_share), "LRU has {}", self.lru_share);
        self.lru_history.check_invariants();
        self.lfu_history.check_invariants();
    }
}
