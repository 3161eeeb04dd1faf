//! The keyspace against a naive twin: a map with expiry times. Over a log whose memory holds three entries, so that most
//! reads go to the log, and reopened now and then; and in memory large enough that nothing is evicted.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::HashMap, path::Path, time::Duration};

use nuthatch_cache::ManualClock;
use nuthatch_keyspace::{Bound, Keyspace, KeyspaceError, Options, SetCondition, SetExpiry, SetOptions, Ttl};
use nuthatch_log::{Log, SyncMode};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Set { key: u8, bytes: Vec<u8>, condition: SetCondition, expiry: Expiry, want_old: bool },
    SetMany(Vec<(u8, Vec<u8>)>),
    Get(u8),
    Remove(u8),
    Take(u8),
    Increment { key: u8, by: i64 },
    Append { key: u8, tail: Vec<u8> },
    ExpireIn { key: u8, seconds: i8 },
    Persist(u8),
    Scan,
    Advance(u8),
    Sweep,
    Clear,
    Reopen,
}

#[derive(Clone, Copy, Debug)]
enum Expiry {
    Never,
    Keep,
    In(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0..12_u8;
    let bytes = || prop_oneof![proptest::collection::vec(any::<u8>(), 0..20), (0..100_i64).prop_map(text)];
    let condition = prop_oneof![4 => Just(SetCondition::Always), 1 => Just(SetCondition::IfAbsent), 1 => Just(SetCondition::IfPresent)];
    let expiry =
        prop_oneof![3 => Just(Expiry::Never), 1 => Just(Expiry::Keep), 2 => (1..20_u8).prop_map(Expiry::In)];
    prop_oneof![
        8 => (key(), bytes(), condition, expiry, any::<bool>()).prop_map(|(key, bytes, condition, expiry, want_old)| {
            Op::Set { key, bytes, condition, expiry, want_old }
        }),
        2 => proptest::collection::vec((key(), bytes()), 1..6).prop_map(Op::SetMany),
        8 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::Remove),
        1 => key().prop_map(Op::Take),
        3 => (key(), prop_oneof![-50..50_i64, Just(i64::MAX)]).prop_map(|(key, by)| Op::Increment { key, by }),
        2 => (key(), bytes()).prop_map(|(key, tail)| Op::Append { key, tail }),
        2 => (key(), -2..20_i8).prop_map(|(key, seconds)| Op::ExpireIn { key, seconds }),
        1 => key().prop_map(Op::Persist),
        1 => Just(Op::Scan),
        2 => (1..10_u8).prop_map(Op::Advance),
        1 => Just(Op::Sweep),
        1 => Just(Op::Clear),
        1 => Just(Op::Reopen),
    ]
}

