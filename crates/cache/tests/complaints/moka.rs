//! <https://github.com/moka-rs/moka>

use std::{
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    thread,
    time::Duration,
};

use nuthatch_cache::{Cache, Cause, Change, Expiry, ManualClock, Terms};

use crate::{
    BOTH, builder, cache,
    support::{block_on, poll_once, yield_now},
};

#[test]
fn moka_155_invalidate_all_is_effective_when_it_returns() {
    for storage in BOTH {
        let cache = cache(storage, 2_000);
        for round in 0..20_u64 {
            cache.insert_many((0..1_000).map(|key| (key, round)));
            cache.clear();
            assert_eq!((cache.len(), cache.weight(), cache.iter().count()), (0, 0, 0));
            assert!((0..1_000).all(|key| cache.get(&key).is_none()));
        }
    }
}

#[test]
fn moka_345_349_544_what_an_operation_says_of_size_is_so_at_once() {
    for storage in BOTH {
        let cache = cache(storage, 4_000); // room for all, wherever they fall
        for key in 0..1_000_u64 {
            cache.insert(key, key);
            assert_eq!((cache.len() as u64, cache.weight()), (key + 1, key + 1));
        }
        cache.retain(|key, _| key % 2 == 0);
        assert_eq!(cache.len(), 500);
        assert!((0..1_000).all(|key| cache.contains(&key) == (key % 2 == 0)));
    }
}

#[test]
fn moka_590_reinsertion_under_pressure_does_not_grow_beyond_the_bound() {
    for storage in BOTH {
        let cache = cache(storage, 500);
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..20_000_u64 {
                        // The same keys again and again, removed and put back, among ever new ones.
                        let key = if step % 2 == 0 { step % 700 } else { step * 4 + thread };
                        cache.insert(key, step);
                        if step % 5 == 0 {
                            cache.remove(&(step % 700));
                        }
                        if step % 64 == 0 {
                            assert!(cache.len() <= 500 && cache.weight() <= 500);
                        }
                    }
                });
            }
        });
        let before = cache.stats().evictions;
        cache.insert_many((1_000_000..1_002_000).map(|key| (key, 0)));
        assert!(cache.len() <= 500 && cache.stats().evictions >= before + 1_500, "eviction goes on");
    }
}

#[test]
fn moka_543_the_weigher_is_heeded_before_any_maintenance() {
    let cache =
        Cache::builder().weight_capacity(1_000).weigher(|_: &u64, value: &u64| *value).build().unwrap();
    for key in 0..5_000 {
        cache.insert(key, key % 300);
        assert!(cache.weight() <= 1_000);
        let held: u64 = cache.iter().map(|(_, value)| value).sum();
        assert_eq!(held, cache.weight());
    }
}

#[test]
fn moka_72_64_290_a_fill_beyond_the_capacity_holds_no_more_values_than_it_says() {
    for storage in BOTH {
        let (cache, alive) = (cache(storage, 300), Arc::new(()));
        for key in 0..10_000 {
            cache.insert(key, Arc::clone(&alive));
            assert!(Arc::strong_count(&alive) <= 301, "what left is dropped when the call returns");
        }
    }
}

