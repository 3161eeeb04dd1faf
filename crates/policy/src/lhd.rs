//! LHD: the entry of least hit density leaves, which is the hits to expect of it over the space and time they will take.
//!
//! Entries are sorted into classes by how old they were at their last two hits. For each class and age it is counted
//! how many were hit and how many left; from that follows, once per period, what an entry of that class and age is
//! going to earn. On eviction 32 entries are drawn, and with the last eight newcomers that looked poor, the one of
//! least density per weight leaves; of equals the one not asked for the longest. One in 32 becomes an explorer and
//! stays, at most a hundredth of the capacity: of what always leaves young, one would never learn how it ages.
//!
//! Cost: hit O(1) amortised; evict 40 looks at memory that is likely far away; at the end of each period a pass over the
//! model, some 10 microseconds, at worst once per 128 requests. Metadata: 32 bytes per entry, and 70 kB. Strong on any
//! stream that stays as it is, with loops and scans in it, and where sizes differ; weak where that changes sooner than
//! it learns.
//!
//! Differs from the paper: where little was counted, what is not known is taken to be worth the less the older it is.
//! Ages are counted in buckets of an eighth octave rather than in thousands of equal ones whose width is to be tuned.
//! The first period lasts 128 requests, each next twice as long, until it is four times the entries, for the policy to
//! be of use in a cache of any size. One application only. Explorers are given up after 32 times as many requests as
//! there are entries. With 32 entries or fewer all are looked at.
//!
//! Source: Beckmann, Chen, Cidon, "LHD: improving cache hit rate by maximizing hit density", NSDI 2018.

use std::cmp::Ordering;

use crate::{Policy, Slot, held::Held, hit_density::HitDensity, slab::cover, splitmix::SplitMix};

/// Entries looked at per eviction.
const SAMPLE: usize = 32;
/// Newcomers looked at besides, however the lots fall.
const NEWCOMERS: usize = 8;
/// One entry in so many becomes an explorer.
const EXPLORER_ONE_IN: u64 = 32;
/// Explorers' share of the capacity: one part in this many.
const EXPLORER_SHARE: u64 = 100;
/// An explorer is given up after so many requests per entry.
const EXPLORER_PATIENCE: u64 = 32;
/// What the last victim adds to the average of victims' densities.
const VICTIM_SHARE: f64 = 0.1;
const FIRST_PERIOD: u64 = 128;
const PERIOD_PER_ENTRY: u64 = 4;

/// What a look at an entry needs.
#[derive(Clone, Copy, Debug, Default)]
struct Body {
    /// When it was last asked for.
    time: u64,
    weight: u64,
    /// Its age at its last hit.
    hit_age: u32,
    class: u8,
    explorer: bool,
}

#[derive(Debug)]
pub(crate) struct Lhd {
    capacity: u64,
    /// Requests so far.
    time: u64,
    held: Held,
    /// By slot.
    bodies: Vec<Body>,
    model: HitDensity,
    period: u64,
    period_end: u64,
    explorers_weight: u128,
    newcomers: [Option<Slot>; NEWCOMERS],
    newcomers_next: usize,
    victim_density: f64,
    random: SplitMix,
}

impl Lhd {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            time: 0,
            held: Held::new(),
            bodies: Vec::new(),
            model: HitDensity::new(),
            period: FIRST_PERIOD,
            period_end: FIRST_PERIOD,
            explorers_weight: 0,
            newcomers: [None; NEWCOMERS],
            newcomers_next: 0,
            victim_density: 0.0,
            random: SplitMix::new(),
        }
    }

    fn request(&mut self) {
        self.time += 1;
        if self.time >= self.period_end {
            self.model.learn();
            self.period =
                (self.period * 2).min((self.held.len() as u64 * PERIOD_PER_ENTRY).max(FIRST_PERIOD));
            self.period_end = self.time + self.period;
        }
    }

    fn density(&self, slot: Slot) -> f64 {
        let Body { time, weight, class, .. } = self.bodies[slot.index()];
        self.model.density(class, self.time - time) / weight.max(1) as f64
    }

    /// What decides between candidates: the lesser leaves. Explorers come last.
    fn candidate(&self, slot: Slot) -> Candidate {
        let Body { time, explorer, .. } = self.bodies[slot.index()];
        let exploring = explorer && self.time - time < self.held.len() as u64 * EXPLORER_PATIENCE;
        Candidate { exploring, density: self.density(slot), time, slot }
    }

    /// Makes one in 32 an explorer while there is room for more.
    fn explore(&mut self, slot: Slot) {
        self.stop_exploring(slot);
        let body = &mut self.bodies[slot.index()];
        let weight = self.explorers_weight + u128::from(body.weight);
        let room = u128::from((self.capacity / EXPLORER_SHARE).max(1));
        if self.random.below(EXPLORER_ONE_IN) == 0 && weight <= room {
            body.explorer = true;
            self.explorers_weight = weight;
        }
    }

    fn stop_exploring(&mut self, slot: Slot) {
        let body = &mut self.bodies[slot.index()];
        if std::mem::take(&mut body.explorer) {
            self.explorers_weight -= u128::from(body.weight);
        }
    }
}

