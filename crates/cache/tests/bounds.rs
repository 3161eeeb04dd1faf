//! What the capacity promises.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use nuthatch_cache::{Cache, PolicyKind};

#[test]
fn no_entry_leaves_before_the_whole_cache_is_full() {
    for policy in PolicyKind::ALL {
        for (capacity, shards) in [(1, 1), (7, 4), (1_000, 16), (5_000, 8)] {
            let cache = Cache::builder().capacity(capacity).shards(shards).policy(policy).build().unwrap();
            for key in 0..capacity {
                cache.insert(key, key);
            }
            assert!((0..capacity).all(|key| cache.contains(&key)), "{policy} {capacity} {shards}");
            assert_eq!(cache.stats().evictions, 0);
            cache.insert(capacity, 0);
            assert_eq!(cache.len() as u64, capacity);
            assert!(cache.contains(&capacity), "the newcomer is in");
        }
    }
}

#[test]
fn a_cache_of_zero_keeps_nothing_and_still_loads() {
    let cache = Cache::builder().capacity(0).build().unwrap();
    cache.insert(1, 1);
    assert_eq!(cache.get(&1), None);
    assert_eq!(cache.get_or_insert_with(&1, || 2), 2);
    assert_eq!((cache.len(), cache.stats().rejections), (0, 2));
}

#[test]
fn a_value_too_heavy_to_keep_takes_the_outdated_one_with_it() {
    let cache = Cache::builder().weight_capacity(10).weigher(|_: &u8, value: &u64| *value).build().unwrap();
    cache.insert(1, 5);
    cache.insert(1, 11);
    assert_eq!(cache.get(&1), None);
    assert_eq!((cache.weight(), cache.stats().rejections), (0, 1));
}

#[test]
fn the_bound_holds_at_every_moment_under_four_writers() {
    const CAPACITY: u64 = 500;
    let cache = Cache::builder()
        .weight_capacity(CAPACITY)
        .shards(8)
        .weigher(|_: &u64, value: &u64| *value)
        .build()
        .unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0_u64;
            while !done.load(Relaxed) || looks == 0 {
                assert!(cache.weight() <= CAPACITY);
                looks += 1;
            }
        });
        let writers: Vec<_> = (0..4_u64)
            .map(|thread| {
                let cache = &cache;
                scope.spawn(move || {
                    let mut state = thread + 1;
                    for _ in 0..50_000 {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        let (key, weight) = ((state >> 33) % 300, (state >> 50) % 60);
                        let _ = match state >> 60 {
                            0 => cache.remove(&key),
                            1 => Some(cache.get_or_insert_with(&key, || weight)),
                            _ => cache.insert(key, weight),
                        };
                    }
                })
            })
            .collect();
        let results: Vec<_> = writers.into_iter().map(|writer| writer.join().is_ok()).collect();
        done.store(true, Relaxed);
        assert!(watcher.join().is_ok() && results.into_iter().all(|ok| ok));
    });
    let mut weight = 0;
    cache.scan(nuthatch_cache::Cursor::START, usize::MAX, |_, value| weight += value);
    assert_eq!(weight, cache.weight(), "what is counted is what is held");
}
