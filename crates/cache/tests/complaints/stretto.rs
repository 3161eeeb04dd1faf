//! <https://github.com/al8n/stretto>

use std::{thread, time::Duration};

use nuthatch_cache::{Cache, ManualClock};

use crate::{BOTH, builder, cache};

#[test]
fn stretto_57_what_was_inserted_is_there_when_insert_returns() {
    for storage in BOTH {
        let cache = cache(storage, 100);
        for key in 0..10_000_u32 {
            cache.insert(key, key);
            assert_eq!(cache.get(&key), Some(key));
        }
    }
}

#[test]
fn stretto_55_entries_with_a_time_are_there_until_it_comes() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache: Cache<u32, u32> = builder(storage, 2_000).clock(clock.clock()).build().unwrap();
        (0..1_000).for_each(|key| assert_eq!(cache.insert_with_ttl(key, key, Duration::from_secs(10)), None));
        let held = cache.len();
        clock.advance(Duration::from_millis(9_999));
        cache.sweep(u32::MAX);
        assert_eq!((0..1_000).filter(|key| cache.get(key) == Some(*key)).count(), held);
    }
}

#[test]
fn stretto_18_a_cache_that_was_cleared_goes_on() {
    for storage in BOTH {
        let cache = cache(storage, 100);
        for round in 0..10_u32 {
            (0..300).for_each(|key| drop(cache.insert(key, round).map(|old| old.to_string())));
            assert!(cache.len() > 80 && cache.get(&299) == Some(round));
            cache.clear();
            assert!(cache.is_empty());
        }
    }
}

#[test]
fn stretto_13_no_load_makes_an_insert_fail() {
    for storage in BOTH {
        let cache: Cache<u64, u64> = cache(storage, 1_000);
        thread::scope(|scope| {
            for thread in 0..8_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..5_000 {
                        cache.insert(step * 8 + thread, step);
                    }
                });
            }
        });
        let stats = cache.stats();
        assert_eq!((stats.insertions, stats.rejections), (40_000, 0));
        assert_eq!(stats.insertions - stats.evictions, stats.len);
    }
}

/// A stream with a hot part and a long tail is not answered with misses alone.
#[test]
fn quick_cache_49_the_hit_ratio_is_that_of_a_cache() {
    for storage in BOTH {
        let cache: Cache<u64, ()> = cache(storage, 500);
        let mut state = 1_u64;
        for _ in 0..50_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (hot, key) = ((state >> 60) != 0, state >> 33);
            cache.get_or_insert_with(&(if hot { key % 400 } else { 400 + key % 100_000 }), || ());
        }
        assert!(
            cache.stats().hit_ratio().is_some_and(|ratio| ratio > 0.85),
            "{:?}",
            cache.stats().hit_ratio()
        );
    }
}
