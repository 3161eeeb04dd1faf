//! A restored cache is as good as one that went on.
#![cfg(feature = "snapshot")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::hash::{BuildHasher, DefaultHasher, Hasher};

use nuthatch_cache::{Cache, PolicyKind, StorageKind};

const KEYS: usize = 100_000;
const CAPACITY: u64 = 10_000;
const WARMING: usize = 300_000;

/// Keys, the first the most popular by Zipf's law with exponent 0.9, drawn from a seed.
fn zipf(seed: u64) -> impl Iterator<Item = u64> {
    let mut sum = 0.0;
    let shares: Vec<f64> = (1..=KEYS)
        .map(|rank| {
            sum += (rank as f64).powf(-0.9);
            sum
        })
        .collect();
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = (state >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        shares.partition_point(|share| *share < draw) as u64
    })
}

/// Other caches hash otherwise, and so they do after a restart.
#[derive(Clone, Copy)]
struct Seeded(u64);

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

/// The hit ratio in percent.
fn hits(cache: &Cache<u64, u64, Seeded>, keys: &[u64]) -> f64 {
    let hit = |key: &&u64| {
        let hit = cache.get(*key).is_some();
        if !hit {
            cache.insert(**key, **key);
        }
        hit
    };
    keys.iter().filter(hit).count() as f64 / keys.len() as f64 * 100.0
}

/// A restored cache loses at most `points` of the hit ratio of the `next` requests.
fn compare(name: &str, next: usize, points: f64, build: impl Fn(Seeded) -> Cache<u64, u64, Seeded>) {
    let keys: Vec<u64> = zipf(7).take(WARMING + next).collect();
    let (before, after) = keys.split_at(WARMING);
    let (went_on, cold, warm) = (build(Seeded(1)), build(Seeded(2)), build(Seeded(3)));
    hits(&went_on, before);
    let mut bytes = Vec::new();
    went_on.snapshot(&mut bytes, |key, _, out| out.extend_from_slice(&key.to_le_bytes())).unwrap();
    let restored = warm.restore(&mut &bytes[..], |bytes| {
        let key = u64::from_le_bytes(bytes.try_into().ok()?);
        Some((key, key))
    });
    assert!(restored.unwrap().entries > went_on.len() as u64 * 9 / 10);
    let (went_on, warm, cold) = (hits(&went_on, after), hits(&warm, after), hits(&cold, after));
    let figures = format!("{name}, next {next}: {went_on:.2} % went on, {warm:.2} % warm, {cold:.2} % cold");
    assert!(warm > went_on - points, "{figures}");
    assert!(next > 10_000 || warm > cold + 15.0, "{figures}");
}

#[test]
fn sets_go_on_as_they_were() {
    for next in [10_000, 100_000] {
        compare("sets", next, 1.0, |hasher| {
            Cache::builder().capacity(CAPACITY).storage(StorageKind::Sets).hasher(hasher).build().unwrap()
        });
    }
}

fn compare_exact(policy: PolicyKind, shards: usize, next: usize, points: f64) {
    compare(&format!("{policy} in {shards}"), next, points, |hasher| {
        let builder = Cache::builder().capacity(CAPACITY).storage(StorageKind::Exact).hasher(hasher);
        builder.policy(policy).shards(shards).build().unwrap()
    });
}

#[test]
fn exact_storage_goes_on_as_it_was() {
    use PolicyKind::{Arc, Auto, Car, Clock, Lfu, Lirs, Lru, Sieve, Slru, WTinyLfu};
    for policy in [Auto, Lru, Sieve, Clock, Lfu, Slru, Arc, Car, Lirs, WTinyLfu] {
        compare_exact(policy, 1, 10_000, 1.0);
        compare_exact(policy, 8, 10_000, 1.0);
    }
    for policy in [Auto, Lru, Sieve, Lfu, Arc, WTinyLfu] {
        compare_exact(policy, 1, 100_000, 1.0);
    }
}

/// The times of the last two reads, and a queue that is entered from the ghosts alone, cannot be told to a policy.
#[test]
fn policies_that_go_by_more_than_order_and_hits_lose_more() {
    compare_exact(PolicyKind::LruK, 1, 10_000, 1.5);
    compare_exact(PolicyKind::TwoQ, 1, 10_000, 2.5);
    compare_exact(PolicyKind::TwoQ, 1, 100_000, 6.0);
}
