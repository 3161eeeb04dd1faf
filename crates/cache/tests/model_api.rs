//! Every operation on entries against a naive twin, over both storages, for types that are copied and types that own memory.
//!
//! The twin is a map of what was written last. It cannot say who leaves to make room, so after each step it forgets what
//! the cache does not hold any more; what it has forgotten must never come back. `tests/model.rs` has times and tags.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, fmt::Debug, hash::Hash};

use nuthatch_cache::{Cache, Change, PolicyKind, StorageKind, Terms};
use proptest::prelude::*;

const KEYS: u8 = 48;

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    GetRef(u8),
    GetMany(Vec<u8>),
    Insert(u8, u16),
    InsertPinned(u8, u16),
    InsertMany(Vec<(u8, u16)>),
    Modify(u8, u16),
    EntryInsert(u8, u16),
    EntryRemove(u8),
    Compute(u8, u16),
    Update(u8, u16),
    GetMut(u8, u16),
    Load(u8, u16),
    Remove(u8),
    RemoveIf(u8, u16),
    Pin(u8),
    Unpin(u8),
    Retain(u8),
    Resize(u16),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0..KEYS;
    let pair = || (0..KEYS, any::<u16>());
    let many = || proptest::collection::vec(pair(), 0..40);
    prop_oneof![
        6 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::GetRef),
        1 => proptest::collection::vec(key(), 0..40).prop_map(Op::GetMany),
        8 => pair().prop_map(|(key, value)| Op::Insert(key, value)),
        1 => pair().prop_map(|(key, value)| Op::InsertPinned(key, value)),
        1 => many().prop_map(Op::InsertMany),
        4 => pair().prop_map(|(key, value)| Op::Modify(key, value)),
        2 => pair().prop_map(|(key, value)| Op::EntryInsert(key, value)),
        1 => key().prop_map(Op::EntryRemove),
        4 => pair().prop_map(|(key, value)| Op::Compute(key, value)),
        2 => pair().prop_map(|(key, value)| Op::Update(key, value)),
        2 => pair().prop_map(|(key, value)| Op::GetMut(key, value)),
        2 => pair().prop_map(|(key, value)| Op::Load(key, value)),
        2 => key().prop_map(Op::Remove),
        1 => pair().prop_map(|(key, value)| Op::RemoveIf(key, value)),
        1 => key().prop_map(Op::Pin),
        2 => key().prop_map(Op::Unpin),
        1 => (2..5_u8).prop_map(Op::Retain),
        1 => (0..60_u16).prop_map(Op::Resize),
        1 => Just(Op::Clear),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Exact { policy: PolicyKind, shards: usize, weighed: bool },
    Sets,
}

fn shape() -> impl Strategy<Value = Shape> {
    let policy = proptest::sample::select(PolicyKind::ALL.to_vec());
    let exact = (policy, 1..5_usize, any::<bool>());
    prop_oneof![
        exact.prop_map(|(policy, shards, weighed)| Shape::Exact { policy, shards, weighed }),
        Just(Shape::Sets),
    ]
}

/// Values that are read without a lock where that can be, and such that own memory.
trait Datum: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    fn of(number: u16) -> Self;
    fn number(&self) -> u16;
}

impl Datum for u64 {
    fn of(number: u16) -> Self {
        number.into()
    }
    fn number(&self) -> u16 {
        *self as u16
    }
}

impl Datum for String {
    fn of(number: u16) -> Self {
        number.to_string()
    }
    fn number(&self) -> u16 {
        self.parse().unwrap()
    }
}

struct Model<T> {
    shape: Shape,
    cache: Cache<T, T>,
    /// What was written last and, for all that was seen after the last step, is held; and whether it is pinned.
    held: BTreeMap<u8, (u16, bool)>,
    lookups: u64,
}

const fn weight(value: u16) -> u64 {
    (value % 5) as u64
}

impl<T: Datum> Model<T> {
    fn new(shape: Shape, capacity: u64) -> Self {
        let cache = match shape {
            Shape::Exact { policy, shards, weighed: true } => Cache::builder()
                .weight_capacity(capacity)
                .weigher(|_: &T, value: &T| weight(value.number()))
                .policy(policy)
                .shards(shards)
                .build(),
            Shape::Exact { policy, shards, weighed: false } => {
                Cache::builder().capacity(capacity).policy(policy).shards(shards).build()
            }
            Shape::Sets => Cache::builder().capacity(capacity).storage(StorageKind::Sets).build(),
        };
        Self { shape, cache: cache.unwrap(), held: BTreeMap::new(), lookups: 0 }
    }

    const fn is_weighed(&self) -> bool {
        matches!(self.shape, Shape::Exact { weighed: true, .. })
    }

    fn weight(&self, value: u16) -> u64 {
        if self.is_weighed() { weight(value) } else { 1 }
    }

