//! The bound under pressure: somebody looks at it all the time, and it is never exceeded, by nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use nuthatch_cache::{Builder, Cache, Change, Entries, StorageKind};

const THREADS: u64 = 8;

/// Runs `work` on eight threads while another looks at the size.
fn watched<V: Send + 'static>(cache: &Cache<u64, V>, work: impl Fn(u64) + Sync) {
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut looks = 0_u64;
            while !done.load(Relaxed) || looks == 0 {
                let (weight, len) = (cache.weight(), cache.len() as u64);
                assert!(weight <= cache.capacity(), "a weight of {weight}");
                assert!(len <= cache.capacity(), "{len} entries");
                looks += 1;
                thread::yield_now();
            }
        });
        let _done = Done(&done);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let work = &work;
                scope.spawn(move || work(thread));
            }
        });
    });
}

fn builders<V>(capacity: u64) -> [Builder<u64, V, Entries>; 3] {
    let builder = || Cache::builder().capacity(capacity);
    [builder().shards(1), builder().shards(16), builder().storage(StorageKind::Sets)]
}

#[test]
fn eight_threads_on_one_key() {
    for capacity in [1, 100, 3_000] {
        for builder in builders(capacity) {
            let cache: Cache<u64, u64> = builder.build().unwrap();
            watched(&cache, |thread| {
                for step in 0..4_000 {
                    let before = match (step + thread) % 6 {
                        0 => cache.remove(&7),
                        1 => cache.compute(7, |held| Change::Put(held.map_or(0, |held| held + 1))),
                        2 => cache.update(&7, |value| *value),
                        3 => cache.get(&7),
                        _ => cache.insert(7, step),
                    };
                    assert!(before.is_none_or(|value| value < 4_000 * THREADS));
                }
            });
            assert!(cache.len() <= 1);
        }
    }
}

#[test]
fn eight_threads_that_only_insert() {
    for capacity in [1, 17, 1_000, 20_000] {
        for builder in builders(capacity) {
            let cache: Cache<u64, String> = builder.build().unwrap();
            let each = (capacity * 10 / THREADS).max(500); // ten times the capacity, together
            watched(&cache, |thread| {
                (0..each).for_each(|step| drop(cache.insert(step * THREADS + thread, step.to_string())));
            });
            let (len, stats) = (cache.len() as u64, cache.stats());
            assert!(len <= capacity && len >= capacity * 9 / 10, "{len} of {capacity}");
            assert_eq!((stats.insertions, stats.evictions), (each * THREADS, each * THREADS - len));
            if cache.storage() == StorageKind::Exact {
                assert_eq!(len, capacity, "full is full");
            }
        }
    }
}

#[test]
fn weights_of_wildly_different_size() {
    const CAPACITY: u64 = 1 << 40;
    for shards in [1, 16] {
        let cache = Cache::builder()
            .weight_capacity(CAPACITY)
            .weigher(|_: &u64, value: &u64| *value)
            .shards(shards)
            .build()
            .unwrap();
        watched(&cache, |thread| {
            let mut state = thread + 1;
            for _ in 0..3_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // From nothing to more than all, and as likely at every size.
                let weight = (1_u64 << ((state >> 58) % 42)) - u64::from(state >> 63 == 0);
                let key = (state >> 33) % 3_000;
                let _ = match state >> 30 & 3 {
                    0 => cache.update(&key, |value| std::mem::replace(value, weight)),
                    1 => Some(cache.entry(key).and_modify(|value| *value = weight).or_insert(weight)),
                    _ => cache.insert(key, weight),
                };
            }
        });
        let held: u64 = cache.iter().map(|(_, weight)| weight).sum();
        assert_eq!(held, cache.weight(), "what is counted is what is held");
    }
}

#[test]
fn a_capacity_that_changes_under_pressure() {
    for builder in builders(2_000) {
        let cache: Cache<u64, u64> = builder.build().unwrap();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..6_000 {
                        cache.insert(step * THREADS + thread, step);
                        if step % 1_000 == thread {
                            cache.resize(100 + (step * 37 + thread * 911) % 5_000).unwrap();
                        }
                    }
                });
            }
        });
        assert!(cache.len() as u64 <= cache.capacity() && cache.weight() <= cache.capacity());
        cache.resize(1_000).unwrap();
        cache.insert_many((0..4_000).map(|key| (key, key)));
        assert!((900..=1_000).contains(&cache.len()), "{}", cache.len());
    }
}
