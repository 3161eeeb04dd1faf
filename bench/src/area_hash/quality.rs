//! How evenly hashes of similar keys fall: an uneven shard is a slow shard, an uneven table a long probe.

use std::hash::BuildHasher;

use crate::{
    area_hash::function::HashFunction,
    effort::Effort,
    report::{Better, Measure, Report},
};

const BUCKETS: usize = 1 << 14;
const KEYS: u32 = 1 << 20;

/// Which bits of a hash choose the bucket: the lowest as in a table, the middle as for our shards, the highest as for
/// the tags of a table.
const SHIFTS: [(&str, u32); 3] = [("low", 0), ("middle", 32), ("high", 50)];

pub(crate) fn measure(functions: &[HashFunction], effort: Effort, report: &mut Report) {
    for (bits, shift) in SHIFTS {
        let name = format!("unevenness-{bits}-bits");
        if !report.wants(&name) {
            continue;
        }
        let mut samples = functions.iter().map(HashFunction::sample).collect::<Vec<_>>();
        for _ in 0..effort.rounds {
            for (function, sample) in functions.iter().zip(&mut samples) {
                sample.rounds.push((function.unevenness)(shift));
            }
        }
        report.add(&Measure { name, unit: "x random", better: Better::Lower, samples });
    }
}

/// The variance of the number of keys per bucket, in units of what it would be if keys fell at random, of the worst of
/// four families of keys: about 1 for a good function. More even than chance counts as 1: it gains nothing.
///
/// This is the bare function. Our cache folds every hash once more before it takes bits from it.
pub(crate) fn unevenness<H: BuildHasher + Default>(shift: u32) -> f64 {
    let hasher = H::default();
    let number = |step: u32| unevenness_of(shift, |index| hasher.hash_one(u64::from(index) << step));
    let text = unevenness_of(shift, |index| hasher.hash_one(format!("user:{index:08}")));
    // Counters, addresses, and numbers whose low half says nothing.
    [number(0), number(12), number(32), text].into_iter().fold(1.0, f64::max)
}

fn unevenness_of(shift: u32, hash: impl Fn(u32) -> u64) -> f64 {
    let mut buckets = vec![0_u32; BUCKETS];
    for index in 0..KEYS {
        #[expect(clippy::cast_possible_truncation, reason = "taken modulo the number of buckets anyway")]
        let bucket = (hash(index) >> shift) as usize % BUCKETS;
        buckets[bucket] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let (mean, degrees_of_freedom) = (f64::from(KEYS) / BUCKETS as f64, (BUCKETS - 1) as f64);
    let squares = buckets.into_iter().map(|keys| (f64::from(keys) - mean).powi(2) / mean);
    squares.sum::<f64>() / degrees_of_freedom
}
