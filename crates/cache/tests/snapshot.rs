//! What comes back from a snapshot, over both storages and several policies.
#![cfg(feature = "snapshot")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    hash::{BuildHasherDefault, DefaultHasher},
    io,
    time::Duration,
};

use nuthatch_cache::{Cache, Clock, ManualClock, PolicyKind, SnapshotError, StorageKind, Terms};

const BOTH: [StorageKind; 2] = [StorageKind::Exact, StorageKind::Sets];

fn encode(key: &u64, value: &u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&key.to_le_bytes());
    out.extend_from_slice(&value.to_le_bytes());
}

fn decode(mut bytes: &[u8]) -> Option<(u64, u64)> {
    let mut number = || Some(u64::from_le_bytes(bytes.split_off(..8)?.try_into().ok()?));
    Some((number()?, number()?))
}

fn saved(cache: &Cache<u64, u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let saved = cache.snapshot(&mut bytes, encode).unwrap();
    assert_eq!(saved.bytes, bytes.len() as u64);
    bytes
}

fn at(millis: u64) -> Clock {
    let clock = ManualClock::new();
    clock.advance(Duration::from_millis(millis));
    clock.clock()
}

fn cache(storage: StorageKind, capacity: u64, clock: Clock) -> Cache<u64, u64> {
    Cache::builder().capacity(capacity).storage(storage).clock(clock).build().unwrap()
}

#[test]
fn all_entries_come_back_in_either_storage() {
    for (from, to) in BOTH.into_iter().flat_map(|from| BOTH.map(|to| (from, to))) {
        let old = cache(from, 20_000, at(0));
        for key in 0..10_000 {
            old.insert(key, key * 3);
        }
        let new = cache(to, 20_000, at(0));
        let restored = new.restore(&mut &saved(&old)[..], decode).unwrap();
        let held = old.len() as u64; // a set may have overflowed
        assert!(held > 9_950 && restored.entries > held - 50, "{restored:?} of {held}");
        assert_eq!(restored.entries + restored.crowded_out, held);
        assert!(new.iter().all(|(key, value)| value == key * 3), "{from:?} to {to:?}");
        assert_eq!(new.len() as u64, restored.entries);
    }
}

#[test]
fn an_empty_cache_makes_an_empty_snapshot() {
    for storage in BOTH {
        let new = cache(storage, 10, at(0));
        let restored = new.restore(&mut &saved(&cache(storage, 10, at(0)))[..], decode).unwrap();
        assert_eq!((restored.entries, new.len()), (0, 0));
    }
}

/// The order in which entries leave is the same as before.
#[test]
fn the_order_of_exact_storage_comes_back() {
    for policy in [PolicyKind::Lru, PolicyKind::Fifo, PolicyKind::Lifo, PolicyKind::Mru, PolicyKind::LruK] {
        let build = || -> Cache<u64, u64> {
            Cache::builder().capacity(100).policy(policy).shards(1).build().unwrap()
        };
        let (old, new) = (build(), build());
        for step in 0..1_000_u64 {
            let key = step * step % 151;
            if old.get(&key).is_none() {
                old.insert(key, step);
            }
        }
        new.restore(&mut &saved(&old)[..], decode).unwrap();
        assert_eq!(old.hot(), new.hot(), "{policy}");
        for key in 1_000..1_050 {
            old.insert(key, key);
            new.insert(key, key);
            if policy != PolicyKind::LruK {
                let keys = |cache: &Cache<u64, u64>| cache.iter().collect::<BTreeSet<_>>();
                assert_eq!(keys(&old), keys(&new), "{policy}");
            }
        }
    }
}

#[test]
fn every_policy_takes_a_snapshot_of_every_storage() {
    for policy in PolicyKind::ALL {
        let old: Cache<u64, u64> = Cache::builder().capacity(500).policy(policy).shards(2).build().unwrap();
        for step in 0..2_000_u64 {
            old.get_or_insert_with(&(step * step % 701), || step);
        }
        let bytes = saved(&old);
        for shards in [1, 4] {
            let new: Cache<u64, u64> =
                Cache::builder().capacity(500).policy(policy).shards(shards).build().unwrap();
            assert_eq!(new.restore(&mut &bytes[..], decode).unwrap().entries, old.len() as u64, "{policy}");
            for key in 3_000..4_000 {
                new.insert(key, key);
            }
            assert!(new.len() <= 500);
        }
    }
}

