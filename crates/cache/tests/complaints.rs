//! What people complained of in other caches, each under the name of the cache and the number of the issue there.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, Weak},
    thread,
    time::Duration,
};

use nuthatch_cache::{Cache, Cause, Change, ManualClock, PolicyKind, StorageKind, Terms};

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [StorageKind; 2] = [StorageKind::Exact, StorageKind::Sets];

/// Invalidating all, by predicate or by tag shows at once, in look-ups and in counts.
#[test]
fn moka_155_invalidation_is_over_when_it_returns() {
    for storage in BOTH {
        let cache = Cache::builder().capacity(10_000).storage(storage).build().unwrap();
        for key in 0..1_000 {
            cache.insert(key, key);
        }
        cache.retain(|key, _| *key >= 500);
        assert_eq!((cache.len(), cache.get(&499), cache.iter().count()), (500, None, 500));
        cache.clear();
        assert_eq!((cache.len(), cache.weight(), cache.get(&700)), (0, 0, None));
        cache.insert_with(1, 1, &Terms::new().tag("t"));
        cache.invalidate_tag("t");
        assert_eq!((cache.get(&1), cache.iter().count()), (None, 0));
    }
}

/// A listener may write to the cache that tells it.
#[test]
fn moka_298_a_listener_writes_to_the_cache_and_hangs_on_nothing() {
    let own: Arc<OnceLock<Weak<Cache<u32, u32>>>> = Arc::default();
    let inner = Arc::clone(&own);
    let restore = move |key: &u32, value: &u32, cause: Cause| {
        if cause == Cause::Explicit
            && let Some(cache) = inner.get().and_then(Weak::upgrade)
        {
            cache.insert(*key, value + 1);
        }
    };
    let cache = Arc::new(Cache::builder().capacity(10).listener(restore).build().unwrap());
    own.set(Arc::downgrade(&cache)).unwrap();
    cache.insert(1, 1);
    assert_eq!((cache.remove(&1), cache.get(&1)), (Some(1), Some(2)));
}

/// A time of its own for an entry is one argument.
#[test]
fn moka_300_a_time_of_its_own_for_an_entry_is_one_argument() {
    let clock = ManualClock::new();
    let cache = Cache::builder().capacity(10).time_to_live(60 * SECOND).clock(clock.clock()).build().unwrap();
    cache.insert_with_ttl("short", 1, SECOND);
    cache.insert_with("long", 2, &Terms::new().ttl(Duration::MAX));
    clock.advance(SECOND);
    assert_eq!((cache.get("short"), cache.get("long")), (None, Some(2)));
    clock.advance(1_000 * SECOND);
    assert_eq!(cache.get("long"), Some(2));
}

/// What was written together expires apart, never later than asked for, and not in lumps.
#[test]
fn moka_453_and_caffeine_642_jitter_spreads_expiry_evenly() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache = Cache::builder()
            .capacity(100_000)
            .storage(storage)
            .time_to_live(100 * SECOND)
            .jitter(0.2)
            .clock(clock.clock())
            .build()
            .unwrap();
        for key in 0..10_000_u32 {
            cache.insert(key, key);
        }
        let alive = || (0..10_000).filter(|key| cache.contains(key)).count();
        clock.advance(80 * SECOND - Duration::from_millis(1));
        assert_eq!(alive(), 10_000);
        let mut before = 10_000;
        for _ in 0..20 {
            clock.advance(SECOND);
            let now = alive();
            // One in twenty is expected each second: 500, give or take six standard deviations.
            assert!((360..640).contains(&(before - now)) || now == 0, "{before} then {now}");
            before = now;
        }
        clock.advance(Duration::from_millis(1));
        assert_eq!(alive(), 0);
    }
}

/// Values that grow as they are written again, by several threads: the bound holds all the time, and nothing has to be
/// run for that.
#[test]
fn moka_543_and_590_the_weight_stays_within_its_bound_under_rewrites() {
    let cache =
        Cache::builder().weight_capacity(1_000).weigher(|_: &u32, value: &u64| *value).build().unwrap();
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let cache = &cache;
            scope.spawn(move || {
                for round in 0..20_000_u64 {
                    cache.insert((round % 50) as u32, (round * (thread + 7)) % 400);
                    assert!(cache.weight() <= 1_000);
                }
            });
        }
    });
    let held: u64 = cache.iter().map(|(_, value)| value).sum();
    assert_eq!(held, cache.weight(), "what is counted is what is held");
}

