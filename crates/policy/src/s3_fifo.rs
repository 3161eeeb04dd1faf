//! S3-FIFO: a small queue on probation, a main queue, and ghosts of those that failed probation.
//!
//! Newcomers enter the small queue (a tenth of the capacity); keys that left it unproven not long ago, and are asked for
//! again, enter main at once. An entry read more than once while in small moves on to main when its turn comes, the
//! rest leave for the ghost queue. Main is a FIFO whose entries get another lap for each of up to three hits.
//!
//! Cost: hit O(1), writes one byte until the count saturates; evict O(1) amortised (each step spends a count that a
//! hit paid for, or moves an entry to main once). At worst one eviction promotes all of small and laps main three
//! times. Metadata: 26 bytes per entry, about 35 per ghost, as many ghosts as main holds.
//! Strong on skewed and scan-ridden streams; weak on loops a little longer than the cache and on pure recency.
//!
//! Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.

use crate::{
    ParameterError, Policy, Slot,
    drain::drained,
    ghost::GhostQueue,
    list::{Links, List},
    share::Share,
    slab::cover,
};

/// Hits beyond this many are not counted.
const FREQUENCY_MAX: u8 = 3;
/// Hits that an entry needs while in small to move on to main.
const PROMOTION_HITS: u8 = 2;
/// The small queue's share of the capacity.
const SMALL_SHARE: Share = Share::percent(10);
/// What ghosts may weigh, as a share of main.
const GHOST_SHARE: Share = Share::percent(100);
/// More ghosts than so many times main are a slip of the pen.
const GHOST_SHARE_MAX: f64 = 10.0;

/// What a hit touches: two bytes per slot, so that the marks of many entries share a cache line.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    frequency: u8,
    in_main: bool,
}

/// What matters only when an entry comes, leaves or changes.
#[derive(Clone, Copy, Debug, Default)]
struct Body {
    hash: u64,
    weight: u64,
}

/// S3-FIFO (SOSP 2023): a small queue on probation, a main queue, and ghosts of those that failed probation. With the
/// paper's shares it is [`PolicyKind::S3Fifo`](crate::PolicyKind::S3Fifo).
///
/// A larger small queue gives newcomers more time to be asked for again, and leaves less for what has been. More
/// ghosts let a key come back after longer, and cost memory: about 35 bytes each.
///
/// Cost: O(1), an eviction amortised. 26 bytes per entry.
#[derive(Clone, Debug)]
pub struct S3Fifo {
    capacity: u64,
    small_share: Share,
    ghost_share: Share,
    small_capacity: u64,
    links: Links,
    /// By slot.
    marks: Vec<Mark>,
    /// By slot.
    bodies: Vec<Body>,
    small: List,
    /// Wide enough for any number of entries of any weight.
    small_weight: u128,
    main: List,
    ghosts: GhostQueue,
    /// The key about to come in, if it failed probation not long ago.
    returning: Option<u64>,
}

