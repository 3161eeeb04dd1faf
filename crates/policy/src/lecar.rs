//! LeCaR: two experts, LRU and LFU, and lots drawn between them by how little each is regretted.
//!
//! The expert drawn names the victim, whose ghost goes to that expert's history. A miss on a ghost is regretted: the
//! expert that let it go loses weight, the more so the more recently it did. Of entries asked for equally often LFU
//! names the one least recently so.
//!
//! Cost: every operation O(1). Metadata: 36 bytes per entry, about 48 per ghost, and ghosts of half the capacity to each
//! expert. Strong where recency and frequency take turns; weak on scans and loops, which neither expert sees through:
//! `cacheus` mends that.
//!
//! As in the paper: learning rate 0.45, and regret fades to 0.005 over as many requests as the cache holds pages, here
//! entries. As in the authors' program no expert falls below 0.01, or it would never be heard again. Counts are of the
//! present stay; that program keeps them with the ghosts, as `cacheus` does here.
//!
//! Source: Vietri et al., "Driving cache replacement with ML-based LeCaR", HotStorage 2018.

use crate::{
    Policy, Slot,
    drain::drained,
    frequencies::Frequencies,
    ghost::GhostQueue,
    list::{Links, List},
    slab::cover,
    splitmix::SplitMix,
};

const LEARNING_RATE: f64 = 0.45;
/// What is left of regret after as many requests as there are entries.
const FADED: f64 = 0.005;
const SHARE_MIN: f64 = 0.01;

#[derive(Clone, Copy, Debug, Default)]
struct Body {
    hash: u64,
    weight: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Lecar {
    capacity: u64,
    /// Requests so far.
    time: u64,
    held: u64,
    links: Links,
    recency: List,
    frequencies: Frequencies,
    /// By slot.
    bodies: Vec<Body>,
    /// Whom LRU let go, and when.
    lru_history: GhostQueue<u64>,
    /// Whom LFU let go, and when.
    lfu_history: GhostQueue<u64>,
    /// How likely LRU is drawn; LFU has the rest.
    lru_share: f64,
    random: SplitMix,
}

impl Lecar {
    pub(crate) fn new(capacity: u64) -> Self {
        let history = history_capacity(capacity);
        Self {
            capacity,
            time: 0,
            held: 0,
            links: Links::new(),
            recency: List::new(),
            frequencies: Frequencies::new(),
            bodies: Vec::new(),
            lru_history: GhostQueue::new(history),
            lfu_history: GhostQueue::new(history),
            lru_share: 0.5,
            random: SplitMix::new(),
        }
    }

    /// What to multiply the share of the expert by that let an entry go at `departure`.
    fn regret(&self, departure: u64) -> f64 {
        let time = (self.time - departure) as f64 / self.held.max(1) as f64;
        (-LEARNING_RATE * FADED.powf(time)).exp()
    }
}

/// What each of the two histories may remember.
fn history_capacity(capacity: u64) -> u64 {
    (capacity / 2).max(1)
}

impl Policy for Lecar {
    fn miss(&mut self, hash: u64, _weight: u64) {
        self.time += 1;
        let (mut lru, mut lfu) = (self.lru_share, 1.0 - self.lru_share);
        if let Some((departure, _)) = self.lru_history.take_noted(hash) {
            lru *= self.regret(departure);
        } else if let Some((departure, _)) = self.lfu_history.take_noted(hash) {
            lfu *= self.regret(departure);
        }
        self.lru_share = (lru / (lru + lfu)).clamp(SHARE_MIN, 1.0 - SHARE_MIN);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.bodies, slot, Body::default());
        self.bodies[slot.index()] = Body { hash, weight };
        self.held += 1;
        self.recency.push_head(&mut self.links, slot);
        self.frequencies.insert(slot, 1);
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        self.recency.move_to_head(&mut self.links, slot);
        self.frequencies.step_up(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.bodies[slot.index()].weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let lru = self.recency.tail()?;
        let lfu = self.frequencies.lowest_oldest()?;
        let lru_drawn = self.random.fraction() < self.lru_share;
        let (victim, history) =
            if lru_drawn { (lru, &mut self.lru_history) } else { (lfu, &mut self.lfu_history) };
        let Body { hash, weight } = self.bodies[victim.index()];
        history.push_noted(hash, weight, self.time, |_, _| {});
        self.remove(victim);
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        self.held -= 1;
        self.recency.unlink(&mut self.links, slot);
        self.frequencies.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        let history = history_capacity(capacity);
        self.lru_history.resize(history, |_, _| {});
        self.lfu_history.resize(history, |_, _| {});
    }

    /// As the lots would fall.
    fn coldest_first(&self) -> Vec<Slot> {
        let forgetful =
            Self { lru_history: GhostQueue::new(0), lfu_history: GhostQueue::new(0), ..self.clone() };
        drained(forgetful)
    }

    fn check_invariants(&self) {
        let mut by_recency = self.recency.check_invariants(&self.links);
        let by_frequency = self.frequencies.check_invariants();
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
