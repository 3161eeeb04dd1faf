//! A capacity that changes while the cache is in use.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use nuthatch_cache::Cache;

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(
    a_cache_grows_and_shrinks_and_keeps_what_fits,
    nothing_beyond_the_bound_is_held_when_resize_returns,
    two_who_resize_at_once_agree,
    clear_leaves_nothing_behind_while_the_capacity_changes,
);

/// Lets the other threads go home, whatever becomes of this one.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn a_cache_grows_and_shrinks_and_keeps_what_fits<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(2_000);
    let fill = |to: u64| (0..to).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
    let check = |capacity: u64, least: u64| {
        let len = cache.len() as u64;
        assert_eq!((cache.capacity(), cache.weight()), (capacity, len));
        assert!(len <= capacity && len >= least, "{len} of {capacity}");
        assert!(cache.iter().all(|(key, value)| key == value && cache.contains(&key)));
    };
    fill(4_000);
    check(2_000, 1_800);
    for (capacity, least) in [(1_000, 900), (100, 90), (1, 1), (0, 0), (1, 0), (3_000, 0)] {
        cache.resize(capacity).unwrap();
        check(capacity, least);
    }
    fill(6_000);
    check(3_000, 2_700);
    cache.resize(8_000).unwrap();
    let held = cache.len();
    assert!(held >= 2_700, "nothing leaves when it grows");
    fill(16_000);
    check(8_000, 7_200);
    cache.resize(2_000).unwrap();
    check(2_000, 1_800);
    let stats = cache.stats();
    assert_eq!(stats.insertions - stats.replacements - stats.evictions, stats.len);
}

fn nothing_beyond_the_bound_is_held_when_resize_returns<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(3_000);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..3 {
            let (cache, done) = (&cache, &done);
            scope.spawn(move || {
                let mut key = thread;
                while !done.load(Relaxed) {
                    key = key * 31 % 7_919 + thread + 1;
                    drop(cache.insert(T::of(key), T::of(key)));
                }
            });
        }
        let _done = Done(&done);
        let mut size = 17_u64;
        for _ in 0..150 {
            size = size * 75 % 65_537;
            let capacity = 1 + size % 6_000;
            cache.resize(capacity).unwrap();
            let (len, weight) = (cache.len() as u64, cache.weight());
            assert!(
                len <= capacity && weight <= capacity,
                "{len} entries, a weight of {weight}, of {capacity}"
            );
        }
    });
}

fn two_who_resize_at_once_agree<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(2_000);
    let barrier = Barrier::new(3);
    for round in 0..60_u64 {
        thread::scope(|scope| {
            for capacity in [200 + round, 3_000 - round] {
                let (cache, barrier) = (&cache, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    cache.resize(capacity).unwrap();
                });
            }
            barrier.wait();
            (0..500).for_each(|key| drop(cache.insert(T::of(round * 500 + key), T::of(key))));
        });
        (0..4_000).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
        let (len, capacity) = (cache.len() as u64, cache.capacity());
        assert!(len <= capacity && len >= capacity * 9 / 10, "{len} of {capacity}");
    }
}

fn clear_leaves_nothing_behind_while_the_capacity_changes<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(4_000);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (cache, done) = (&cache, &done);
        scope.spawn(move || {
            let mut round = 0;
            while !done.load(Relaxed) {
                round += 1;
                cache.resize(if round % 2 == 0 { 1_000 } else { 8_000 }).unwrap();
                thread::yield_now(); // a latch is not fair: the other shall get it as well
            }
        });
        let _done = Done(done);
        let mut left = 0;
        for _ in 0..100 {
            (0..800).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
            cache.clear();
            left += (0..800).filter(|key| cache.contains(&T::of(*key))).count();
        }
        assert_eq!(left, 0, "entries that a clear did not reach");
    });
}
