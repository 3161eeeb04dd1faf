//! One policy at one capacity.

use std::time::{Duration, Instant};

use nuthatch_policy::{Policy, PolicyKind, Slab, Slot};

use crate::{Row, Unit, access::Access, objects::Objects};

/// A cache without values. It drives its policy as the live cache does: on a miss evict until there is room, then
/// insert.
pub(crate) struct Simulation {
    kind: PolicyKind,
    capacity: u64,
    unit: Unit,
    policy: Box<dyn Policy>,
    entries: Slab<Entry>,
    /// By object: its slot if it is resident, else [`Objects::NONE`]. Against a hash table of the resident ones in each
    /// simulation, 20 simulations take 10 to 50 % less CPU time (scarab_recs, arc_OLTP, arc_P3); a single one takes 15
    /// to 90 % more, since numbering the objects is then spent on it alone.
    slots: Vec<u32>,
    weight: u64,
    counts: Counts,
    time: Duration,
}

struct Entry {
    object: u32,
    weight: u64,
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
    pub(crate) fn new(kind: PolicyKind, capacity: u64, unit: Unit) -> Self {
        Self {
            kind,
            capacity,
            unit,
            policy: kind.build(capacity),
            entries: Slab::new(),
            slots: Vec::new(),
            weight: 0,
            counts: Counts::default(),
            time: Duration::ZERO,
        }
    }

    /// Reads each object in turn. A few thousand at once: enough for this simulation's state to come into the CPU's
    /// caches and stay there before the next simulation's turn.
    pub(crate) fn read_all(&mut self, batch: &[Access]) {
        let start = Instant::now();
        for access in batch {
            self.read(*access);
        }
        self.time += start.elapsed();
    }

    fn read(&mut self, Access { object, hash, bytes }: Access) {
        self.counts.requests += 1;
        self.counts.bytes = self.counts.bytes.saturating_add(bytes);
        let slot = self.slots.get(object as usize).copied().unwrap_or(Objects::NONE);
        if slot == Objects::NONE {
            let weight = match self.unit {
                Unit::Objects => 1,
                Unit::Bytes => bytes,
            };
            self.fill(object, hash, weight);
        } else {
            self.counts.hits += 1;
            self.counts.hit_bytes = self.counts.hit_bytes.saturating_add(bytes);
            self.policy.hit(Slot(slot));
        }
    }

    fn fill(&mut self, object: u32, hash: u64, weight: u64) {
        if weight > self.capacity {
            self.counts.rejections += 1;
            return;
        }
        self.policy.miss(hash, weight);
        while self.weight > self.capacity - weight {
            self.evict();
        }
        let Ok(slot) = self.entries.insert(Entry { object, weight }) else {
            unreachable!("there are no more objects than slots")
        };
        self.weight += weight;
        if self.slots.len() <= object as usize {
            self.slots.resize(object as usize + 1, Objects::NONE);
        }
        self.slots[object as usize] = slot.0;
        self.policy.insert(slot, hash, weight);
    }

    fn evict(&mut self) {
        let victim = self.policy.evict().and_then(|slot| self.entries.remove(slot));
        let Some(entry) = victim else {
            unreachable!("{} evicts nothing while {} units are held", self.kind, self.weight)
        };
        self.weight -= entry.weight;
        self.slots[entry.object as usize] = Objects::NONE;
        self.counts.evictions += 1;
    }

    pub(crate) fn row(&self, trace: &str) -> Row {
        Row {
            trace: trace.to_owned(),
            policy: self.kind.name(),
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
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
