//! <https://github.com/ben-manes/caffeine>

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use nuthatch_cache::{Cache, Expiry, LoadError, ManualClock};

use crate::{
    BOTH, builder, cache,
    support::{block_on, poll_once, yield_now},
};

#[test]
fn caffeine_7_1536_many_values_are_refreshed_with_one_load() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 2_000);
        let mut loads = 0;
        let values = cache.get_many_or_insert_with(&[1, 2, 3, 2], |missing| {
            loads += 1;
            missing.iter().map(|key| **key * 10).collect()
        });
        assert_eq!((values, loads), (vec![10, 20, 30, 20], 1));
    }
}

#[test]
fn caffeine_504_each_entry_decides_when_it_is_due() {
    struct Own;
    impl Expiry<u32, u64> for Own {
        fn after_create(&self, _: &u32, value: &u64) -> Option<Duration> {
            Some(Duration::from_secs(*value))
        }
    }
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache: Cache<u32, u64> =
            builder(storage, 2_000).clock(clock.clock()).expiry(Own).build().unwrap();
        (1..=9).for_each(|key| assert_eq!(cache.insert(key, u64::from(key)), None));
        for second in 1..=9 {
            clock.advance(Duration::from_secs(1));
            let held = (1..=9).filter(|key| cache.contains(key)).count();
            assert_eq!(held, 9 - second);
        }
    }
}

#[test]
fn caffeine_537_712_960_1728_recursive_load_is_an_error() {
    for storage in BOTH {
        let cache: Cache<u32, u64> = cache(storage, 2_000);
        let inner = cache.try_get_or_insert_with(&1, || cache.try_get_or_insert_with(&1, || Ok::<_, ()>(1)));
        assert_eq!(inner, Err(LoadError::Failed(LoadError::Recursive)));
    }
}

#[test]
fn caffeine_537_a_load_may_load_other_keys() {
    fn fibonacci(cache: &Cache<u32, u64>, n: u32) -> u64 {
        if n < 2 {
            return n.into();
        }
        cache.get_or_insert_with(&n, || fibonacci(cache, n - 1) + fibonacci(cache, n - 2))
    }
    for storage in BOTH {
        let cache = cache(storage, 200);
        assert_eq!(fibonacci(&cache, 80), 23_416_728_348_467_685);
        assert_eq!(cache.stats().loads, 79, "each once");
    }
}

#[test]
fn caffeine_181_420_533_1833_the_size_is_not_above_the_maximum_for_a_moment() {
    for storage in BOTH {
        let cache = cache(storage, 100);
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..10_000 {
                        cache.insert(step * 4 + thread, step);
                        assert!(cache.len() <= 100);
                    }
                });
            }
        });
    }
}

/// To the millisecond, not to the tick of a wheel.
#[test]
fn caffeine_642_what_is_jittered_does_not_expire_in_lumps() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let cache: Cache<u32, u32> = builder(storage, 4_000)
            .clock(clock.clock())
            .time_to_live(Duration::from_secs(600))
            .jitter(1.0)
            .build()
            .unwrap();
        (0..1_000).for_each(|key| assert_eq!(cache.insert(key, key), None));
        let mut before = cache.len();
        for _ in 0..60 {
            clock.advance(Duration::from_secs(10));
            cache.sweep(u32::MAX);
            assert!(
                before - cache.len() < 60,
                "{} of 1000 in one sixtieth of the time",
                before - cache.len()
            );
            before = cache.len();
        }
        assert_eq!(before, 0);
    }
}

#[test]
fn caffeine_1954_a_load_in_flight_keeps_nothing_from_expiring() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let second = Duration::from_secs(1);
        let cache: Cache<u32, u32> =
            builder(storage, 2_000).clock(clock.clock()).time_to_live(second).build().unwrap();
        let mut loading = Box::pin(cache.get_or_insert_async(&1, || async {
            yield_now().await;
            1
        }));
        assert!(poll_once(loading.as_mut()).is_pending());
        (2..100).for_each(|key| assert_eq!(cache.insert(key, key), None));
        clock.advance(second);
        cache.sweep(u32::MAX);
        assert_eq!(cache.len(), 0);
        assert_eq!(block_on(loading), 1);
        assert_eq!(cache.get(&1), Some(1), "its time begins when it is there");
    }
}

/// What a read costs does not wait for a buffer to be drained: it is done when it returns.
#[test]
fn caffeine_270_reads_leave_nothing_to_be_done_later() {
    for storage in BOTH {
        let cache = cache(storage, 2_000);
        (0..100).for_each(|key| assert_eq!(cache.insert(key, key), None));
        (0..100_000).for_each(|step| assert_eq!(cache.get(&(step % 100)), Some(step % 100)));
        let before = cache.stats();
        assert_eq!((before.hits, cache.stats()), (100_000, before));
    }
}

#[test]
fn scaffeine_333_a_tight_loop_of_writes_ends_each_of_them() {
    for storage in BOTH {
        let heard = Arc::new(AtomicU32::new(0));
        let ears = Arc::clone(&heard);
        let cache: Cache<u32, u32> = builder(storage, 10)
            .listener(move |_, _, _| {
                ears.fetch_add(1, Relaxed);
            })
            .build()
            .unwrap();
        for step in 0..50_000 {
            cache.insert(step % 30, step);
            let gone = heard.load(Relaxed) as usize;
            assert_eq!(gone + cache.len(), step as usize + 1, "told of all that left when the call returns");
        }
        let log = Mutex::new(Vec::new());
        cache.retain(|key, _| {
            log.lock().unwrap().push(*key);
            true
        });
        assert_eq!(log.lock().unwrap().len(), cache.len());
    }
}
