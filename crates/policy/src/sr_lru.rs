//! SR-LRU, the expert of Cacheus that sees through scans.
//!
//! Newcomers come into SR, and what is asked for again moves to R; both are in order of recency, and the least recent of
//! SR is the victim. R demotes its least recent to SR when it is full. The border between the two moves: a key that left
//! as a newcomer and comes back says SR is too small, a hit in SR on a demoted entry says R is.

use crate::{
    Slot,
    list::{Links, List},
    share::in_proportion,
    slab::cover,
};

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// In R, else in SR.
    reused: bool,
    /// Came to SR from R.
    demoted: bool,
    /// Came as a newcomer when the cache was full.
    new: bool,
}

/// How an entry comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// There was room, and nothing is known of it.
    Filling,
    /// Somebody had to leave for it, and nothing is known of it.
    New,
    /// It left not long ago.
    Returning,
}

/// All operations O(1) amortised: what R demotes was promoted before. 19 bytes per slot.
#[derive(Clone, Debug)]
pub(crate) struct SrLru {
    capacity: u64,
    sr_capacity: u64,
    links: Links,
    sr: List,
    sr_weight: u128,
    reused: List,
    reused_weight: u128,
    /// By slot.
    marks: Vec<Mark>,
    /// By slot.
    weights: Vec<u64>,
    /// Weight of demoted entries.
    demoted: u128,
    /// Weight of ghosts that left as newcomers, which the owner keeps.
    departed_new: u128,
}

