//! LRU at every capacity in one pass, by stack distances.

use std::time::{Duration, Instant};

use nuthatch_policy::PolicyKind;

use crate::{Contender, Details, Misses, Row, Unit, access::Batch, row::ratio, stack::Stack};

/// All the LRU caches of one replay that count the same. Equal to simulating each of them, to the hit, where no object is
/// larger than the smallest of them.
pub(crate) struct LruCurve {
    unit: Unit,
    /// Ascending.
    capacities: Vec<u64>,
    /// Of each, which of the replay's capacities it is.
    places: Vec<usize>,
    stack: Stack,
    objects: u64,
    requests: u64,
    bytes: u64,
    /// By capacity: the hits that the next smaller one misses, and their bytes.
    hits: Vec<u64>,
    hit_bytes: Vec<u64>,
    time: Duration,
}

impl LruCurve {
    /// So many capacities are cheaper to tell from distances than to simulate each.
    pub(crate) const CAPACITIES_MIN: usize = 4;

    /// Capacities, each with its place among those of the replay.
    pub(crate) fn new(mut placed: Vec<(u64, usize)>, unit: Unit) -> Self {
        placed.sort_unstable();
        let (capacities, places) = placed.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let none = vec![0; capacities.len()];
        Self {
            unit,
            capacities,
            places,
            stack: Stack::new(unit == Unit::Bytes),
            objects: 0,
            requests: 0,
            bytes: 0,
            hits: none.clone(),
            hit_bytes: none,
            time: Duration::ZERO,
        }
    }

    pub(crate) fn take_all(&mut self, batch: &Batch) {
        let start = Instant::now();
        for access in &batch.accesses {
            self.requests += 1;
            self.bytes = self.bytes.saturating_add(access.bytes);
            let Some(distance) = self.stack.read(*access) else {
                self.objects += 1;
                continue;
            };
            let least = match self.unit {
                Unit::Objects => distance.objects,
                Unit::Bytes => distance.bytes,
            };
            let place = self.capacities.partition_point(|capacity| *capacity < least);
            if let Some(hits) = self.hits.get_mut(place) {
                *hits += 1;
                self.hit_bytes[place] = self.hit_bytes[place].saturating_add(access.bytes);
            }
        }
        self.time += start.elapsed();
    }

    /// One row per capacity, with its place.
    pub(crate) fn rows(&self, trace: &str) -> Vec<(usize, Row)> {
        let held = self.held();
        let (mut hits, mut hit_bytes) = (0, 0_u64);
        let each = self.capacities.iter().enumerate().map(|(place, capacity)| {
            hits += self.hits[place];
            hit_bytes = hit_bytes.saturating_add(self.hit_bytes[place]);
            let misses = self.requests - hits;
            let row = Row {
                trace: trace.to_owned(),
                policy: Contender::Online(PolicyKind::Lru).name(),
                capacity: *capacity,
                unit: self.unit,
                requests: self.requests,
                hits,
                hit_ratio: ratio(hits, self.requests),
                byte_hit_ratio: (self.unit == Unit::Bytes).then(|| ratio(hit_bytes, self.bytes)),
                // What came in has left, but for what is still there.
                evictions: misses - held[place],
                seconds: self.time.as_secs_f64() / self.capacities.len() as f64,
                rejections: 0,
                details: Details {
                    misses: Misses {
                        compulsory: self.objects,
                        capacity: misses - self.objects,
                        ..Misses::default()
                    },
                    ..Details::default()
                },
                timeline: None,
                sampled: None,
            };
            (self.places[place], row)
        });
        each.collect()
    }

    /// By capacity: how many objects are held now.
    fn held(&self) -> Vec<u64> {
        let mut held = vec![0; self.capacities.len()];
        let mut place = 0;
        for sum in self.stack.descend() {
            let least = match self.unit {
                Unit::Objects => sum.objects,
                Unit::Bytes => sum.bytes,
            };
            while self.capacities.get(place).is_some_and(|capacity| *capacity < least) {
                place += 1;
            }
            // Larger ones hold this object as well; smaller ones have ended.
            held[place..].iter_mut().for_each(|held| *held = sum.objects);
            if place == held.len() {
                break;
            }
        }
        held
    }
}