/// With the same hasher, keys have the same sets; and sets know of each entry what they knew before.
#[test]
fn the_marks_of_sets_come_back() {
    type Fixed = BuildHasherDefault<DefaultHasher>;
    let build = || -> Cache<u64, u64, Fixed> {
        Cache::builder().capacity(500).hasher(Fixed::default()).storage(StorageKind::Sets).build().unwrap()
    };
    let bytes = |cache: &Cache<u64, u64, Fixed>| {
        let mut bytes = Vec::new();
        cache.snapshot(&mut bytes, encode).unwrap();
        bytes
    };
    let (old, new) = (build(), build());
    let mut state = 1_u64;
    for step in 0..40_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = (state >> 33) % 1_000;
        old.get_or_insert_with(&(draw * draw / 50), || step); // small numbers more often
    }
    let first = bytes(&old);
    let restored = new.restore(&mut &first[..], decode).unwrap();
    assert!(restored.entries > old.len() as u64 * 99 / 100, "{restored:?}");
    // Each record has 28 bytes: nothing but notes, key and value.
    let records = |bytes: &[u8]| {
        let (mut at, mut records) = (64, BTreeMap::new());
        while bytes.len() - at > 28 {
            let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            for record in bytes[at + 20..at + 20 + len].chunks(28) {
                records.insert(record[12..].to_vec(), record[1]);
            }
            at += 20 + len;
        }
        records
    };
    let (first, second) = (records(&first), records(&bytes(&new)));
    assert_eq!((first.len(), second.len()), (old.len(), new.len()));
    assert!(first.values().collect::<BTreeSet<_>>().len() > 4);
    assert!(second.iter().all(|(entry, marks)| first.get(entry) == Some(marks)));
}

#[test]
fn expiry_goes_on_by_the_wall_clock() {
    for storage in BOTH {
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(10));
        let old: Cache<u64, u64> = Cache::builder()
            .capacity(2_000)
            .storage(storage)
            .clock(clock.clock())
            .time_to_idle(Duration::from_secs(100))
            .build()
            .unwrap();
        for key in 0..50 {
            old.insert_with_ttl(key, key, Duration::from_secs(key + 1));
        }
        old.insert(1_000, 1);
        clock.advance(Duration::from_secs(5)); // keys 0 to 4 are gone
        let bytes = saved(&old);

        // Its clock has another origin, and twenty seconds have passed.
        let clock = ManualClock::new();
        clock.advance(Duration::from_secs(35));
        let new = cache(storage, 2_000, clock.clock());
        let restored = new.restore(&mut &bytes[..], decode).unwrap();
        assert_eq!((restored.entries, restored.expired, restored.age.as_secs()), (26, 20, 20), "{storage:?}");
        assert!(new.get(&24).is_none() && new.get(&25).is_some());
        clock.advance(Duration::from_millis(999));
        assert!(new.contains(&25));
        clock.advance(Duration::from_millis(1));
        assert!(!new.contains(&25) && new.contains(&26));
        clock.advance(Duration::from_secs(73));
        assert!(new.contains(&1_000));
        clock.advance(Duration::from_secs(1));
        assert!(!new.contains(&1_000), "idle for 100 seconds, 25 of them before");
    }
}

/// A wall clock that was put back does not make entries live for ever, nor die at once.
#[test]
fn time_that_went_back_did_not_pass() {
    let clock = ManualClock::new();
    clock.advance(Duration::from_secs(1_000));
    let old = cache(StorageKind::Exact, 10, clock.clock());
    old.insert_with_ttl(1, 1, Duration::from_secs(5));
    let clock = ManualClock::new();
    let new = cache(StorageKind::Exact, 10, clock.clock());
    assert_eq!(new.restore(&mut &saved(&old)[..], decode).unwrap().age, Duration::ZERO);
    clock.advance(Duration::from_millis(4_999));
    assert!(new.contains(&1));
    clock.advance(Duration::from_millis(1));
    assert!(!new.contains(&1));
}

