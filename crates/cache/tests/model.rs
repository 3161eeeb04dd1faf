//! The cache against a naive twin that keeps everything: whatever the cache returns, the twin would return, and the
//! bound holds after every step.

use std::{collections::HashMap, time::Duration};

use nuthatch_cache::{Cache, ManualClock, PolicyKind};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert { key: u8, weight: u8, ttl: Option<u8> },
    Get(u8),
    Remove(u8),
    Load { key: u8, weight: u8 },
    Advance(u8),
    Sweep,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<u8>(), 0..20_u8, proptest::option::weighted(0.3, 1..20_u8))
            .prop_map(|(key, weight, ttl)| Op::Insert { key: key % 40, weight, ttl }),
        6 => any::<u8>().prop_map(|key| Op::Get(key % 40)),
        2 => any::<u8>().prop_map(|key| Op::Remove(key % 40)),
        3 => (any::<u8>(), 0..20_u8).prop_map(|(key, weight)| Op::Load { key: key % 40, weight }),
        1 => (1..10_u8).prop_map(Op::Advance),
        1 => Just(Op::Sweep),
        1 => Just(Op::Clear),
    ]
}

/// A value: its weight, and a number that tells it from every other.
type Value = (u8, usize);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_hit_returns_the_last_value_written_and_the_bound_holds(
        policy in proptest::sample::select(PolicyKind::ALL.to_vec()),
        capacity in 0..100_u64,
        shards in 1..5_usize,
        ops in proptest::collection::vec(op(), 1..300),
    ) {
        let clock = ManualClock::new();
        let cache: Cache<u8, Value> = Cache::builder()
            .weight_capacity(capacity)
            .weigher(|_: &u8, value: &Value| u64::from(value.0))
            .policy(policy)
            .shards(shards)
            .clock(clock.clock())
            .build().unwrap();
        let mut twin: HashMap<u8, (Value, Option<u64>)> = HashMap::new();
        let mut now = 0;
        for (step, op) in ops.into_iter().enumerate() {
            match op {
                Op::Insert { key, weight, ttl } => {
                    let value = (weight, step);
                    let old = match ttl {
                        None => cache.insert(key, value),
                        Some(ttl) => cache.insert_with_ttl(key, value, Duration::from_secs(u64::from(ttl))),
                    };
                    let known = twin.insert(key, (value, ttl.map(|ttl| now + u64::from(ttl))));
                    if let Some(old) = old {
                        prop_assert_eq!(Some(old), live(known, now));
                    }
                    prop_assert_eq!(cache.contains(&key), u64::from(weight) <= capacity, "just inserted");
                }
                Op::Get(key) => {
                    if let Some(value) = cache.get(&key) {
                        prop_assert_eq!(Some(value), live(twin.get(&key).copied(), now));
                    }
                }
                Op::Remove(key) => {
                    let removed = cache.remove(&key);
                    let known = live(twin.remove(&key), now);
                    prop_assert!(removed.is_none() || removed == known);
                    prop_assert_eq!(cache.get(&key), None);
                }
                Op::Load { key, weight } => {
                    let mut loaded = false;
                    let value = cache.get_or_insert_with(&key, || { loaded = true; (weight, step) });
                    if loaded {
                        prop_assert_eq!(value, (weight, step));
                        twin.insert(key, (value, None));
                    } else {
                        prop_assert_eq!(Some(value), live(twin.get(&key).copied(), now));
                    }
                }
                Op::Advance(seconds) => {
                    now += u64::from(seconds);
                    clock.advance(Duration::from_secs(u64::from(seconds)));
                }
                Op::Sweep => {
                    cache.sweep(u32::MAX);
                    let mut held = 0;
                    cache.scan(nuthatch_cache::Cursor::START, usize::MAX, |_, _| held += 1);
                    prop_assert_eq!(cache.len(), held, "a full sweep leaves live entries only");
                }
                Op::Clear => {
                    cache.clear();
                    prop_assert!(cache.is_empty());
                }
            }
            let mut weight = 0;
            cache.scan(nuthatch_cache::Cursor::START, usize::MAX, |_, value| weight += u64::from(value.0));
            prop_assert!(weight <= cache.weight(), "{weight} live, {} counted", cache.weight());
            prop_assert!(cache.weight() <= capacity, "{} of {capacity}", cache.weight());
        }
        cache.clear();
        prop_assert_eq!(cache.weight(), 0);
    }
}

fn live(known: Option<(Value, Option<u64>)>, now: u64) -> Option<Value> {
    known.filter(|(_, deadline)| deadline.is_none_or(|deadline| now < deadline)).map(|(value, _)| value)
}