    fn value(&self, key: u8) -> Option<u16> {
        self.held.get(&key).map(|(value, _)| *value)
    }

    fn write(&mut self, key: u8, value: u16) {
        let pinned = self.held.get(&key).is_some_and(|(_, pinned)| *pinned);
        self.held.insert(key, (value, pinned));
    }

    /// Does the operation on both, and compares what it says of the key.
    fn step(&mut self, op: &Op) -> Result<(), TestCaseError> {
        let (of, before) = (|key: u8| T::of(key.into()), self.held.clone());
        let known = |key: u8| before.get(&key).map(|(value, _)| *value);
        let number = |value: Option<T>| value.map(|value| value.number());
        match *op {
            Op::Get(key) => {
                self.lookups += 1;
                prop_assert_eq!(number(self.cache.get(&of(key))), known(key));
            }
            Op::GetRef(key) => {
                self.lookups += 1;
                prop_assert_eq!(self.cache.get_ref(&of(key)).map(|value| value.number()), known(key));
            }
            Op::GetMany(ref keys) => {
                self.lookups += keys.len() as u64;
                let keys: Vec<T> = keys.iter().map(|key| of(*key)).collect();
                let many: Vec<_> = self.cache.get_many(&keys).into_iter().map(number).collect();
                let each: Vec<_> = keys.iter().map(|key| known(key.number() as u8)).collect();
                prop_assert_eq!(many, each);
            }
            Op::Insert(key, value) => {
                let old = number(self.cache.insert(of(key), T::of(value)));
                // A heavier value may have to make room for itself: the old entry left before, and is not replaced.
                let same = old == known(key);
                prop_assert!(same || (self.is_weighed() && old.is_none()), "{:?} of {:?}", old, known(key));
                self.write(key, value);
            }
            Op::InsertPinned(key, value) => {
                let old = self.cache.insert_with(of(key), T::of(value), &Terms::new().pinned());
                let same = number(old.clone()) == known(key);
                prop_assert!(same || (self.is_weighed() && old.is_none()), "{:?} of {:?}", old, known(key));
                self.write(key, value);
                let pinned = self.cache.is_pinned(&of(key));
                self.held.insert(key, (value, pinned));
            }
            Op::InsertMany(ref pairs) => {
                for (key, value) in pairs {
                    self.step(&Op::Insert(*key, *value))?;
                    self.forget();
                }
            }
            Op::Modify(key, value) => {
                self.lookups += 1;
                let change = |held: &mut T| *held = T::of(value);
                let now = self.cache.entry(of(key)).and_modify(change).or_insert(T::of(value));
                prop_assert_eq!(now.number(), value);
                self.write(key, value);
            }
            Op::EntryInsert(key, value) => {
                self.lookups += 1;
                let entry = self.cache.entry(of(key));
                prop_assert_eq!(entry.get().map(Datum::number), known(key));
                let old = number(entry.insert(T::of(value)));
                let same = old == known(key);
                prop_assert!(same || (self.is_weighed() && old.is_none()), "{:?} of {:?}", old, known(key));
                self.write(key, value);
            }
            Op::EntryRemove(key) => {
                self.lookups += 1;
                prop_assert_eq!(number(self.cache.entry(of(key)).remove()), known(key));
                self.held.remove(&key);
            }
            Op::Compute(key, value) => {
                self.lookups += 1;
                let mut seen = None;
                let change = match value % 3 {
                    0 => Change::Keep,
                    1 => Change::Remove,
                    _ => Change::Put(T::of(value)),
                };
                let old = self.cache.compute(of(key), |held| {
                    seen = held.map(Datum::number);
                    change.clone()
                });
                prop_assert_eq!(seen, known(key));
                let expected = if change == Change::Keep { None } else { known(key) };
                let lighter = self.is_weighed() && matches!(change, Change::Put(_)) && old.is_none();
                prop_assert!(number(old.clone()) == expected || lighter, "{:?} of {:?}", old, expected);
                match change {
                    Change::Keep => {}
                    Change::Remove => drop(self.held.remove(&key)),
                    Change::Put(_) => self.write(key, value),
                }
            }
            Op::Update(key, value) => {
                self.lookups += 1;
                let old = self.cache.update(&of(key), |held| std::mem::replace(held, T::of(value)));
                prop_assert_eq!(number(old), known(key));
                known(key).into_iter().for_each(|_| self.write(key, value));
            }
            Op::GetMut(key, value) => {
                self.lookups += 1;
                if let Some(mut held) = self.cache.get_mut(&of(key)) {
                    prop_assert_eq!(Some(held.number()), known(key));
                    *held = T::of(value);
                }
                known(key).into_iter().for_each(|_| self.write(key, value));
            }
            Op::Load(key, value) => {
                self.lookups += 1;
                let loaded = self.cache.get_or_insert_with(&of(key), || T::of(value)).number();
                prop_assert_eq!(loaded, known(key).unwrap_or(value));
                self.write(key, loaded);
            }
            Op::Remove(key) => {
                prop_assert_eq!(number(self.cache.remove(&of(key))), known(key));
                self.held.remove(&key);
            }
            Op::RemoveIf(key, least) => {
                let removed = self.cache.remove_if(&of(key), |_, value| value.number() >= least);
                prop_assert_eq!(number(removed), known(key).filter(|value| *value >= least));
                self.held.retain(|held, (value, _)| *held != key || *value < least);
            }
            Op::Pin(key) | Op::Unpin(key) => {
                let pin = matches!(op, Op::Pin(_));
                let found = if pin { self.cache.pin(&of(key)) } else { self.cache.unpin(&of(key)) };
                prop_assert_eq!(found, known(key).is_some());
                if let Some((_, pinned)) = self.held.get_mut(&key) {
                    *pinned = pin;
                }
            }
            Op::Retain(share) => {
                self.cache.retain(|key, _| (key.number() as u8).is_multiple_of(share));
                self.held.retain(|key, _| key.is_multiple_of(share));
            }
            Op::Resize(capacity) => {
                self.cache.resize(capacity.into()).unwrap();
                // Not even what is pinned stays then, if it does not fit.
                self.held.values_mut().for_each(|(_, pinned)| *pinned = false);
                for (key, (_, pinned)) in &mut self.held {
                    *pinned = self.cache.is_pinned(&of(*key));
                }
            }
            Op::Clear => {
                self.cache.clear();
                self.held.clear();
            }
        }
        Ok(())
    }

