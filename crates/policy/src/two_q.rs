//! 2Q: newcomers in a short FIFO queue, and an LRU queue for those that are asked for again after they left it.
//!
//! A newcomer enters A1in, a quarter of the capacity. What leaves A1in is remembered in A1out, for as long as half the
//! capacity takes to pass; a key found there enters Am, the main LRU queue. A hit in A1in changes nothing: requests that
//! come close together say little about the long run.
//!
//! Cost: every operation O(1), ghosts amortised by weight. Metadata: 25 bytes per entry, about 35 per ghost, half as many
//! ghosts as entries.
//! Strong against scans, at LRU's price; weak when the distance between two requests of a key is longer than A1in and A1out,
//! on loops for one, and when favourites change fast.
//!
//! Source: Johnson and Shasha, "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm", VLDB 1994
//! (the full version, Kin 25 %, Kout 50 %).
//!
//! Differs from the paper: a key found in A1out is taken out before room is made for it, and so cannot be displaced by
//! what leaves for it. When Am is empty, A1in gives way whatever its size, and each queue has room for one unit at least.

use crate::{
    Policy, Slot,
    drain::drained,
    ghost::GhostQueue,
    list::{Links, List},
    slab::cover,
};

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    hash: u64,
    weight: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct TwoQ {
    capacity: u64,
    links: Links,
    /// By slot.
    entries: Vec<Entry>,
    /// By slot.
    in_main: Vec<bool>,
    /// A1in.
    recent: List,
    /// Wide enough for any number of entries of any weight.
    recent_weight: u128,
    /// Am.
    main: List,
    /// A1out.
    ghosts: GhostQueue,
    /// The key about to come in, if A1out remembered it.
    returning: Option<u64>,
}

impl TwoQ {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            links: Links::new(),
            entries: Vec::new(),
            in_main: Vec::new(),
            recent: List::new(),
            recent_weight: 0,
            main: List::new(),
            ghosts: GhostQueue::new(ghost_capacity(capacity)),
            returning: None,
        }
    }

    fn evict_recent(&mut self) -> Option<Slot> {
        let slot = self.recent.tail()?;
        self.remove(slot);
        let Entry { hash, weight } = self.entries[slot.index()];
        self.ghosts.push(hash, weight);
        Some(slot)
    }
}

fn ghost_capacity(capacity: u64) -> u64 {
    (capacity / 2).max(1)
}

impl Policy for TwoQ {
    fn miss(&mut self, hash: u64, _weight: u64) {
        self.returning = self.ghosts.take(hash).then_some(hash);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.entries, slot, Entry::default());
        cover(&mut self.in_main, slot, false);
        self.entries[slot.index()] = Entry { hash, weight };
        let in_main = self.returning.take() == Some(hash);
        self.in_main[slot.index()] = in_main;
        if in_main {
            self.main.push_head(&mut self.links, slot);
        } else {
            self.recent_weight += u128::from(weight);
            self.recent.push_head(&mut self.links, slot);
        }
    }

    fn hit(&mut self, slot: Slot) {
        if self.in_main[slot.index()] {
            self.main.move_to_head(&mut self.links, slot);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let before = std::mem::replace(&mut self.entries[slot.index()].weight, weight);
        if !self.in_main[slot.index()] {
            self.recent_weight = self.recent_weight - u128::from(before) + u128::from(weight);
        }
    }

    /// The paper's "reclaimfor".
    fn evict(&mut self) -> Option<Slot> {
        let recent_share = (self.capacity / 4).max(1);
        if self.recent_weight > u128::from(recent_share) {
            return self.evict_recent();
        }
        self.main.pop_tail(&mut self.links).or_else(|| self.evict_recent())
    }

    fn remove(&mut self, slot: Slot) {
        if self.in_main[slot.index()] {
            self.main.unlink(&mut self.links, slot);
        } else {
            self.recent_weight -= u128::from(self.entries[slot.index()].weight);
            self.recent.unlink(&mut self.links, slot);
        }
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.ghosts.resize(ghost_capacity(capacity), |(), _| {});
    }

    fn coldest_first(&self) -> Vec<Slot> {
        drained(Self { ghosts: GhostQueue::new(0), ..self.clone() })
    }

    fn check_invariants(&self) {
        let recent = self.recent.check_invariants(&self.links);
        let main = self.main.check_invariants(&self.links);
        assert!(recent.iter().all(|slot| !self.in_main[slot.index()]));
        assert!(main.iter().all(|slot| self.in_main[slot.index()]));
        let weights = recent.iter().map(|slot| u128::from(self.entries[slot.index()].weight));
        assert_eq!(self.recent_weight, weights.sum::<u128>());
        self.ghosts.check_invariants();
    }
}
