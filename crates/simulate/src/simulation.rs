//! One policy at one capacity.

use std::{
    num::NonZeroU64,
    time::{Duration, Instant},
};

use nuthatch_policy::{Oracle, Policy, Slab, Slot};

use crate::{Contender, Row, Timeline, Unit, access::Access, residence::Residence};

/// A cache without values. It drives its policy as the live cache does: on a miss evict until there is room, then
/// insert.
pub(crate) struct Simulation {
    contender: Contender,
    capacity: u64,
    unit: Unit,
    policy: Box<dyn Policy>,
    oracle: Option<Oracle>,
    entries: Slab<Entry>,
    /// By object; those beyond the end were never held. Against a hash table of the resident ones in each simulation, 20
    /// simulations take 10 to 50 % less CPU time (scarab_recs, arc_OLTP, arc_P3); a single one takes 15 to 90 % more,
    /// since numbering the objects is then spent on it alone.
    residences: Vec<Residence>,
    weight: u64,
    counts: Counts,
    /// Kept if asked for.
    timeline: Option<Timeline>,
    time: Duration,
}

/// 16 bytes in a slab: a weight is never 0, which leaves 0 to mark free places.
struct Entry {
    weight: NonZeroU64,
    object: u32,
}

#[derive(Default)]
struct Counts {
    requests: u64,
    hits: u64,
    bytes: u64,
    hit_bytes: u64,
    evictions: u64,
    rejections: u64,
}

impl Simulation {
    pub(crate) fn new(contender: Contender, capacity: u64, unit: Unit) -> Self {
        let (policy, oracle) = contender.build(capacity);
        Self {
            contender,
            capacity,
            unit,
            policy,
            oracle,
            entries: Slab::new(),
            residences: Vec::new(),
            weight: 0,
            counts: Counts::default(),
            timeline: None,
            time: Duration::ZERO,
        }
    }

    pub(crate) fn keep_timeline(&mut self) {
        self.timeline = Some(Timeline::default());
    }

    /// Reads each object in turn. A few thousand at once: enough for this simulation's state to come into the CPU's
    /// caches and stay there before the next simulation's turn.
    pub(crate) fn read_all(&mut self, batch: &[Access]) {
        let start = Instant::now();
        if let Some(mut timeline) = self.timeline.take() {
            let mut rest = batch;
            while !rest.is_empty() {
                let (slice, later) = rest.split_at(timeline.room().min(rest.len()));
                let (requests, hits) = (self.counts.requests, self.counts.hits);
                self.read_each(slice);
                timeline.note(slice.len(), self.counts.requests - requests, self.counts.hits - hits);
                rest = later;
            }
            self.timeline = Some(timeline);
        } else {
            self.read_each(batch);
        }
        self.time += start.elapsed();
    }

    fn read_each(&mut self, accesses: &[Access]) {
        for access in accesses {
            self.read(*access);
        }
    }

    fn read(&mut self, access: Access) {
        self.counts.requests += 1;
        self.counts.bytes = self.counts.bytes.saturating_add(access.bytes);
        if let Some(oracle) = &self.oracle {
            oracle.tell(access.next_use);
        }
        let residence = self.residences.get(access.object as usize);
        if let Some(slot) = residence.and_then(|residence| residence.slot()) {
            self.counts.hits += 1;
            self.counts.hit_bytes = self.counts.hit_bytes.saturating_add(access.bytes);
            self.policy.hit(slot);
        } else {
            self.fill(access);
        }
    }

    fn fill(&mut self, Access { object, bytes, .. }: Access) {
        let weight = match self.unit {
            Unit::Objects => NonZeroU64::MIN,
            Unit::Bytes => NonZeroU64::new(bytes).unwrap_or(NonZeroU64::MIN),
        };
        if weight.get() > self.capacity {
            self.counts.rejections += 1;
            return;
        }
        let hash = Access::hash(object);
        self.policy.miss(hash, weight.get());
        while self.weight > self.capacity - weight.get() {
            self.evict();
        }
        let Ok(slot) = self.entries.insert(Entry { weight, object }) else {
            unreachable!("there are no more objects than slots")
        };
        self.weight += weight.get();
        if self.residences.len() <= object as usize {
            self.residences.resize(object as usize + 1, Residence::NEVER);
        }
        self.residences[object as usize] = Residence::held(slot);
        self.policy.insert(slot, hash, weight.get());
    }

    fn evict(&mut self) {
        let victim = self.policy.evict().and_then(|slot: Slot| self.entries.remove(slot));
        let Some(entry) = victim else {
            unreachable!("{} evicts nothing while {} units are held", self.contender, self.weight)
        };
        self.weight -= entry.weight.get();
        self.residences[entry.object as usize] = Residence::EVICTED;
        self.counts.evictions += 1;
    }

    pub(crate) fn row(&self, trace: &str) -> Row {
        Row {
            trace: trace.to_owned(),
            policy: self.contender.name(),
            capacity: self.capacity,
            unit: self.unit,
            requests: self.counts.requests,
            hits: self.counts.hits,
            hit_ratio: ratio(self.counts.hits, self.counts.requests),
            byte_hit_ratio: (self.unit == Unit::Bytes)
                .then(|| ratio(self.counts.hit_bytes, self.counts.bytes)),
            evictions: self.counts.evictions,
            seconds: self.time.as_secs_f64(),
            rejections: self.counts.rejections,
            timeline: self.timeline.clone(),
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
