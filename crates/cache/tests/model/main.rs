//! The cache against a naive twin, over both storages, with every feature that decides what is held and for how long.
//!
//! The twin keeps all that was ever written and by hand what is due: whatever the cache returns, the twin would return; and
//! where there is room for all, the cache returns whatever the twin would. The bound holds after every step, and every
//! value that came in is told to the listener once when it leaves, with the right cause.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod ops;
mod twin;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use nuthatch_cache::{Cache, Cause, Change, Cursor, ManualClock, StorageKind, Terms};
use proptest::prelude::*;

use crate::{
    ops::{Op, Shape, op, shape},
    twin::{ByWeight, Twin, Value},
};

type Told = Arc<Mutex<Vec<(u8, Value, Cause)>>>;

const TAGS: [&str; 3] = ["red", "green", "blue"];

fn terms(ttl: Option<u8>, tags: u8) -> Terms {
    let mut terms = Terms::new();
    if let Some(ttl) = ttl {
        terms = terms.ttl(Duration::from_millis(u64::from(ttl)));
    }
    for (bit, tag) in TAGS.into_iter().enumerate() {
        if tags >> bit & 1 == 1 {
            terms = terms.tag(tag);
        }
    }
    terms
}

fn build(shape: &Shape, clock: &ManualClock, told: &Told) -> Cache<u8, Value> {
    let told = Arc::clone(told);
    let listener =
        move |key: &u8, value: &Value, cause: Cause| told.lock().unwrap().push((*key, *value, cause));
    macro_rules! finish {
        ($builder:expr) => {{
            let mut builder = $builder.clock(clock.clock()).record_miss_causes().listener(listener);
            if let Some(millis) = shape.time_to_live {
                builder = builder.time_to_live(Duration::from_millis(millis));
            }
            if let Some(millis) = shape.time_to_idle {
                builder = builder.time_to_idle(Duration::from_millis(millis));
            }
            if shape.own_expiry {
                builder = builder.expiry(ByWeight);
            }
            builder.build().unwrap()
        }};
    }
    if shape.sets {
        finish!(Cache::builder().capacity(shape.capacity).storage(StorageKind::Sets))
    } else {
        finish!(
            Cache::builder()
                .weight_capacity(shape.capacity)
                .weigher(|_: &u8, value: &Value| u64::from(value.0))
                .policy(shape.policy)
                .shards(shape.shards)
        )
    }
}