/// No update is lost between threads that read, change and write in one step.
#[test]
fn moka_574_and_432_compute_loses_no_update() {
    for storage in BOTH {
        let cache: Cache<u32, u64> = Cache::builder().capacity(2_000).storage(storage).build().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..5_000 {
                        cache.compute(round % 3, |held| Change::Put(held.copied().unwrap_or(0) + 1));
                    }
                });
            }
        });
        assert_eq!((0..3).filter_map(|key| cache.get(&key)).sum::<u64>(), 20_000);
    }
}

/// Shards do not let entries go before the whole cache is full.
#[test]
fn quick_cache_55_shards_evict_nothing_early() {
    let cache = Cache::builder().capacity(5_000).shards(64).build().unwrap();
    for key in 0..5_000 {
        cache.insert(key, key);
    }
    assert_eq!((cache.len(), cache.stats().evictions), (5_000, 0));
}

/// Writing a held key again makes room at the cost of others, not of itself, and at no cost if it weighs no more.
#[test]
fn quick_cache_50_writing_a_key_again_evicts_nothing() {
    for policy in PolicyKind::ALL {
        let cache = Cache::builder().capacity(100).policy(policy).build().unwrap();
        for key in 0..100 {
            cache.insert(key, 0);
        }
        for key in 0..100 {
            assert_eq!(cache.insert(key, 1), Some(0), "{policy}");
        }
        assert_eq!((cache.len(), cache.stats().evictions), (100, 0), "{policy}");
    }
}

/// A cache of one entry holds one entry, the last.
#[test]
fn quick_cache_106_a_capacity_of_one_keeps_one() {
    for storage in BOTH {
        let cache = Cache::builder().capacity(1).storage(storage).build().unwrap();
        for key in 0..100 {
            cache.insert(key, key);
            assert_eq!((cache.get(&key), cache.len()), (Some(key), 1));
        }
    }
}

/// What was inserted is found by the next look-up, if only it fits.
#[test]
fn stretto_57_what_was_inserted_is_found() {
    for storage in BOTH {
        let cache = Cache::builder().capacity(500).storage(storage).build().unwrap();
        for key in 0..10_000 {
            cache.insert(key, key);
            assert_eq!(cache.get(&key), Some(key));
        }
    }
}

/// After it was cleared a cache works as before.
#[test]
fn stretto_18_a_cleared_cache_works() {
    for storage in BOTH {
        let cache = Cache::builder().capacity(500).storage(storage).build().unwrap();
        for _ in 0..3 {
            for key in 0..2_000 {
                cache.insert(key, key);
            }
            assert!(cache.get(&1_999).is_some());
            cache.clear();
            assert!(cache.is_empty());
        }
    }
}

/// Loading and replacing the same keys for ever holds no more than one value each, and each old one is told of and dropped.
#[test]
fn foyer_802_replacing_keeps_nothing_of_the_old() {
    for storage in BOTH {
        let (value, told) = (Arc::new(()), Arc::new(Mutex::new(BTreeMap::new())));
        let notes = Arc::clone(&told);
        let cache = Cache::builder()
            .capacity(2_000)
            .storage(storage)
            .listener(move |_: &u32, _: &Arc<()>, cause: Cause| {
                *notes.lock().unwrap().entry(cause.to_string()).or_insert(0) += 1;
            })
            .build()
            .unwrap();
        for round in 0..10_000 {
            cache.get_or_insert_with(&(round % 10), || Arc::clone(&value));
            cache.insert(round % 10, Arc::clone(&value));
        }
        assert_eq!((cache.len(), Arc::strong_count(&value)), (10, 11));
        assert_eq!(*told.lock().unwrap(), BTreeMap::from([("replaced".to_owned(), 10_000)]));
    }
}

/// What a weigher says of entries of wildly different size never makes the cache hold more than it may.
#[test]
fn caffeine_420_and_1833_entries_of_any_size_keep_the_maximum() {
    let sizes = [0, 1, 7, 1_000, u64::MAX / 3, u64::MAX / 2, u64::MAX];
    for capacity in [1_000, u64::MAX / 2, u64::MAX] {
        let cache = Cache::builder()
            .weight_capacity(capacity)
            .weigher(|_: &usize, value: &u64| *value)
            .build()
            .unwrap();
        for step in 0..500_usize {
            cache.insert(step % 30, sizes[step * 5 % sizes.len()]);
            assert!(cache.weight() <= capacity);
        }
        let held: u128 = cache.iter().map(|(_, value)| u128::from(value)).sum();
        assert_eq!(held, u128::from(cache.weight()));
    }
}