fn text(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// What a keyspace is, told naively.
#[derive(Default)]
struct Twin {
    items: HashMap<u8, (Vec<u8>, Option<u64>)>,
    now: u64,
}

impl Twin {
    fn get(&mut self, key: u8) -> Option<(Vec<u8>, Option<u64>)> {
        let now = self.now;
        self.items.retain(|_, (_, at)| at.is_none_or(|at| at > now));
        self.items.get(&key).cloned()
    }
}

fn open(dir: Option<&Path>, clock: &ManualClock) -> Keyspace {
    let options = |bound| Options { bound, clock: clock.clock(), ..Options::default() };
    let Some(dir) = dir else { return Keyspace::in_memory(&options(Bound::Entries(1_000))) };
    let log_clock = clock.clock();
    // Segments so small that they are trimmed all the time.
    let log_options = nuthatch_log::Options::new()
        .sync(SyncMode::Never)
        .segment_bytes(4 << 10)
        .clock(move || log_clock.unix_millis());
    Keyspace::on_log(&options(Bound::Entries(3)), Log::open(dir, log_options).unwrap().0)
}

fn check(ops: Vec<Op>, dir: Option<&Path>) -> Result<(), TestCaseError> {
    let clock = ManualClock::new();
    let mut keyspace = open(dir, &clock);
    let mut twin = Twin { now: keyspace.unix_millis(), ..Twin::default() };
    for op in ops {
        match op {
            Op::Set { key, bytes, condition, expiry, want_old } => {
                let held = twin.get(key);
                let at = match expiry {
                    Expiry::Never => SetExpiry::Never,
                    Expiry::Keep => SetExpiry::Keep,
                    Expiry::In(seconds) => SetExpiry::At(twin.now + u64::from(seconds) * 1000),
                };
                let outcome =
                    keyspace.set(&[key], &bytes, SetOptions { condition, expiry: at, want_old }).unwrap();
                let written = match condition {
                    SetCondition::Always => true,
                    SetCondition::IfAbsent => held.is_none(),
                    SetCondition::IfPresent => held.is_some(),
                };
                prop_assert_eq!(outcome.written, written);
                let old = held.clone().filter(|_| want_old).map(|(bytes, _)| bytes);
                prop_assert_eq!(outcome.old.map(|value| value.bytes().to_vec()), old);
                let at = match at {
                    SetExpiry::Never => None,
                    SetExpiry::Keep => held.and_then(|(_, at)| at),
                    SetExpiry::At(at) => Some(at),
                };
                if written {
                    twin.items.insert(key, (bytes, at));
                }
            }
            Op::SetMany(pairs) => {
                let keys: Vec<[u8; 1]> = pairs.iter().map(|(key, _)| [*key]).collect();
                let borrowed: Vec<(&[u8], &[u8])> =
                    keys.iter().zip(&pairs).map(|(key, (_, bytes))| (&key[..], &bytes[..])).collect();
                keyspace.set_many(&borrowed).unwrap();
                twin.items.extend(pairs.into_iter().map(|(key, bytes)| (key, (bytes, None))));
            }
            Op::Get(key) => {
                let value = keyspace.get(&[key]).unwrap().map(|value| value.bytes().to_vec());
                prop_assert_eq!(value, twin.get(key).map(|(bytes, _)| bytes));
            }
            Op::Remove(key) => {
                let removed = keyspace.remove(&[key]).unwrap();
                prop_assert_eq!(removed, twin.get(key).is_some());
                twin.items.remove(&key);
            }
            Op::Take(key) => {
                let taken = keyspace.take(&[key]).unwrap().map(|value| value.bytes().to_vec());
                prop_assert_eq!(taken, twin.get(key).map(|(bytes, _)| bytes));
                twin.items.remove(&key);
            }
            Op::Increment { key, by } => {
                let held = twin.get(key);
                let old = held.as_ref().map_or(Some(0), |(bytes, _)| canonical(bytes));
                match keyspace.increment_by(&[key], by) {
                    Ok(sum) => {
                        prop_assert_eq!(Some(sum), old.and_then(|old| old.checked_add(by)));
                        twin.items.insert(key, (text(sum), held.and_then(|(_, at)| at)));
                    }
                    Err(KeyspaceError::NotAnInteger) => prop_assert_eq!(old, None),
                    Err(KeyspaceError::Overflow) => {
                        prop_assert!(old.is_some_and(|old| old.checked_add(by).is_none()));
                    }
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
            Op::Append { key, tail } => {
                let (mut bytes, at) = twin.get(key).unwrap_or_default();
                bytes.extend(tail.iter());
                prop_assert_eq!(keyspace.append(&[key], &tail).unwrap(), bytes.len());
                twin.items.insert(key, (bytes, at));
            }
            Op::ExpireIn { key, seconds } => {
                let at = twin.now.saturating_add_signed(i64::from(seconds) * 1000);
                let held = twin.get(key);
                prop_assert_eq!(keyspace.expire_at(&[key], at, |_| true).unwrap(), held.is_some());
                if let Some((bytes, _)) = held {
                    twin.items.insert(key, (bytes, Some(at)));
                }
            }
            Op::Persist(key) => {
                let held = twin.get(key);
                let expires = held.as_ref().is_some_and(|(_, at)| at.is_some());
                prop_assert_eq!(keyspace.persist(&[key]).unwrap(), expires);
                if let Some((bytes, _)) = held {
                    twin.items.insert(key, (bytes, None));
                }
            }
            Op::Scan => {
                let (mut seen, mut cursor) = (Vec::new(), 0);
                loop {
                    let page = keyspace.scan(cursor, 2, None).unwrap();
                    seen.extend(page.keys.iter().map(|key| key[0]));
                    cursor = page.cursor;
                    if cursor == 0 {
                        break;
                    }
                }
                seen.sort_unstable();
                let live: Vec<u8> = (0..12).filter(|key| twin.get(*key).is_some()).collect();
                prop_assert_eq!(seen, live);
            }
            Op::Advance(seconds) => {
                clock.advance(Duration::from_secs(seconds.into()));
                twin.now += u64::from(seconds) * 1000;
            }
            Op::Sweep => keyspace.sweep(100).unwrap(),
            Op::Clear => {
                keyspace.clear().unwrap();
                twin.items.clear();
            }
            Op::Reopen => {
                if dir.is_some() {
                    drop(keyspace);
                    keyspace = open(dir, &clock);
                }
            }
        }
    }
    for key in 0..12 {
        let expected = match twin.get(key) {
            None => Ttl::Absent,
            Some((_, None)) => Ttl::Never,
            Some((_, Some(at))) => Ttl::At(at),
        };
        prop_assert_eq!(keyspace.ttl(&[key]).unwrap(), expected);
    }
    Ok(())
}

fn canonical(bytes: &[u8]) -> Option<i64> {
    let text = str::from_utf8(bytes).ok()?;
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn over_a_log_it_agrees_with_its_twin(ops in proptest::collection::vec(op(), 1..150)) {
        let dir = tempfile::tempdir().unwrap();
        check(ops, Some(dir.path()))?;
    }

    #[test]
    fn in_memory_it_agrees_with_its_twin(ops in proptest::collection::vec(op(), 1..150)) {
        check(ops, None)?;
    }
}
