//! One policy at one capacity.

mod honoured;
mod keeper;

use std::{
    num::NonZeroU64,
    ops::Range,
    time::{Duration, Instant},
};

use nuthatch_policy::{Oracle, Slab, Slot};

use crate::{
    Contender, Details, Misses, Row, Timeline, Unit,
    access::{Access, Batch},
    residence::Residence,
    row::ratio,
};
use honoured::Expiries;
use keeper::Keeper;

/// A cache without values. It drives its policy as the live cache does: on a miss evict until there is room, then
/// insert.
pub(crate) struct Simulation {
    contender: Contender,
    capacity: u64,
    unit: Unit,
    keeper: Keeper,
    oracle: Option<Oracle>,
    entries: Slab<Entry>,
    /// By object; those beyond the end were never held. Against a hash table of the resident ones in each simulation, 20
    /// simulations take 10 to 50 % less CPU time (scarab_recs, arc_OLTP, arc_P3); a single one takes 15 to 90 % more,
    /// since numbering the objects is then spent on it alone.
    residences: Vec<Residence>,
    weight: u64,
    expiries: Expiries,
    counts: Counts,
    /// Kept if asked for.
    timeline: Option<Timeline>,
    time: Duration,
}

/// 24 bytes in a slab: a weight is never 0, which leaves 0 to mark free places.
struct Entry {
    weight: NonZeroU64,
    /// How many accesses there were when it came in.
    since: u64,
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
    writes: u64,
    deletes: u64,
    /// By [`Residence::absence`].
    misses: [u64; Residence::ABSENCES],
    /// Weight times accesses that entries were held for, of those that left; and of them, those that were never read.
    held: f64,
    held_unread: f64,
}

impl Simulation {
    pub(crate) fn new(contender: Contender, capacity: u64, unit: Unit) -> Self {
        let (keeper, oracle) = Keeper::new(contender, capacity);
        Self {
            contender,
            capacity,
            unit,
            keeper,
            oracle,
            entries: Slab::new(),
            residences: Vec::new(),
            weight: 0,
            expiries: Expiries::default(),
            counts: Counts::default(),
            timeline: None,
            time: Duration::ZERO,
        }
    }

    pub(crate) fn keep_timeline(&mut self) {
        self.timeline = Some(Timeline::default());
    }

    /// Takes each access in turn. A few thousand at once: enough for this simulation's state to come into the CPU's
    /// caches and stay there before the next simulation's turn.
    pub(crate) fn take_all(&mut self, batch: &Batch) {
        let start = Instant::now();
        let all = 0..batch.accesses.len();
        if let Some(mut timeline) = self.timeline.take() {
            let mut at = 0;
            while at < all.end {
                let slice = at..all.end.min(at.saturating_add(timeline.room()));
                let (requests, hits) = (self.counts.requests, self.counts.hits);
                self.take_some(batch, slice.clone());
                timeline.note(slice.len(), self.counts.requests - requests, self.counts.hits - hits);
                at = slice.end;
            }
            self.timeline = Some(timeline);
        } else {
            self.take_some(batch, all);
        }
        self.time += start.elapsed();
    }

    fn take_some(&mut self, batch: &Batch, range: Range<usize>) {
        if batch.terms.is_empty() {
            for access in &batch.accesses[range] {
                self.read(*access);
            }
        } else {
            for (access, terms) in batch.accesses[range.clone()].iter().zip(&batch.terms[range]) {
                self.obey(*access, *terms);
            }
        }
    }

    /// Returns the slot that a miss filled.
    fn read(&mut self, access: Access) -> Option<Slot> {
        self.counts.requests += 1;
        self.counts.bytes = self.counts.bytes.saturating_add(access.bytes);
        if let Some(oracle) = &self.oracle {
            oracle.tell(access.next_use);
        }
        let absence = match self.residences.get_mut(access.object as usize) {
            Some(residence) => match residence.slot() {
                Some(slot) => {
                    residence.mark_read();
                    self.counts.hits += 1;
                    self.counts.hit_bytes = self.counts.hit_bytes.saturating_add(access.bytes);
                    self.keeper.hit(slot);
                    return None;
                }
                None => *residence,
            },
            None => Residence::NEVER,
        };
        self.counts.misses[absence.absence()] += 1;
        self.fill(access)
    }

    /// Takes in an object that is not held, if it fits.
    fn fill(&mut self, access: Access) -> Option<Slot> {
        let (object, weight) = (access.object, self.weight_of(access));
        self.know(object);
        if weight.get() > self.capacity {
            self.counts.rejections += 1;
            self.residences[object as usize] = Residence::REFUSED;
            return None;
        }
        let hash = Access::hash(object);
        self.keeper.miss(hash, weight.get());
        while self.evict(self.weight > self.capacity - weight.get()) {}
        let Ok(slot) = self.entries.insert(Entry { weight, since: self.counts.accesses(), object }) else {
            unreachable!("there are no more objects than slots")
        };
        self.weight += weight.get();
        self.residences[object as usize] = Residence::held(slot);
        self.keeper.insert(slot, hash, weight.get());
        Some(slot)
    }

    /// There is a residence for `object`.
    fn know(&mut self, object: u32) {
        if self.residences.len() <= object as usize {
            self.residences.resize(object as usize + 1, Residence::NEVER);
        }
    }

    /// Lets one entry go if that is needed. `full`: it is, for the whole cache.
    fn evict(&mut self, full: bool) -> bool {
        let Some(slot) = self.keeper.evict(full) else {
            assert!(!full, "{} evicts nothing while {} units are held", self.contender, self.weight);
            return false;
        };
        self.counts.evictions += 1;
        self.detach(slot, Residence::EVICTED);
        true
    }

    /// Lets an entry go that the policy has forgotten.
    fn detach(&mut self, slot: Slot, absence: Residence) {
        let Some(entry) = self.entries.remove(slot) else {
            unreachable!("{} names a slot that holds nothing", self.contender)
        };
        self.weight = self.weight.saturating_sub(entry.weight.get());
        let residence = &mut self.residences[entry.object as usize];
        self.counts.note_held(&entry, residence.was_read());
        *residence = absence;
        self.expiries.left(slot);
    }

    fn weight_of(&self, access: Access) -> NonZeroU64 {
        match self.unit {
            Unit::Objects => NonZeroU64::MIN,
            Unit::Bytes => NonZeroU64::new(access.bytes).unwrap_or(NonZeroU64::MIN),
        }
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
            details: self.details(),
            sampled: None,
            timeline: self.timeline.clone(),
        }
    }

    fn details(&self) -> Details {
        let [compulsory, capacity, expired, deleted, too_large] = self.counts.misses;
        let mut at_end =
            Counts { held: self.counts.held, held_unread: self.counts.held_unread, ..Counts::default() };
        at_end.requests = self.counts.accesses();
        for (_, entry) in self.entries.iter() {
            at_end.note_held(entry, self.residences[entry.object as usize].was_read());
        }
        Details {
            misses: Misses { compulsory, capacity, expired, deleted, too_large },
            writes: self.counts.writes,
            deletes: self.counts.deletes,
            scan_pollution: if at_end.held > 0.0 { at_end.held_unread / at_end.held } else { 0.0 },
        }
    }
}

impl Counts {
    const fn accesses(&self) -> u64 {
        self.requests + self.writes + self.deletes
    }

    fn note_held(&mut self, entry: &Entry, read: bool) {
        let held = entry.weight.get() as f64 * (self.accesses() - entry.since) as f64;
        self.held += held;
        if !read {
            self.held_unread += held;
        }
    }
}