#[test]
fn values_due_for_a_refresh_and_windows_of_staleness_go_on() {
    let build = |clock: &ManualClock, window| {
        Cache::builder()
            .capacity(10)
            .clock(clock.clock())
            .time_to_live(Duration::from_secs(20))
            .refresh_after_write(Duration::from_secs(10))
            .stale_if_error(window)
            .build()
            .unwrap()
    };
    let clock = ManualClock::new();
    let old: Cache<u64, u64> = build(&clock, Duration::from_secs(100));
    old.insert(1, 1);
    clock.advance(Duration::from_secs(5));
    let bytes = saved(&old);
    let new = build(&clock, Duration::from_secs(30));
    new.restore(&mut &bytes[..], decode).unwrap();
    assert_eq!(new.get_or_insert_with(&1, || 2), 1);
    clock.advance(Duration::from_secs(5));
    assert_eq!(new.get_or_insert_with(&1, || 3), 3, "due for a refresh");

    let new = build(&clock, Duration::from_secs(30));
    new.restore(&mut &bytes[..], decode).unwrap();
    clock.advance(Duration::from_secs(10)); // its time is over
    assert!(new.get(&1).is_none());
    assert_eq!(new.try_get_or_insert_with(&1, || Err::<u64, _>("down")).ok(), Some(1));
    clock.advance(Duration::from_secs(30));
    assert!(new.try_get_or_insert_with(&1, || Err::<u64, _>("down")).is_err());
}

#[test]
fn tags_come_back_by_name() {
    for storage in BOTH {
        let old = cache(storage, 2_000, at(0));
        for key in 0..100 {
            let terms = Terms::new().tag(format!("shop {}", key % 7)).tag("all").tag("");
            old.insert_with(key, key, &if key % 2 == 0 { terms } else { Terms::new() });
        }
        old.invalidate_tag("shop 0");
        let new = cache(storage, 2_000, at(0));
        let restored = new.restore(&mut &saved(&old)[..], decode).unwrap();
        assert_eq!(restored.entries, 92, "eight were invalidated");
        new.invalidate_tag("shop 1");
        assert!((0..100).all(|key| new.contains(&key) == (key % 2 == 1 || key % 7 > 1)));
        new.invalidate_tag("");
        assert_eq!(new.iter().count(), 50);
    }
}

#[test]
fn what_is_pinned_stays_pinned_and_comes_first() {
    for storage in BOTH {
        let old = cache(storage, 2_000, at(0));
        old.insert_with(0, 0, &Terms::new().pinned());
        for key in 1..2_000 {
            old.insert(key, key);
        }
        for key in 1..2_000 {
            old.get(&key);
        }
        let new = cache(storage, 100, at(0));
        new.restore(&mut &saved(&old)[..], decode).unwrap();
        for key in 5_000..9_000 {
            new.insert(key, key);
        }
        assert!(new.contains(&0) && new.is_pinned(&0), "{storage:?}");
        assert!(new.unpin(&0));
    }
}

/// Only the warmest come into a smaller cache, and nothing leaves to make room for them.
#[test]
fn a_smaller_cache_takes_the_warmest() {
    let build = |capacity| -> Cache<u64, u64> {
        Cache::builder().capacity(capacity).policy(PolicyKind::Lru).shards(1).build().unwrap()
    };
    let (old, new) = (build(1_000), build(100));
    for key in 0..1_000 {
        old.insert(key, key);
    }
    for key in 0..50 {
        old.get(&key);
    }
    let restored = new.restore(&mut &saved(&old)[..], decode).unwrap();
    assert_eq!((restored.entries, restored.crowded_out, new.stats().evictions), (100, 900, 0));
    assert!((0..50).chain(950..1_000).all(|key| new.contains(&key)));

    let old = cache(StorageKind::Sets, 10_000, at(0));
    for key in 0..8_000 {
        old.insert(key, key);
    }
    for key in 0..1_000 {
        old.get(&key);
    }
    let new = cache(StorageKind::Sets, 2_000, at(0));
    let restored = new.restore(&mut &saved(&old)[..], decode).unwrap();
    assert_eq!(restored.entries + restored.crowded_out, old.len() as u64);
    assert!(restored.entries > 1_500 && new.len() <= 2_000);
    let kept = (0..1_000).filter(|key| new.contains(key)).count();
    assert!(kept > 950, "{kept} of 1000 that were read");
}

