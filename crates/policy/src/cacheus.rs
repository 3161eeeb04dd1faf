//! Cacheus: LeCaR with experts that see through scans and churn, and a learning rate that is learnt.
//!
//! SR-LRU keeps newcomers apart from what was asked for again, and names the least recent newcomer (`sr_lru.rs`). CR-LFU
//! names, of the least frequent entries, the most recent, so that on a churn the others get to stay. Lots are drawn and
//! regretted as in LeCaR, but regret does not fade; instead, once per as many requests as there are entries, the
//! learning rate takes another step the way that last raised the hit ratio (`learning_rate.rs`).
//!
//! Cost: hit O(1); insertion of a key that comes back O(distinct frequencies); eviction O(1). What R demotes when it
//! shrinks was once promoted by a hit or a return. Metadata: 39 bytes per entry, about 40 per ghost, and ghosts of half
//! the capacity to each expert. Strong on loops and scans beside recency and frequency, where LeCaR is weak; but has
//! more to learn, and small steps of luck steer it: on steady skewed streams simpler policies do as well.
//!
//! Differs from the paper where the authors' program does: SR starts with a hundredth of the capacity, the learning rate
//! with sqrt(2 ln 2 / entries) rather than by lot, and no expert falls below 0.01. Periods begin with the first eviction,
//! since only then is it known how many entries the cache holds. With weights, shares move by an entry's weight where
//! the paper moves them by a page. When the capacity changes, SR keeps its proportion to it.
//!
//! Source: Rodriguez et al., "Learning cache replacement with CACHEUS", FAST 2021.

use crate::{
    Policy, Slot,
    drain::drained,
    frequencies::Frequencies,
    ghost::GhostQueue,
    learning_rate::LearningRate,
    slab::cover,
    splitmix::SplitMix,
    sr_lru::{Arrival, SrLru},
};

const SHARE_MIN: f64 = 0.01;

/// What is known of an entry that left.
#[derive(Clone, Copy, Debug)]
struct Departed {
    frequency: u32,
    new: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Cacheus {
    capacity: u64,
    held: u64,
    sr_lru: SrLru,
    cr_lfu: Frequencies,
    /// By slot.
    hashes: Vec<u64>,
    lru_history: GhostQueue<Departed>,
    lfu_history: GhostQueue<Departed>,
    /// How likely LRU is drawn; LFU has the rest.
    lru_share: f64,
    learning_rate: LearningRate,
    random: SplitMix,
    /// The key about to come in, how it does, and how often it was asked for before.
    coming: Option<(u64, Arrival, u32)>,
}

impl Cacheus {
    pub(crate) fn new(capacity: u64) -> Self {
        let history = history_capacity(capacity);
        Self {
            capacity,
            held: 0,
            sr_lru: SrLru::new(capacity),
            cr_lfu: Frequencies::new(),
            hashes: Vec::new(),
            lru_history: GhostQueue::new(history),
            lfu_history: GhostQueue::new(history),
            lru_share: 0.5,
            learning_rate: LearningRate::new(),
            random: SplitMix::new(),
            coming: None,
        }
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

    /// Remembers `victim` on behalf of the expert that named it.
    fn remember(&mut self, victim: Slot, lru: bool) {
        let (hash, weight) = (self.hashes[victim.index()], self.sr_lru.weight(victim));
        let frequency = u32::try_from(self.cr_lfu.of(victim)).unwrap_or(u32::MAX);
        let departed = Departed { frequency, new: self.sr_lru.is_new(victim) };
        if !lru {
            return self.lfu_history.push_noted(hash, weight, departed, |_, _| {});
        }
        if departed.new {
            self.sr_lru.newcomer_departed(weight);
        }
        self.lru_history.push_noted(hash, weight, departed, |departed, weight| {
            if departed.new {
                self.sr_lru.newcomer_forgotten(weight);
            }
        });
    }
}

/// What each of the two histories may remember.
fn history_capacity(capacity: u64) -> u64 {
    (capacity / 2).max(1)
}

impl Policy for Cacheus {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.learning_rate.request(self.held, false);
        let mut returning = None;
        if let Some((departed, ghost_weight)) = self.lru_history.take_noted(hash) {
            if departed.new {
                self.sr_lru.newcomer_returned(ghost_weight);
            }
            self.regret(true);
            returning = Some(departed.frequency);
        } else if let Some((departed, _)) = self.lfu_history.take_noted(hash) {
            self.regret(false);
            returning = Some(departed.frequency);
        }
        self.coming = Some(match returning {
            Some(frequency) => (hash, Arrival::Returning, frequency),
            None if self.sr_lru.is_full_for(weight) => (hash, Arrival::New, 0),
            None => (hash, Arrival::Filling, 0),
        });
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let coming = self.coming.take().filter(|(coming, ..)| *coming == hash);
        let (_, arrival, frequency) = coming.unwrap_or((hash, Arrival::New, 0));
        cover(&mut self.hashes, slot, 0);
        self.hashes[slot.index()] = hash;
        self.held += 1;
        self.sr_lru.insert(slot, weight, arrival);
        self.cr_lfu.insert(slot, u64::from(frequency) + 1);
    }

    fn hit(&mut self, slot: Slot) {
        self.learning_rate.request(self.held, true);
        self.cr_lfu.step_up(slot);
        self.sr_lru.hit(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.sr_lru.reweigh(slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        let lru = self.sr_lru.victim()?;
        let lfu = self.cr_lfu.lowest_newest()?;
        let lru_drawn = self.random.fraction() < self.lru_share;
        let victim = if lru_drawn { lru } else { lfu };
        if lru != lfu {
            self.remember(victim, lru_drawn);
        }
        self.learning_rate.evicted(self.held);
        self.remove(victim);
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        self.held -= 1;
        self.sr_lru.remove(slot);
        self.cr_lfu.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        let history = history_capacity(capacity);
        self.lru_history.resize(history, |departed, weight| {
            if departed.new {
                self.sr_lru.newcomer_forgotten(weight);
            }
        });
        self.lfu_history.resize(history, |_, _| {});
        self.sr_lru.resize(capacity);
    }

    /// As the lots would fall.
    fn coldest_first(&self) -> Vec<Slot> {
        let forgetful =
            Self { lru_history: GhostQueue::new(0), lfu_history: GhostQueue::new(0), ..self.clone() };
        drained(forgetful)
    }

    fn check_invariants(&self) {
        let new = self.lru_history.notes().filter(|(departed, _)| departed.new);
        let mut by_recency = self.sr_lru.check_invariants(new.map(|(_, weight)| u128::from(weight)).sum());
        let by_frequency = self.cr_lfu.check_invariants();
        let mut by_frequency = by_frequency.into_iter().map(|(_, slot)| slot).collect::<Vec<_>>();
        by_recency.sort_unstable();
        by_frequency.sort_unstable();
        assert_eq!(by_recency, by_frequency, "the experts know different entries");
        assert_eq!(self.held, by_recency.len() as u64);
        assert!((SHARE_MIN..=1.0 - SHARE_MIN).contains(&self.lru_share), "LRU has {}", self.lru_share);
        self.lru_history.check_invariants();
        self.lfu_history.check_invariants();
    }
}