fn run(shape: &Shape, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let (clock, told) = (ManualClock::new(), Told::default());
    let cache = build(shape, &clock, &told);
    let mut twin = Twin {
        shape: shape.clone(),
        now: 0,
        written: HashMap::new(),
        current: HashMap::new(),
        inside: HashMap::new(),
        pinned: HashSet::new(),
        lookups: 0,
        last: 0,
        told: HashMap::new(),
    };
    for (step, op) in ops.into_iter().enumerate() {
        match op {
            Op::Insert { key, weight, ttl, tags } => {
                let value = (weight, step);
                let known = twin.live(key);
                let old = match (ttl, tags) {
                    (None, 0) => cache.insert(key, value),
                    (Some(ttl), 0) => {
                        cache.insert_with_ttl(key, value, Duration::from_millis(u64::from(ttl)))
                    }
                    _ => cache.insert_with(key, value, &terms(ttl, tags)),
                };
                prop_assert!(old.is_none() || old == known, "{:?} replaced, {:?} known", old, known);
                twin.write(key, value, ttl, tags);
                came_in(&mut twin, &cache, key, value)?;
            }
            Op::Get(key) => {
                twin.lookups += 1;
                let found = cache.get(&key);
                twin.check(key, found)?;
                if found.is_some() {
                    twin.read(key);
                }
            }
            Op::Peek(key) => {
                twin.check(key, cache.peek(&key))?;
                prop_assert_eq!(cache.peek(&key).is_some(), cache.contains(&key));
            }
            Op::Remove(key) => {
                twin.check(key, cache.remove(&key))?;
                twin.current.remove(&key);
                prop_assert!(!cache.contains(&key));
            }
            Op::RemoveIf { key, weight } => {
                let held = cache.peek(&key);
                let removed = cache.remove_if(&key, |_, value| value.0 >= weight);
                prop_assert_eq!(removed, held.filter(|value| value.0 >= weight));
                if removed.is_some() {
                    twin.check(key, removed)?;
                    twin.current.remove(&key);
                }
            }
            Op::Load { key, weight } => {
                let mut loaded = false;
                twin.lookups += 1;
                let value = cache.get_or_insert_with(&key, || {
                    loaded = true;
                    (weight, step)
                });
                loads(&mut twin, &cache, key, value, loaded, (None, 0))?;
            }
            Op::LoadOnTerms { key, weight, ttl, tags } => {
                let mut loaded = false;
                twin.lookups += 1;
                let value = cache.get_or_insert_with_terms(&key, || {
                    loaded = true;
                    ((weight, step), terms(ttl, tags))
                });
                loads(&mut twin, &cache, key, value, loaded, (ttl, tags))?;
            }
            Op::Update { key, weight } => {
                twin.lookups += 1;
                let old = cache.update(&key, |value| std::mem::replace(value, (weight, step)));
                twin.check(key, old)?;
                if let Some(old) = old {
                    let tags = twin.written[&old.1].tags;
                    twin.write(key, (weight, step), None, tags);
                    twin.inside.remove(&old.1);
                    twin.inside.insert(step, key);
                }
            }
            Op::OrInsert { key, weight } => {
                twin.lookups += 1;
                let value = cache.entry(key).or_insert((weight, step));
                loads(&mut twin, &cache, key, value, value.1 == step, (None, 0))?;
            }
            Op::Compute { key, weight } => {
                let mut seen = None;
                twin.lookups += 1;
                let old = cache.compute(key, |held| {
                    seen = held.copied();
                    match held {
                        Some(held) if held.0 == weight => Change::Keep,
                        Some(held) if held.0 > weight => Change::Remove,
                        _ => Change::Put((weight, step)),
                    }
                });
                twin.check(key, seen)?;
                if seen.is_some() {
                    twin.read(key);
                }
                match seen {
                    Some(held) if held.0 == weight => prop_assert_eq!(old, None),
                    Some(held) if held.0 > weight => {
                        prop_assert_eq!(old, seen);
                        twin.current.remove(&key);
                    }
                    _ => {
                        prop_assert!(old.is_none() || old == seen);
                        twin.write(key, (weight, step), None, 0);
                        came_in(&mut twin, &cache, key, (weight, step))?;
                    }
                }
            }
            Op::Pin(key) => {
                if cache.pin(&key) {
                    twin.pinned.insert(key);
                }
            }
            Op::Unpin(key) => {
                cache.unpin(&key);
                twin.pinned.remove(&key);
            }
            Op::GetMany(ref keys) => {
                for (key, found) in keys.iter().zip(cache.get_many(keys)) {
                    twin.lookups += 1;
                    twin.check(*key, found)?;
                    if found.is_some() {
                        twin.read(*key);
                    }
                }
            }
            Op::Resize(capacity) => {
                // Sets made far smaller than they were built refuse some keys for good.
                let least = if shape.sets { shape.capacity / 2 } else { 0 };
                if !shape.roomy && cache.resize(u64::from(capacity).max(least)).is_ok() {
                    twin.shape.capacity = cache.capacity();
                }
            }
            Op::Advance(millis) => {
                twin.now += u64::from(millis);
                clock.advance(Duration::from_millis(u64::from(millis)));
            }
            Op::Invalidate(tag) => {
                cache.invalidate_tag(TAGS[usize::from(tag)]);
                for written in twin.written.values_mut() {
                    written.invalid |= written.tags >> tag & 1 == 1;
                }
            }
            Op::Retain(weight) => {
                cache.retain(|_, value| value.0 < weight);
                twin.current.retain(|_, number| twin.written[number].value.0 < weight);
            }
            Op::Sweep => {
                cache.sweep(u32::MAX);
                let mut held = 0;
                cache.scan(Cursor::START, usize::MAX, |_, _| held += 1);
                prop_assert_eq!(cache.len(), held, "a full sweep leaves live entries only");
            }
            Op::Clear => {
                cache.clear();
                twin.current.clear();
                prop_assert!(cache.is_empty());
            }
        }
        let departed = std::mem::take(&mut *told.lock().unwrap());
        twin.hear(&op, departed)?;
        check_whole(&twin, &cache)?;
    }
    let stats = cache.stats();
    prop_assert_eq!(stats.hits + stats.misses, twin.lookups);
    let left = |cause| twin.told.get(&cause).copied().unwrap_or(0);
    prop_assert_eq!(
        [stats.evictions, stats.expirations, stats.removals, stats.tag_invalidations, stats.replacements],
        [Cause::Size, Cause::Expired, Cause::Explicit, Cause::Tag, Cause::Replaced].map(left)
    );
    prop_assert_eq!(stats.insertions - twin.told.values().sum::<u64>(), stats.len, "{:?}", stats);
    cache.clear();
    let departed = std::mem::take(&mut *told.lock().unwrap());
    twin.hear(&Op::Clear, departed)?;
    prop_assert!(twin.inside.is_empty(), "never told: {:?}", twin.inside);
    prop_assert_eq!(cache.weight(), 0);
    Ok(())
}