#[test]
fn moka_176_a_cache_that_is_dropped_drops_all_it_held() {
    for storage in BOTH {
        let (cache, alive) = (cache(storage, 2_000), Arc::new(()));
        cache.insert_many((0..3_000).map(|key| (key.to_string(), Arc::clone(&alive))));
        cache.insert_with("pinned".to_owned(), Arc::clone(&alive), &Terms::new().pinned().tag("t"));
        drop(cache);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

#[test]
fn moka_600_565_548_566_570_expiry_beside_eviction_and_removal_finds_every_entry_once() {
    for storage in BOTH {
        let (clock, alive) = (ManualClock::new(), Arc::new(()));
        let cache: Cache<u64, Arc<()>> = builder(storage, 400).clock(clock.clock()).build().unwrap();
        thread::scope(|scope| {
            for thread in 0..3_u64 {
                let (cache, clock, alive) = (&cache, &clock, &alive);
                scope.spawn(move || {
                    for step in 0..8_000_u64 {
                        let key = step.wrapping_mul(2_654_435_761 + thread) % 1_000;
                        match step % 7 {
                            0 => drop(cache.remove(&key)),
                            1 => cache.sweep(4),
                            2 => clock.advance(Duration::from_millis(1)),
                            3 => drop(cache.get(&key)),
                            _ => {
                                let ttl = Duration::from_millis(1 + step % 50);
                                drop(cache.insert_with_ttl(key, Arc::clone(alive), ttl));
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(Arc::strong_count(&alive), 1 + cache.len());
        clock.advance(Duration::from_secs(1));
        cache.sweep(u32::MAX);
        assert_eq!((cache.len(), Arc::strong_count(&alive)), (0, 1));
    }
}

#[test]
fn moka_574_no_update_is_lost_in_compute() {
    for storage in BOTH {
        let cache: Cache<u32, u64> = cache(storage, 2_000);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        cache.compute(1, |held| Change::Put(held.map_or(1, |count| count + 1)));
                    }
                });
            }
        });
        assert_eq!(cache.get(&1), Some(20_000));
    }
}

#[test]
fn moka_240_a_first_caller_that_is_not_polled_again_holds_nobody_up_once_it_is_dropped() {
    let cache: Cache<u32, u32> = Cache::new(100);
    let mut second = Box::pin(cache.get_or_insert_async(&1, || async { 2 }));
    {
        let mut first = pin!(cache.get_or_insert_async(&1, || async {
            yield_now().await;
            1
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        assert!(poll_once(second.as_mut()).is_pending(), "waits for the first");
    }
    assert_eq!(poll_once(second.as_mut()), Poll::Ready(2));
}

#[test]
fn moka_59_60_a_cancelled_load_is_taken_over() {
    let cache: Cache<u32, u32> = Cache::new(100);
    for key in 0..50 {
        let mut cancelled: Pin<Box<dyn Future<Output = u32>>> =
            Box::pin(cache.get_or_insert_async(&0, std::future::pending));
        assert!(poll_once(cancelled.as_mut()).is_pending());
        drop(cancelled);
        assert_eq!(block_on(cache.get_or_insert_async(&0, || async move { key })), key);
        cache.remove(&0);
    }
}

#[test]
fn moka_309_a_cancelled_call_leaves_no_entry_that_the_policy_does_not_know() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 64);
        for key in 0..1_000 {
            let mut load = Box::pin(cache.get_or_insert_async(&key, || async move {
                yield_now().await;
                key
            }));
            let _ = poll_once(load.as_mut());
            if key % 2 == 0 {
                let _ = poll_once(load.as_mut());
            }
            drop(load);
            assert!(cache.len() <= 64);
        }
        cache.insert_many((10_000..12_000).map(|key| (key, key)));
        assert!(cache.len() <= 64);
        cache.resize(0).unwrap();
        assert!(cache.is_empty(), "all can be evicted");
    }
}

#[test]
fn moka_298_a_listener_may_write_to_the_cache() {
    for storage in BOTH {
        let home: Arc<Mutex<Weak<Cache<u32, u32>>>> = Arc::default();
        let listeners = Arc::clone(&home);
        let cache = Arc::new(
            builder(storage, 10)
                .listener(move |key: &u32, value: &u32, cause| {
                    let cache = listeners.lock().unwrap().upgrade();
                    if let (Some(cache), Cause::Explicit) = (cache, cause) {
                        cache.insert(key + 1_000, *value);
                        cache.remove(&(key + 2_000));
                    }
                })
                .build()
                .unwrap(),
        );
        *home.lock().unwrap() = Arc::downgrade(&cache);
        cache.insert(1, 7);
        cache.remove(&1);
        assert_eq!(cache.get(&1_001), Some(7));
    }
}

#[test]
fn moka_467_a_value_is_loaded_anew_while_the_old_one_is_served() {
    let clock = ManualClock::new();
    let second = Duration::from_secs(1);
    let cache: Cache<u32, u64> =
        Cache::builder().capacity(10).clock(clock.clock()).refresh_after_write(second).build().unwrap();
    let loads = AtomicU64::new(0);
    let load = || loads.fetch_add(1, Relaxed);
    assert_eq!(cache.get_or_insert_with(&1, load), 0);
    clock.advance(second);
    assert_eq!(cache.get(&1), Some(0), "old, and served");
    cache.get_or_insert_with(&1, load);
    assert_eq!((cache.get(&1), loads.load(Relaxed)), (Some(1), 2));
}

#[test]
fn moka_432_an_upsert_looks_once_and_evaluates_once() {
    for storage in BOTH {
        let cache: Cache<&str, Vec<u32>> = cache(storage, 2_000);
        let mut evaluated = 0;
        for item in 0..3 {
            cache.entry("list").and_modify(|list| list.push(item)).or_insert_with(|| {
                evaluated += 1;
                vec![item]
            });
        }
        assert_eq!((cache.get("list"), evaluated), (Some(vec![0, 1, 2]), 1));
        let stats = cache.stats();
        assert_eq!(stats.hits + stats.misses, 4, "a look-up for each entry, and the last");
    }
}

#[test]
fn moka_300_each_entry_has_a_time_of_its_own_with_one_call() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache: Cache<u32, &str> = builder(storage, 100).clock(clock.clock()).build().unwrap();
        cache.insert_with_ttl(1, "short", Duration::from_secs(1));
        cache.insert_with_ttl(2, "long", Duration::from_secs(9));
        cache.insert(3, "for ever");
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get_many(&[1, 2, 3]), [None, Some("long"), Some("for ever")]);
        clock.advance(Duration::from_secs(8));
        assert_eq!(cache.get_many(&[1, 2, 3]), [None, None, Some("for ever")]);
    }
}

#[test]
fn moka_453_jitter_spreads_what_was_written_together() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache: Cache<u32, u32> = builder(storage, 4_000)
            .clock(clock.clock())
            .time_to_live(Duration::from_secs(100))
            .jitter(0.5)
            .build()
            .unwrap();
        cache.insert_many((0..1_000).map(|key| (key, key)));
        let held = || (0..1_000).filter(|key| cache.contains(key)).count();
        let all = held();
        clock.advance(Duration::from_secs(49));
        assert_eq!(held(), all);
        let mut most = 0;
        for _ in 0..51 {
            let before = held();
            clock.advance(Duration::from_secs(1));
            most = most.max(before - held());
        }
        assert_eq!(held(), 0);
        assert!(most < 60, "{most} of 1000 expired in one second of fifty");
    }
}