    /// What is not held is forgotten.
    fn forget(&mut self) {
        let cache = &self.cache;
        self.held.retain(|key, _| cache.contains(&T::of((*key).into())));
    }

    /// Says which entries left that had no reason to.
    fn compare(&mut self, op: &Op) -> Result<(), TestCaseError> {
        let before = self.held.clone();
        self.forget();
        let (mut weight, capacity) = (0, self.cache.capacity());
        for key in 0..KEYS {
            let found = self.cache.peek(&T::of(key.into())).map(|value| value.number());
            prop_assert_eq!(found, self.value(key), "key {}", key);
            prop_assert_eq!(
                self.cache.is_pinned(&T::of(key.into())),
                self.held.get(&key).is_some_and(|(_, pinned)| *pinned)
            );
            weight += found.map_or(0, |value| self.weight(value));
        }
        prop_assert_eq!((self.cache.len(), self.cache.weight()), (self.held.len(), weight));
        prop_assert!(weight <= capacity);
        let pairs = |pairs: Vec<(T, T)>| -> BTreeMap<u8, u16> {
            pairs.into_iter().map(|(key, value)| (key.number() as u8, value.number())).collect()
        };
        let all: BTreeMap<u8, u16> = self.held.iter().map(|(key, (value, _))| (*key, *value)).collect();
        prop_assert_eq!(&pairs(self.cache.iter().collect()), &all);
        let hot = self.cache.hot();
        prop_assert_eq!(hot.len(), all.len());
        prop_assert_eq!(&pairs(hot), &all);
        let written = match op {
            Op::Insert(key, _)
            | Op::InsertPinned(key, _)
            | Op::Modify(key, _)
            | Op::EntryInsert(key, _)
            | Op::Compute(key, _)
            | Op::Update(key, _)
            | Op::GetMut(key, _) => Some(*key),
            _ => None,
        };
        for (key, (value, pinned)) in &before {
            let left = !self.held.contains_key(key);
            // What was written may be too heavy to stay beside the others that are pinned.
            let outgrown = written == Some(*key) && self.weight(*value) > 0;
            prop_assert!(!left || !pinned || outgrown, "{} was pinned", key);
        }
        Ok(())
    }
}

fn run<T: Datum>(shape: Shape, capacity: u64, ops: &[Op]) -> Result<(), TestCaseError> {
    let mut model = Model::<T>::new(shape, capacity);
    for op in ops {
        model.step(op)?;
        model.compare(op)?;
    }
    let stats = model.cache.stats();
    prop_assert_eq!(stats.hits + stats.misses, model.lookups);
    prop_assert_eq!(stats.len, model.held.len() as u64);
    let came = stats.insertions - stats.replacements;
    prop_assert_eq!(came, stats.len + stats.evictions + stats.removals);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_agrees_with_a_map_that_forgets(
        shape in shape(),
        capacity in prop_oneof![3 => 0..40_u64, 1 => Just(1_000)],
        ops in proptest::collection::vec(op(), 1..120),
    ) {
        let copied = run::<u64>(shape, capacity, &ops);
        prop_assert!(copied.is_ok(), "copied: {:?}", copied);
        let owned = run::<String>(shape, capacity, &ops);
        prop_assert!(owned.is_ok(), "owned: {:?}", owned);
    }
}