struct Candidate {
    exploring: bool,
    density: f64,
    time: u64,
    slot: Slot,
}

impl Candidate {
    fn compare(&self, other: &Self) -> Ordering {
        let density = self.density.total_cmp(&other.density);
        let age = (self.time, self.slot).cmp(&(other.time, other.slot));
        self.exploring.cmp(&other.exploring).then(density).then(age)
    }
}

impl Policy for Lhd {
    fn miss(&mut self, _hash: u64, _weight: u64) {
        self.request();
    }

    fn insert(&mut self, slot: Slot, _hash: u64, weight: u64) {
        self.held.insert(slot);
        cover(&mut self.bodies, slot, Body::default());
        let body =
            Body { time: self.time, weight, hit_age: 0, class: HitDensity::NEVER_HIT, explorer: false };
        self.bodies[slot.index()] = body;
        self.explore(slot);
        if !self.bodies[slot.index()].explorer && self.density(slot) < self.victim_density {
            self.newcomers[self.newcomers_next] = Some(slot);
            self.newcomers_next = (self.newcomers_next + 1) % NEWCOMERS;
        }
    }

    fn hit(&mut self, slot: Slot) {
        self.request();
        let body = &mut self.bodies[slot.index()];
        let age = self.time - body.time;
        self.model.hit(body.class, age);
        body.class = HitDensity::class(age.saturating_add(u64::from(body.hit_age)));
        body.hit_age = u32::try_from(age).unwrap_or(u32::MAX);
        body.time = self.time;
        self.explore(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.stop_exploring(slot);
        self.bodies[slot.index()].weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let mut random = std::mem::replace(&mut self.random, SplitMix::new());
        let sample = self.held.sample(SAMPLE, &mut random).chain(self.newcomers.iter().flatten().copied());
        let victim = sample.map(|slot| self.candidate(slot)).min_by(Candidate::compare);
        self.random = random;
        let Candidate { slot, density, time, .. } = victim?;
        self.victim_density += (density - self.victim_density) * VICTIM_SHARE;
        self.model.eviction(self.bodies[slot.index()].class, self.time - time);
        self.remove(slot);
        Some(slot)
    }

    fn remove(&mut self, slot: Slot) {
        self.stop_exploring(slot);
        self.held.remove(slot);
        for newcomer in &mut self.newcomers {
            newcomer.take_if(|newcomer| *newcomer == slot);
        }
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Explorers that are too many by now remain so until they are hit, or were in vain.
    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
    }

    /// By density per weight, explorers last.
    fn coldest_first(&self) -> Vec<Slot> {
        let mut candidates = self.held.slots().iter().map(|slot| self.candidate(*slot)).collect::<Vec<_>>();
        candidates.sort_unstable_by(Candidate::compare);
        candidates.into_iter().map(|candidate| candidate.slot).collect()
    }

    fn check_invariants(&self) {
        let held = self.held.check_invariants();
        assert!(self.newcomers.iter().flatten().all(|slot| held.contains(slot)), "a newcomer is not held");
        let explorers = held.iter().map(|slot| self.bodies[slot.index()]).filter(|body| body.explorer);
        assert_eq!(self.explorers_weight, explorers.map(|body| u128::from(body.weight)).sum::<u128>());
        assert!(held.iter().all(|slot| self.bodies[slot.index()].time <= self.time));
        assert!(self.time < self.period_end && self.period >= FIRST_PERIOD);
    }
}