#[test]
fn moka_234_262_hits_and_misses_are_counted() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 2_000);
        cache.insert(1, 1);
        (0..30).for_each(|key| drop(cache.get(&(key % 3)).map(|value| value.to_string())));
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses), (10, 20));
        assert_eq!(stats.hit_ratio(), Some(1.0 / 3.0));
    }
}

#[test]
fn moka_540_551_resizing_is_effective_when_it_returns() {
    for storage in BOTH {
        let cache = cache(storage, 2_000);
        cache.insert_many((0..2_000_u64).map(|key| (key, key)));
        cache.resize(100).unwrap();
        assert!(cache.len() <= 100 && cache.capacity() == 100);
        cache.resize(4_000).unwrap();
        cache.insert_many((0..4_000_u64).map(|key| (key, key)));
        assert!(cache.len() > 3_600, "{}", cache.len());
    }
}

#[test]
fn moka_471_a_number_of_entries_can_be_let_go() {
    for storage in BOTH {
        let cache = cache(storage, 2_000);
        cache.insert_many((0..1_000_u64).map(|key| (key, key)));
        // The coldest fifty.
        let coldest: Vec<u64> = cache.hot().into_iter().rev().take(50).map(|(key, _)| key).collect();
        coldest.iter().for_each(|key| assert_eq!(cache.remove(key), Some(*key)));
        assert_eq!(cache.len(), 950);
    }
}

/// Sieve and others are there to be named.
#[test]
fn moka_446_411_the_policy_can_be_chosen() {
    for policy in nuthatch_cache::PolicyKind::ALL {
        let cache: Cache<u64, u64> = Cache::builder().capacity(10).policy(policy).build().unwrap();
        cache.insert_many((0..100).map(|key| (key, key)));
        assert_eq!(cache.len(), 10, "{policy}");
    }
}

#[test]
fn moka_504_expiry_may_depend_on_what_an_update_wrote() {
    struct ByValue;
    impl Expiry<u32, u64> for ByValue {
        fn after_create(&self, _: &u32, value: &u64) -> Option<Duration> {
            Some(Duration::from_secs(*value))
        }
        fn after_update(&self, _: &u32, value: &u64, _: Option<Duration>) -> Option<Duration> {
            Some(Duration::from_secs(*value))
        }
    }
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache: Cache<u32, u64> =
            builder(storage, 100).clock(clock.clock()).expiry(ByValue).build().unwrap();
        cache.insert(1, 1);
        cache.compute(1, |_| Change::Put(5));
        clock.advance(Duration::from_secs(4));
        assert_eq!(cache.get(&1), Some(5));
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get(&1), None);
    }
}
