//! Caches in miniature, and what they say of whole ones.
//!
//! A cache of a hundredth of the capacity, given the requests for a hundredth of the objects, hits about as often as the
//! whole cache given all. How small a miniature may be depends on the capacity: one that holds a handful of objects is no
//! cache any more. So small capacities get more of the objects than large ones, within a budget for all of them.
//!
//! Capacities are scaled by the part of the objects, or of their bytes, that the miniature has. A miniature that has too
//! few requests, or too many, has them mostly for want or excess of very popular objects, which hit in nearly every cache:
//! the difference to the expected number is added to the hits, as in SHARDS.
//!
//! Sources: Waldspurger et al., "Cache modeling and optimization using miniature simulations", ATC 2017; the same,
//! "Efficient MRC construction with SHARDS", FAST 2015, for the correction.

use crate::{Row, Unit, row::ratio, sample::Sample};

/// Of the work of simulating everything, a sample takes about this part, or half as much again as the asked rate if that is
/// more.
const BUDGET: f64 = 0.08;
/// Of the budget, this part goes to all capacities alike, and the rest to small ones.
const ALIKE: f64 = 0.5;
/// So many objects are enough, or as many as the asked rate gives.
const OBJECTS_ENOUGH: f64 = 4096.0;
/// A miniature that holds so many objects is large enough.
const CAPACITY_ENOUGH: f64 = 128.0;

/// In bytes it holds at least so many objects of the size that a byte is in on average, whatever the work: one that has no
/// room for what the whole cache takes says nothing of it.
const LARGE_OBJECTS_MIN: f64 = 8.0;

impl Sample {
    /// How many of the objects to take for each capacity.
    pub(crate) fn tiers(&self, capacities: &[(u64, Unit)]) -> Vec<usize> {
        let all = self.totals.objects as f64;
        let budget = BUDGET.max(1.5 * self.rate);
        let base = self.rate.max((OBJECTS_ENOUGH / all).min(budget * ALIKE));
        let parts = |enough: f64| {
            capacities.iter().map(move |(capacity, unit)| {
                let objects = match unit {
                    Unit::Objects => *capacity as f64,
                    Unit::Bytes => *capacity as f64 / self.totals.bytes as f64 * all,
                };
                base.max((enough / objects).min(1.0))
            })
        };
        let mut enough = CAPACITY_ENOUGH;
        while enough > 1.0 && parts(enough).sum::<f64>() > budget * capacities.len() as f64 {
            enough *= 0.9;
        }
        let large = self.large_object_bytes();
        let each = parts(enough).zip(capacities).map(|(part, (capacity, unit))| {
            let least = match unit {
                Unit::Objects => 0.0,
                Unit::Bytes => LARGE_OBJECTS_MIN * large / *capacity as f64,
            };
            ((part.max(least).min(1.0) * all).round() as usize).clamp(1, self.bytes.len())
        });
        each.collect()
    }

    /// The size of the object that a byte is in, on average over all bytes of the sample.
    fn large_object_bytes(&self) -> f64 {
        let before = [0].into_iter().chain(self.bytes.iter().copied());
        let squares =
            self.bytes.iter().zip(before).map(|(sum, before)| ((sum - before) as f64).powi(2)).sum::<f64>();
        squares / self.bytes.last().copied().unwrap_or(1) as f64
    }

    /// Leaves the first objects only.
    pub(crate) fn keep(&mut self, objects: usize) {
        if objects >= self.bytes.len() {
            return;
        }
        let mut stays = self.batch.accesses.iter().map(|access| (access.object as usize) < objects);
        self.batch.terms.retain(|_| stays.next().unwrap_or(false));
        self.batch.accesses.retain(|access| (access.object as usize) < objects);
    }

    /// The capacity in a miniature of so many objects.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u64")]
    pub(crate) fn shrink(&self, capacity: u64, unit: Unit, objects: usize) -> u64 {
        ((capacity as f64 * self.scale(unit, objects)).round() as u64).max(1)
    }

    /// What a row about a miniature of so many objects says of the whole, whose capacity is `capacity`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "parts of a u64, and not below 0"
    )]
    pub(crate) fn enlarge(&self, row: &mut Row, capacity: u64, objects: usize) {
        let scale = self.scale(Unit::Objects, objects);
        row.capacity = capacity;
        row.sampled = Some(self.scale(row.unit, objects));
        let expected = self.requests as f64 * scale;
        let hit_ratio = adjusted(row.hits as f64, row.requests as f64, expected);
        let (hits, requests) = ((hit_ratio * self.requests as f64).round() as u64, self.requests);
        let per_miss = (requests - hits) as f64 / (row.requests - row.hits).max(1) as f64;
        let misses = &mut row.details.misses;
        for count in [&mut misses.compulsory, &mut misses.expired, &mut misses.deleted, &mut misses.too_large]
        {
            *count = (*count as f64 * per_miss) as u64;
        }
        let others = misses.compulsory + misses.expired + misses.deleted + misses.too_large;
        misses.capacity = (requests - hits).saturating_sub(others);
        row.hits = hits;
        row.requests = requests;
        row.hit_ratio = ratio(hits, requests);
        for count in
            [&mut row.evictions, &mut row.rejections, &mut row.details.writes, &mut row.details.deletes]
        {
            *count = (*count as f64 / scale) as u64;
        }
    }

    /// The part of the trace that the first objects are.
    fn scale(&self, unit: Unit, objects: usize) -> f64 {
        match unit {
            Unit::Objects => objects as f64 / self.totals.objects as f64,
            Unit::Bytes => self.bytes[objects - 1] as f64 / self.totals.bytes as f64,
        }
    }
}

/// The hit ratio of `hits` among `requests` where `expected` requests should have come.
fn adjusted(hits: f64, requests: f64, expected: f64) -> f64 {
    if expected <= 0.0 { 0.0 } else { ((hits + expected - requests) / expected).clamp(0.0, 1.0) }
}