#[test]
fn weights_are_weighed_anew_and_the_bound_holds() {
    let build = |capacity| -> Cache<u64, u64> {
        Cache::builder().weight_capacity(capacity).weigher(|_: &u64, value: &u64| *value).build().unwrap()
    };
    let (old, new) = (build(100_000), build(1_000));
    for key in 1..300 {
        old.insert(key, key);
    }
    let restored = new.restore(&mut &saved(&old)[..], decode).unwrap();
    assert!(new.weight() <= 1_000 && new.weight() > 900, "{}", new.weight());
    assert_eq!(restored.entries + restored.crowded_out, 299);
}

#[test]
fn what_is_held_already_stays() {
    for storage in BOTH {
        let old = cache(storage, 2_000, at(0));
        for key in 0..100 {
            old.insert(key, 1);
        }
        let new = cache(storage, 2_000, at(0));
        for key in 50..60 {
            new.insert(key, 2);
        }
        let restored = new.restore(&mut &saved(&old)[..], decode).unwrap();
        assert_eq!((restored.entries, restored.held), (90, 10));
        assert_eq!((new.get(&49), new.get(&50)), (Some(1), Some(2)));
    }
}

#[test]
fn what_cannot_be_decoded_is_left_out() {
    let old = cache(StorageKind::Exact, 100, at(0));
    for key in 0..100 {
        old.insert(key, 1);
    }
    let new = cache(StorageKind::Exact, 100, at(0));
    let restored = new.restore(&mut &saved(&old)[..], |bytes| decode(bytes).filter(|(key, _)| key % 4 == 0));
    assert_eq!(restored.map(|restored| (restored.entries, restored.undecoded)).unwrap(), (25, 75));
}

#[test]
fn the_cache_may_be_used_while_it_is_saved_and_from_within() {
    for storage in BOTH {
        let cache = cache(storage, 4_000, at(0));
        for key in 0..2_000 {
            cache.insert(key, key);
        }
        let mut bytes = Vec::new();
        cache
            .snapshot(&mut bytes, |key, value, out| {
                cache.get(key); // no lock is held
                cache.insert(key + 10_000, *value);
                encode(key, value, out);
            })
            .unwrap();
        let new = self::cache(storage, 40_000, at(0));
        new.restore(&mut &bytes[..], |bytes| {
            new.get(&1);
            decode(bytes)
        })
        .unwrap();
        let kept = (0..2_000).filter(|key| new.contains(key)).count();
        assert!(kept > 1_500, "{kept}"); // what was evicted meanwhile may be missing
    }
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let folder = std::env::temp_dir().join(format!("nuthatch-snapshot-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("warm");
    let old = cache(StorageKind::Sets, 2_000, at(0));
    old.insert(1, 1);
    old.snapshot_to(&path, encode).unwrap();
    old.insert(2, 2);
    fs::write(folder.join("warm.partial0"), "of one that was killed").unwrap();
    let saved = old.snapshot_to(&path, encode).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), saved.bytes);
    // One that fails leaves the old one and nothing else.
    let panics = std::panic::AssertUnwindSafe(|| old.snapshot_to(&path, |_, _, _| unreachable!("no room")));
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

    let new = cache(StorageKind::Sets, 2_000, at(0));
    assert_eq!(new.restore_from(&path, decode).unwrap().entries, 2);
    let missing = new.restore_from(folder.join("cold"), decode).unwrap_err();
    assert!(missing.to_string().ends_with("cold: cannot open the snapshot"), "{missing}");
    let source = missing.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::NotFound));
    let nowhere = old.snapshot_to(folder.join("no/such"), encode);
    assert!(matches!(nowhere, Err(SnapshotError::File { attempt: "create", .. })));
    fs::remove_dir_all(&folder).unwrap();
}
