//! The cache against a naive twin, over both storages, with every feature that decides what is held and for how long.
//!
//! The twin keeps all that was ever written and by hand what is due: whatever the cache returns, the twin would return; and
//! where there is room for all, the cache returns whatever the twin would. The bound holds after every step, and every
//! value that came in is told to the listener once when it leaves, with the right cause.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use nuthatch_cache::{Cache, Cause, Change, Cursor, Expiry, ManualClock, PolicyKind, StorageKind, Terms};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert { key: u8, weight: u8, ttl: Option<u8>, tags: u8 },
    Get(u8),
    Peek(u8),
    Remove(u8),
    RemoveIf { key: u8, weight: u8 },
    Load { key: u8, weight: u8 },
    LoadOnTerms { key: u8, weight: u8, ttl: Option<u8>, tags: u8 },
    Update { key: u8, weight: u8 },
    OrInsert { key: u8, weight: u8 },
    Compute { key: u8, weight: u8 },
    Pin(u8),
    Unpin(u8),
    GetMany(Vec<u8>),
    Resize(u8),
    Advance(u8),
    Invalidate(u8),
    Retain(u8),
    Sweep,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0..40_u8;
    let ttl = || proptest::option::weighted(0.3, 1..20_u8);
    let tags = || prop_oneof![2 => Just(0), 1 => 0..8_u8];
    prop_oneof![
        6 => (key(), 0..20_u8, ttl(), tags()).prop_map(|(key, weight, ttl, tags)| Op::Insert { key, weight, ttl, tags }),
        6 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::Peek),
        2 => key().prop_map(Op::Remove),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::RemoveIf { key, weight }),
        2 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::Load { key, weight }),
        2 => (key(), 0..20_u8, ttl(), tags()).prop_map(|(key, weight, ttl, tags)| Op::LoadOnTerms { key, weight, ttl, tags }),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::Update { key, weight }),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::OrInsert { key, weight }),
        1 => (key(), 0..20_u8).prop_map(|(key, weight)| Op::Compute { key, weight }),
        1 => key().prop_map(Op::Pin),
        1 => key().prop_map(Op::Unpin),
        1 => proptest::collection::vec(key(), 0..4).prop_map(Op::GetMany),
        1 => (0..100_u8).prop_map(Op::Resize),
        2 => (1..10_u8).prop_map(Op::Advance),
        1 => (0..3_u8).prop_map(Op::Invalidate),
        1 => (0..20_u8).prop_map(Op::Retain),
        1 => Just(Op::Sweep),
        1 => Just(Op::Clear),
    ]
}

/// What is built.
#[derive(Clone, Debug)]
struct Shape {
    sets: bool,
    policy: PolicyKind,
    shards: usize,
    /// Enough for all keys, so that nothing leaves to make room.
    roomy: bool,
    capacity: u64,
    time_to_live: Option<u64>,
    time_to_idle: Option<u64>,
    own_expiry: bool,
}

fn shape() -> impl Strategy<Value = Shape> {
    let policy = proptest::sample::select(PolicyKind::ALL.to_vec());
    let millis = || proptest::option::weighted(0.4, 1..30_u64);
    let bound = (any::<bool>(), 0..100_u64);
    (any::<bool>(), policy, 1..5_usize, bound, millis(), millis(), proptest::bool::weighted(0.3)).prop_map(
        |(sets, policy, shards, (roomy, capacity), time_to_live, time_to_idle, own_expiry)| {
            let capacity = if roomy { 4_000 } else { capacity };
            Shape { sets, policy, shards, roomy, capacity, time_to_live, time_to_idle, own_expiry }
        },
    )
}

/// A value: its weight, and a number that tells it from every other.
type Value = (u8, usize);
type Told = Arc<Mutex<Vec<(u8, Value, Cause)>>>;

/// Values of odd weight decide for themselves.
struct ByWeight;

fn after_create(weight: u8) -> Option<u64> {
    (weight % 2 == 1).then_some(u64::from(weight))
}

fn after_read(weight: u8) -> Option<u64> {
    (weight % 4 == 3).then_some(5)
}

impl Expiry<u8, Value> for ByWeight {
    fn after_create(&self, _: &u8, value: &Value) -> Option<Duration> {
        after_create(value.0).map(Duration::from_millis)
    }