/// A value was written: it is inside now, unless it is heavier than all the room there is.
fn came_in(twin: &mut Twin, cache: &Cache<u8, Value>, key: u8, value: Value) -> Result<(), TestCaseError> {
    let weight = if twin.shape.sets { 1 } else { u64::from(value.0) };
    let fits = weight <= twin.shape.capacity;
    // Where all that could leave is pinned, what comes is refused.
    if fits && twin.pinned.is_empty() {
        prop_assert_eq!(cache.contains(&key), twin.live(key).is_some(), "just written");
    }
    if cache.contains(&key) {
        prop_assert!(fits);
        twin.inside.insert(value.1, key);
    } else {
        twin.current.remove(&key);
    }
    Ok(())
}

fn loads(
    twin: &mut Twin,
    cache: &Cache<u8, Value>,
    key: u8,
    value: Value,
    loaded: bool,
    (ttl, tags): (Option<u8>, u8),
) -> Result<(), TestCaseError> {
    if loaded {
        prop_assert!(!twin.shape.roomy || twin.live(key).is_none(), "loaded, though it is there");
        twin.write(key, value, ttl, tags);
        came_in(twin, cache, key, value)
    } else {
        twin.check(key, Some(value))?;
        twin.read(key);
        Ok(())
    }
}

/// What holds after every step.
fn check_whole(twin: &Twin, cache: &Cache<u8, Value>) -> Result<(), TestCaseError> {
    let mut held = HashMap::new();
    cache.scan(Cursor::START, usize::MAX, |key, value| {
        held.insert(*key, *value);
    });
    for (key, value) in &held {
        prop_assert_eq!(twin.live(*key), Some(*value), "of key {}", key);
        prop_assert_eq!(
            twin.inside.get(&value.1),
            Some(key),
            "{:?} is there, but never came in, or left",
            value
        );
    }
    if twin.shape.roomy {
        let live = (0..40_u8).filter(|key| twin.live(*key).is_some()).count();
        prop_assert_eq!(held.len(), live);
    }
    let weight: u64 = held.values().map(|value| if twin.shape.sets { 1 } else { u64::from(value.0) }).sum();
    prop_assert!(weight <= cache.weight(), "{} live, {} counted", weight, cache.weight());
    // What is pinned stays, even where a cache is made smaller.
    if twin.pinned.is_empty() {
        prop_assert!(cache.weight() <= twin.shape.capacity, "{} of {}", cache.weight(), twin.shape.capacity);
    }
    prop_assert_eq!(twin.inside.len(), cache.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_cache_agrees_with_its_twin(shape in shape(), ops in proptest::collection::vec(op(), 1..300)) {
        run(&shape, ops)?;
    }
}
