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
    ParameterError, Policy, Slot,
    drain::drained,
    ghost::GhostQueue,
    list::{Links, List},
    share::Share,
    slab::cover,
};

/// Kin, A1in's share of the capacity.
const RECENT_SHARE: Share = Share::percent(25);
/// Kout, A1out's.
const GHOST_SHARE: Share = Share::percent(50);
/// More ghosts than so many times the capacity are a slip of the pen.
const GHOST_SHARE_MAX: f64 = 10.0;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    hash: u64,
    weight: u64,
}

/// 2Q (VLDB 1994), the full version: newcomers in a FIFO queue, and an LRU queue for those that come back after they left
/// it. With the paper's shares it is [`PolicyKind::TwoQ`](crate::PolicyKind::TwoQ).
///
/// The paper calls the shares Kin and Kout. A larger FIFO queue gives newcomers more time, in which requests do not
/// count, and leaves less for what has come back. More ghosts let a key come back after longer, and cost memory:
/// about 35 bytes each.
///
/// Cost: O(1), ghosts amortised. 25 bytes per entry.
#[derive(Clone, Debug)]
pub struct TwoQ {
    capacity: u64,
    recent_share: Share,
    ghost_share: Share,
    /// What A1in may have before Am gives way.
    recent_capacity: u64,
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
    /// With the paper's shares: 25 % of the capacity for newcomers, 50 % for ghosts.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::with(capacity, RECENT_SHARE, GHOST_SHARE)
    }

    /// With other shares of the capacity for newcomers and, in weight remembered, for ghosts. Each has one unit at
    /// least.
    ///
    /// # Errors
    ///
    /// If `recent` is not from 0 to 1, or `ghosts` not from 0 to 10.
    pub fn with_shares(capacity: u64, recent: f64, ghosts: f64) -> Result<Self, ParameterError> {
        let recent = Share::new("2q", "recent", recent, 1.0)?;
        let ghosts = Share::new("2q", "ghosts", ghosts, GHOST_SHARE_MAX)?;
        Ok(Self::with(capacity, recent, ghosts))
    }

    fn with(capacity: u64, recent_share: Share, ghost_share: Share) -> Self {
        Self {
            capacity,
            recent_share,
            ghost_share,
            recent_capacity: recent_share.of(capacity).max(1),
            links: Links::new(),
            entries: Vec::new(),
            in_main: Vec::new(),
            recent: List::new(),
            recent_weight: 0,
            main: List::new(),
            ghosts: GhostQueue::new(ghost_share.of(capacity).max(1)),
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
        if self.recent_weight > u128::from(self.recent_capacity) {
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
        *self = Self::with(self.capacity, self.recent_share, self.ghost_share);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.recent_capacity = self.recent_share.of(capacity).max(1);
        self.ghosts.resize(self.ghost_share.of(capacity).max(1), |(), _| {});
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
