//! Hyperbolic caching: an entry's value is its requests over the time since it came in, looked at only when one has to
//! leave.
//!
//! The value falls as time goes by, for each entry at its own rate, so no order of all entries could be kept. Instead the
//! entry of least value among 64 drawn at random leaves; of equal values the older. With weights the value is per unit
//! of weight.
//!
//! Cost: hit O(1), adds one; evict 64 draws, each a look at memory that is likely far away. Metadata: 28 bytes per entry.
//! Strong on skewed streams, where it beats LFU since a count is measured against its time, and LRU since one request
//! is not enough to stay; weak on loops and phases: an old favourite takes as long to fade as it was one.
//!
//! Differs from the paper: cost and classes of cost are left out, and so are the mixing of an entry's first value with
//! the last victim's and the time windows, which the paper offers as extensions. Time is counted in requests. With 64
//! entries or fewer all are looked at.
//!
//! Source: Blankstein, Sen, Freedman, "Hyperbolic caching: flexible caching for Web applications", USENIX ATC 2017.

use std::cmp::Ordering;

use crate::{Policy, Slot, held::Held, slab::cover, splitmix::SplitMix};

/// Entries looked at per eviction: the paper's choice, beyond which it finds little to gain.
const SAMPLE: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Body {
    /// When it came in.
    start: u64,
    weight: u64,
}

#[derive(Debug)]
pub(crate) struct Hyperbolic {
    /// Requests so far.
    time: u64,
    held: Held,
    /// By slot: requests in this stay. Counts stop at the highest.
    requests: Vec<u32>,
    /// By slot.
    bodies: Vec<Body>,
    random: SplitMix,
}

impl Hyperbolic {
    pub(crate) const fn new() -> Self {
        Self { time: 0, held: Held::new(), requests: Vec::new(), bodies: Vec::new(), random: SplitMix::new() }
    }

    fn candidate(&self, slot: Slot) -> Candidate {
        let body = self.bodies[slot.index()];
        Candidate { value: body.value(self.requests[slot.index()], self.time), start: body.start, slot }
    }
}

impl Body {
    fn value(self, requests: u32, now: u64) -> f64 {
        let time = now.saturating_sub(self.start).max(1);
        f64::from(requests) / (time as f64 * self.weight.max(1) as f64)
    }
}

struct Candidate {
    value: f64,
    start: u64,
    slot: Slot,
}

impl Candidate {
    /// The lesser leaves.
    fn compare(&self, other: &Self) -> Ordering {
        let age = (self.start, self.slot).cmp(&(other.start, other.slot));
        self.value.total_cmp(&other.value).then(age)
    }
}

impl Policy for Hyperbolic {
    fn miss(&mut self, _hash: u64, _weight: u64) {
        self.time += 1;
    }

    fn insert(&mut self, slot: Slot, _hash: u64, weight: u64) {
        self.held.insert(slot);
        cover(&mut self.requests, slot, 0);
        cover(&mut self.bodies, slot, Body::default());
        self.requests[slot.index()] = 1;
        self.bodies[slot.index()] = Body { start: self.time, weight };
    }

    fn hit(&mut self, slot: Slot) {
        self.time += 1;
        let requests = &mut self.requests[slot.index()];
        *requests = requests.saturating_add(1);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.bodies[slot.index()].weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let mut random = std::mem::replace(&mut self.random, SplitMix::new());
        let sample = self.held.sample(SAMPLE, &mut random).map(|slot| self.candidate(slot));
        let victim = sample.min_by(Candidate::compare);
        self.random = random;
        let Candidate { slot, .. } = victim?;
        self.held.remove(slot);
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.held.remove(slot);
    }

    fn clear(&mut self) {
        *self = Self::new();
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    /// By value.
    fn coldest_first(&self) -> Vec<Slot> {
        let mut candidates = self.held.slots().iter().map(|slot| self.candidate(*slot)).collect::<Vec<_>>();
        candidates.sort_unstable_by(Candidate::compare);
        candidates.into_iter().map(|candidate| candidate.slot).collect()
    }

    fn check_invariants(&self) {
        for slot in self.held.check_invariants() {
            assert!(self.requests[slot.index()] > 0 && self.bodies[slot.index()].start <= self.time);
        }
    }
}
