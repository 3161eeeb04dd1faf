//! The storage in sets: what is promised of every cache, where it is put to the test most.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use nuthatch_cache::{Cache, StorageKind};

fn sets<K, V>(capacity: u64) -> Cache<K, V> {
    Cache::builder().capacity(capacity).storage(StorageKind::Sets).build().unwrap()
}

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 24
}

#[test]
fn a_cache_far_from_full_loses_next_to_nothing() {
    for capacity in [2_000, 40_000, 1_000_000] {
        let cache = sets::<u64, u64>(capacity);
        for key in 0..capacity / 2 {
            cache.insert(key, key * 3);
        }
        let (len, lost) = (cache.len() as u64, cache.stats().evictions);
        assert!(len + lost == capacity / 2 && lost <= 4 + capacity / 2_000, "{lost} lost of {capacity}");
        let held = (0..capacity / 2).filter_map(|key| cache.get(&key).map(|value| (key, value)));
        assert_eq!(held.filter(|(key, value)| *value == key * 3).count() as u64, len);
    }
}

#[test]
fn next_to_nothing_leaves_before_the_cache_is_full() {
    let cache = sets(100_000);
    for key in 0..100_000_u64 {
        cache.insert(key, key);
    }
    assert!(cache.len() > 96_500, "{}", cache.len());
}

#[test]
fn the_slots_are_the_bound() {
    for capacity in [1, 15, 16, 17, 1_000, 4_321, 100_000] {
        let cache = sets::<u64, u64>(capacity);
        for key in 0..capacity * 3 {
            cache.insert(key, key);
            assert!(cache.contains(&key), "the newcomer is in");
        }
        assert!(cache.len() as u64 <= capacity, "{} of {capacity}", cache.len());
        assert!(cache.len() as u64 >= capacity * 9 / 10, "{} of {capacity}", cache.len());
    }
}

#[test]
fn a_value_is_dropped_once_wherever_it_went() {
    let value = Arc::new(());
    let cache = sets::<String, Arc<()>>(3_000);
    let mut seed = 1;
    for _ in 0..40_000 {
        let key = (random(&mut seed) % 6_000).to_string();
        match random(&mut seed) % 8 {
            0 => drop(cache.remove(&key)),
            1 => drop(cache.get(&key)),
            _ => drop(cache.insert(key, Arc::clone(&value))),
        }
    }
    assert_eq!(Arc::strong_count(&value), 1 + cache.len());
    cache.resize(1_000).unwrap();
    assert_eq!(Arc::strong_count(&value), 1 + cache.len());
    cache.resize(5_000).unwrap();
    for key in 0..10_000 {
        cache.insert(key.to_string(), Arc::clone(&value));
    }
    assert!(cache.len() > 4_000 && cache.len() <= 5_000, "{}", cache.len());
    assert_eq!(Arc::strong_count(&value), 1 + cache.len());
    drop(cache);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn making_it_smaller_keeps_as_much_as_fits() {
    for (before, after) in [(10_000, 9_000), (10_000, 5_000), (50_000, 700), (3_000, 1)] {
        let cache = sets::<u64, u64>(before);
        for key in 0..before {
            cache.insert(key, key);
        }
        cache.resize(after).unwrap();
        assert!(cache.len() as u64 <= after, "{} of {after}", cache.len());
        assert!(cache.len() as u64 >= after * 9 / 10, "{} of {after}", cache.len());
        for key in 0..before {
            assert!(cache.get(&key).is_none_or(|value| value == key));
        }
    }
}

/// Readers that take no lock, writers, and a cache that grows, shrinks and is cleared under them: no value is ever seen
/// under another key, or half of one.
#[test]
fn no_reader_sees_what_was_never_written() {
    #[derive(Clone, Copy)]
    struct Wide([u64; 4]);
    let wide = |key: u64, round: u64| Wide([key, round, key ^ round, key.wrapping_mul(31) + round]);
    let cache: Cache<u64, Wide> =
        Cache::builder().capacity(1_500).storage(StorageKind::Sets).copied().build().unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2_u64)
            .map(|reader| {
                let (cache, done) = (&cache, &done);
                scope.spawn(move || {
                    let (mut seed, mut hits) = (reader + 77, 0_u64);
                    while !done.load(Relaxed) {
                        let key = random(&mut seed) % 4_000;
                        if let Some(Wide([own, round, mixed, folded])) = cache.get(&key) {
                            assert_eq!((own, mixed), (key, key ^ round));
                            assert_eq!(folded, key.wrapping_mul(31) + round);
                            hits += 1;
                        }
                    }
                    hits
                })
            })
            .collect();
        let writers: Vec<_> = (0..3_u64)
            .map(|writer| {
                let cache = &cache;
                scope.spawn(move || {
                    let mut seed = writer + 1;
                    for round in 0..60_000 {
                        let key = random(&mut seed) % 4_000;
                        match random(&mut seed) % 16 {
                            0 => drop(cache.remove(&key)),
                            1 if round % 4_001 == 0 => cache.clear(),
                            2 if round % 511 == 0 => drop(cache.resize(100 + random(&mut seed) % 3_000)),
                            _ => drop(cache.insert(key, wide(key, round))),
                        }
                    }
                })
            })
            .collect();
        let wrote: Vec<_> = writers.into_iter().map(|writer| writer.join().is_ok()).collect();
        done.store(true, Relaxed);
        let hits: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(wrote.into_iter().all(|ok| ok) && hits > 0);
    });
    cache.resize(3_000).unwrap();
    cache.clear();
    assert!(cache.is_empty());
    for key in 0..1_500 {
        cache.insert(key, wide(key, 0));
    }
    assert_eq!((0..1_500).filter(|key| cache.contains(key)).count(), cache.len());
}