impl SrLru {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            sr_capacity: (capacity / 100 + u64::from(capacity % 100 >= 50)).max(1),
            links: Links::new(),
            sr: List::new(),
            sr_weight: 0,
            reused: List::new(),
            reused_weight: 0,
            marks: Vec::new(),
            weights: Vec::new(),
            demoted: 0,
            departed_new: 0,
        }
    }

    /// Whether an entry of this weight comes in only if another leaves.
    pub(crate) fn is_full_for(&self, weight: u64) -> bool {
        self.sr_weight + self.reused_weight + u128::from(weight) > u128::from(self.capacity)
    }

    pub(crate) fn weight(&self, slot: Slot) -> u64 {
        self.weights[slot.index()]
    }

    /// Whether `slot` came as a newcomer when the cache was full.
    pub(crate) fn is_new(&self, slot: Slot) -> bool {
        self.marks[slot.index()].new
    }

    /// Whom this expert would let go.
    pub(crate) fn victim(&self) -> Option<Slot> {
        self.sr.tail().or(self.reused.tail())
    }

    pub(crate) fn insert(&mut self, slot: Slot, weight: u64, arrival: Arrival) {
        cover(&mut self.marks, slot, Mark::default());
        cover(&mut self.weights, slot, 0);
        self.marks[slot.index()] = Mark { new: arrival == Arrival::New, ..Mark::default() };
        self.weights[slot.index()] = weight;
        if arrival == Arrival::Filling {
            let reused_full = self.reused_weight + u128::from(weight) > self.reused_capacity();
            return self.push(slot, self.sr.tail().is_none() && !reused_full);
        }
        self.push(slot, arrival == Arrival::Returning);
        // A page less than R may hold, as in the authors' program: somebody is in SR then to be named as a victim.
        self.demote_beyond(self.reused_capacity().checked_sub(1));
    }

    pub(crate) fn hit(&mut self, slot: Slot) {
        if self.marks[slot.index()].reused {
            return self.reused.move_to_head(&mut self.links, slot);
        }
        let weight = self.weight(slot);
        if self.marks[slot.index()].demoted {
            let step = step(weight, self.departed_new, self.demoted);
            self.sr_capacity = self.sr_capacity.saturating_sub(step).max(1);
        }
        self.remove(slot);
        self.demote_beyond(self.reused_capacity().checked_sub(u128::from(weight)));
        self.push(slot, true);
    }

    pub(crate) fn reweigh(&mut self, slot: Slot, weight: u64) {
        let Mark { reused, demoted, .. } = self.marks[slot.index()];
        let before = u128::from(std::mem::replace(&mut self.weights[slot.index()], weight));
        let total = if reused { &mut self.reused_weight } else { &mut self.sr_weight };
        *total = *total - before + u128::from(weight);
        if demoted {
            self.demoted = self.demoted - before + u128::from(weight);
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) {
        let weight = u128::from(self.weight(slot));
        let Mark { reused, demoted, .. } = &mut self.marks[slot.index()];
        if std::mem::take(demoted) {
            self.demoted -= weight;
        }
        if *reused {
            self.reused_weight -= weight;
            self.reused.unlink(&mut self.links, slot);
        } else {
            self.sr_weight -= weight;
            self.sr.unlink(&mut self.links, slot);
        }
    }

    /// The border between SR and R keeps its proportion to the capacity, and R demotes what it has no room for.
    pub(crate) fn resize(&mut self, capacity: u64) {
        self.sr_capacity = in_proportion(self.sr_capacity, self.capacity, capacity).max(1);
        self.capacity = capacity;
        self.demote_beyond(Some(self.reused_capacity()));
    }

    /// This expert let a newcomer go.
    pub(crate) fn newcomer_departed(&mut self, weight: u64) {
        self.departed_new += u128::from(weight);
    }

    /// The ghost of a newcomer is forgotten.
    pub(crate) fn newcomer_forgotten(&mut self, weight: u64) {
        self.departed_new -= u128::from(weight);
    }

    /// The ghost of a newcomer is asked for, and no longer one.
    pub(crate) fn newcomer_returned(&mut self, weight: u64) {
        self.newcomer_forgotten(weight);
        let step = step(weight, self.demoted, self.departed_new);
        self.sr_capacity = self.sr_capacity.saturating_add(step).min(self.capacity.saturating_sub(1));
    }

    /// Panics unless totals and marks are what the lists say, and the ghosts of newcomers weigh `departed_new`. Returns
    /// the slots.
    pub(crate) fn check_invariants(&self, departed_new: u128) -> Vec<Slot> {
        let sr = self.sr.check_invariants(&self.links);
        let reused = self.reused.check_invariants(&self.links);
        let weigh = |slots: &mut dyn Iterator<Item = &Slot>| -> u128 {
            slots.map(|slot| u128::from(self.weight(*slot))).sum()
        };
        assert!(sr.iter().all(|slot| !self.marks[slot.index()].reused));
        assert!(
            reused.iter().all(|slot| self.marks[slot.index()].reused && !self.marks[slot.index()].demoted)
        );
        assert_eq!(self.sr_weight, weigh(&mut sr.iter()));
        assert_eq!(self.reused_weight, weigh(&mut reused.iter()));
        assert_eq!(self.demoted, weigh(&mut sr.iter().filter(|slot| self.marks[slot.index()].demoted)));
        assert_eq!(self.departed_new, departed_new);
        assert!(self.sr_capacity <= self.capacity.max(1));
        [sr, reused].concat()
    }

    fn reused_capacity(&self) -> u128 {
        u128::from(self.capacity.saturating_sub(self.sr_capacity))
    }

    fn push(&mut self, slot: Slot, reused: bool) {
        self.marks[slot.index()].reused = reused;
        let weight = u128::from(self.weight(slot));
        if reused {
            self.reused_weight += weight;
            self.reused.push_head(&mut self.links, slot);
        } else {
            self.sr_weight += weight;
            self.sr.push_head(&mut self.links, slot);
        }
    }

    /// Moves R's least recent to SR for as long as R weighs more than `limit`; all of R if that is `None`.
    fn demote_beyond(&mut self, limit: Option<u128>) {
        while limit.is_none_or(|limit| self.reused_weight > limit) {
            let Some(slot) = self.reused.tail() else { break };
            self.remove(slot);
            self.push(slot, false);
            self.marks[slot.index()].demoted = true;
            self.demoted += u128::from(self.weight(slot));
        }
    }
}

/// How far the border moves for an entry of this weight: further the scarcer the kind that it is of.
fn step(weight: u64, others: u128, kin: u128) -> u64 {
    let ratio = (others as f64 / kin.max(1) as f64).round().max(1.0);
    (weight as f64 * ratio) as u64
}