impl S3Fifo {
    /// With the paper's shares: 10 % of the capacity for the small queue, and as many ghosts as main holds.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::with(capacity, SMALL_SHARE, GHOST_SHARE)
    }

    /// With other shares: `small` is the small queue's of the capacity, `ghosts` is what ghosts may weigh of what is left
    /// to main. Each comes to one unit at least.
    ///
    /// # Errors
    ///
    /// If `small` is not from 0 to 1, or `ghosts` not from 0 to 10.
    pub fn with_shares(capacity: u64, small: f64, ghosts: f64) -> Result<Self, ParameterError> {
        let small = Share::new("s3-fifo", "small", small, 1.0)?;
        let ghosts = Share::new("s3-fifo", "ghosts", ghosts, GHOST_SHARE_MAX)?;
        Ok(Self::with(capacity, small, ghosts))
    }

    fn with(capacity: u64, small_share: Share, ghost_share: Share) -> Self {
        Self {
            capacity,
            small_share,
            ghost_share,
            small_capacity: small_capacity(capacity, small_share),
            links: Links::new(),
            marks: Vec::new(),
            bodies: Vec::new(),
            small: List::new(),
            small_weight: 0,
            main: List::new(),
            ghosts: GhostQueue::new(ghost_capacity(capacity, small_share, ghost_share)),
            returning: None,
        }
    }

    fn push(&mut self, slot: Slot, in_main: bool) {
        self.marks[slot.index()] = Mark { frequency: 0, in_main };
        if in_main {
            self.main.push_head(&mut self.links, slot);
        } else {
            self.small_weight += u128::from(self.bodies[slot.index()].weight);
            self.small.push_head(&mut self.links, slot);
        }
    }

    /// Moves the proven tail of small to main until one has to leave; `None` if all were proven.
    fn evict_small(&mut self) -> Option<Slot> {
        while let Some(slot) = self.small.tail() {
            let frequency = self.marks[slot.index()].frequency;
            self.remove(slot);
            if frequency < PROMOTION_HITS {
                let Body { hash, weight } = self.bodies[slot.index()];
                self.ghosts.push(hash, weight);
                return Some(slot);
            }
            self.push(slot, true);
        }
        None
    }

    fn evict_main(&mut self) -> Option<Slot> {
        loop {
            let slot = self.main.tail()?;
            let mark = &mut self.marks[slot.index()];
            if mark.frequency == 0 {
                self.main.unlink(&mut self.links, slot);
                return Some(slot);
            }
            mark.frequency -= 1;
            self.main.move_to_head(&mut self.links, slot);
        }
    }
}

fn small_capacity(capacity: u64, small: Share) -> u64 {
    small.of(capacity).max(1)
}

fn ghost_capacity(capacity: u64, small: Share, ghosts: Share) -> u64 {
    ghosts.of(capacity.saturating_sub(small_capacity(capacity, small))).max(1)
}

impl Policy for S3Fifo {
    /// The ghost is taken before room is made: the entry that leaves for the newcomer becomes a ghost itself and might
    /// displace the newcomer's, which on a loop a little longer than the ghost queue it always would.
    fn miss(&mut self, hash: u64, _weight: u64) {
        self.returning = self.ghosts.take(hash).then_some(hash);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        cover(&mut self.bodies, slot, Body::default());
        cover(&mut self.marks, slot, Mark::default());
        self.bodies[slot.index()] = Body { hash, weight };
        let in_main = self.returning.take() == Some(hash);
        self.push(slot, in_main);
    }

    fn hit(&mut self, slot: Slot) {
        let mark = &mut self.marks[slot.index()];
        if mark.frequency < FREQUENCY_MAX {
            mark.frequency += 1;
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let body = &mut self.bodies[slot.index()];
        if !self.marks[slot.index()].in_main {
            self.small_weight = self.small_weight - u128::from(body.weight) + u128::from(weight);
        }
        body.weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let small_is_full = self.small_weight >= u128::from(self.small_capacity);
        let victim = if small_is_full { None } else { self.evict_main() };
        // Main once more, for small may have had none but proven entries, and they are in main now.
        victim.or_else(|| self.evict_small()).or_else(|| self.evict_main())
    }

    fn remove(&mut self, slot: Slot) {
        if self.marks[slot.index()].in_main {
            self.main.unlink(&mut self.links, slot);
        } else {
            self.small_weight -= u128::from(self.bodies[slot.index()].weight);
            self.small.unlink(&mut self.links, slot);
        }
    }

    fn clear(&mut self) {
        *self = Self::with(self.capacity, self.small_share, self.ghost_share);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.small_capacity = small_capacity(capacity, self.small_share);
        self.ghosts.resize(ghost_capacity(capacity, self.small_share, self.ghost_share), |(), _| {});
    }

    fn coldest_first(&self) -> Vec<Slot> {
        drained(Self { ghosts: GhostQueue::new(0), ..self.clone() })
    }

    fn check_invariants(&self) {
        let small = self.small.check_invariants(&self.links);
        let main = self.main.check_invariants(&self.links);
        assert!(small.iter().all(|slot| !self.marks[slot.index()].in_main));
        assert!(main.iter().all(|slot| self.marks[slot.index()].in_main));
        let weights = small.iter().map(|slot| u128::from(self.bodies[slot.index()].weight));
        assert_eq!(self.small_weight, weights.sum::<u128>());
        self.ghosts.check_invariants();
    }
}