    fn after_read(&self, _: &u8, value: &Value, _: Option<Duration>) -> Option<Duration> {
        after_read(value.0).map(Duration::from_millis)
    }
}

/// A value that was written.
#[derive(Clone, Debug)]
struct Written {
    value: Value,
    expires: Option<u64>,
    idle: Option<u64>,
    tags: u8,
    /// One of its tags was invalidated.
    invalid: bool,
}

struct Twin {
    shape: Shape,
    now: u64,
    /// All values by their number.
    written: HashMap<usize, Written>,
    /// The last value of each key that nobody removed.
    current: HashMap<u8, usize>,
    /// What came into the cache and was not told to have left.
    inside: HashMap<usize, u8>,
    pinned: HashSet<u8>,
    lookups: u64,
    /// The number of the last value written.
    last: usize,
    told: HashMap<Cause, u64>,
}

impl Twin {
    fn write(&mut self, key: u8, value: Value, ttl: Option<u8>, tags: u8) {
        let shape = &self.shape;
        let own = if shape.own_expiry { after_create(value.0) } else { None };
        let ttl = ttl.map(u64::from).or(own).or(shape.time_to_live);
        let written = Written {
            value,
            expires: ttl.map(|ttl| self.now + ttl),
            idle: shape.time_to_idle.map(|idle| self.now + idle),
            tags,
            invalid: false,
        };
        self.last = value.1;
        self.written.insert(value.1, written);
        self.current.insert(key, value.1);
    }

    fn has_passed(&self, written: &Written) -> bool {
        let passed = |deadline: Option<u64>| deadline.is_some_and(|deadline| deadline <= self.now);
        passed(written.expires) || passed(written.idle)
    }

    fn live(&self, key: u8) -> Option<Value> {
        let written = &self.written[self.current.get(&key)?];
        (!written.invalid && !self.has_passed(written)).then_some(written.value)
    }

    fn read(&mut self, key: u8) {
        let Some(number) = self.current.get(&key) else { return };
        let written = self.written.get_mut(number).unwrap();
        if self.shape.own_expiry
            && let Some(left) = after_read(written.value.0)
        {
            written.expires = Some(self.now + left);
        }
        written.idle = self.shape.time_to_idle.map(|idle| self.now + idle);
    }

    /// What was found, against what is there.
    fn check(&self, key: u8, found: Option<Value>) -> Result<(), TestCaseError> {
        if found.is_some() || self.shape.roomy {
            prop_assert_eq!(found, self.live(key), "of key {} at {}", key, self.now);
        }
        Ok(())
    }

    /// What the listener was told of in the course of `op`.
    fn hear(&mut self, op: &Op, told: Vec<(u8, Value, Cause)>) -> Result<(), TestCaseError> {
        for (key, value, cause) in told {
            prop_assert_eq!(self.inside.remove(&value.1), Some(key), "{:?} left, {:?}", value, cause);
            *self.told.entry(cause).or_default() += 1;
            let heavy = matches!(op, Op::Update { .. }) && value.1 == self.last;
            // Sets made smaller have no place for some, pinned or not.
            let shrunk = self.shape.sets && matches!(op, Op::Resize(_));
            prop_assert!(
                cause != Cause::Size || heavy || shrunk || !self.pinned.contains(&key),
                "{:?} is pinned",
                key
            );
            if cause != Cause::Replaced {
                self.pinned.remove(&key);
            }
            let written = &self.written[&value.1];
            let passed = self.has_passed(written);
            let right = match cause {
                Cause::Expired => passed,
                Cause::Tag => written.invalid,
                Cause::Size => !self.shape.roomy,
                Cause::Replaced => matches!(
                    op,
                    Op::Insert { key: other, .. } | Op::Compute { key: other, .. } if *other == key
                ),
                Cause::Explicit => matches!(
                    op,
                    Op::Remove(_)
                        | Op::RemoveIf { .. }
                        | Op::Retain(_)
                        | Op::Clear
                        | Op::Insert { .. }
                        | Op::Compute { .. }
                ),
                _ => false,
            };
            prop_assert!(right, "{:?} is no cause for {:?} at {} in {:?}", cause, written, self.now, op);
            if matches!(cause, Cause::Replaced | Cause::Size) {
                prop_assert!(
                    !written.invalid || cause == Cause::Size,
                    "{:?} is replaced, not by tag",
                    written
                );
            }
        }
        Ok(())
    }
}

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
