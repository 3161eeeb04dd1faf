//! A key and what is held of it, changed in one step.

use std::{sync::Barrier, thread};

use nuthatch_cache::{Cache, Change, ManualClock};

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(
    an_entry_is_looked_at_and_filled,
    an_entry_is_replaced_and_removed,
    an_entry_that_has_expired_is_none,
    compute_decides_once_and_does_what_was_decided,
    no_increment_is_lost_among_threads,
    every_entry_of_a_full_cache_is_changed_where_it_is,
    what_an_entry_displaces_is_counted,
);

fn an_entry_is_looked_at_and_filled<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(100);
    let entry = cache.entry(T::of(1));
    assert_eq!((entry.key(), entry.get()), (&T::of(1), None));
    assert_eq!(entry.or_insert(T::of(10)), T::of(10));
    assert_eq!(cache.entry(T::of(1)).get(), Some(&T::of(10)));
    assert_eq!(cache.entry(T::of(1)).or_insert(T::of(11)), T::of(10));
    let never = || -> T { panic!("the value is held") };
    assert_eq!(cache.entry(T::of(1)).or_insert_with(never), T::of(10));
    let changed =
        cache.entry(T::of(1)).and_modify(|value| *value = T::of(value.number() + 1)).or_insert(T::of(0));
    assert_eq!(changed, T::of(11));
    let made = cache.entry(T::of(2)).and_modify(|_| panic!("nothing is held")).or_insert(T::of(20));
    assert_eq!((made, cache.get(&T::of(2))), (T::of(20), Some(T::of(20))));
    let counts: Cache<T, u32> = shape.cache(100);
    assert_eq!(counts.entry(T::of(3)).or_default(), 0);
    assert_eq!((cache.stats().hits, cache.stats().misses), (5, 2), "each entry is a look-up");
}

fn an_entry_is_replaced_and_removed<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(100);
    assert_eq!(cache.entry(T::of(1)).insert(T::of(10)), None);
    assert_eq!(cache.entry(T::of(1)).insert(T::of(11)), Some(T::of(10)));
    assert_eq!(cache.entry(T::of(1)).remove(), Some(T::of(11)));
    assert_eq!(cache.entry(T::of(1)).remove(), None);
    assert_eq!((cache.len(), cache.weight()), (0, 0));
    let stats = cache.stats();
    assert_eq!((stats.insertions, stats.replacements, stats.removals), (2, 1, 1));
}

fn an_entry_that_has_expired_is_none<T: Datum>(shape: Shape) {
    let clock = ManualClock::new();
    let second = std::time::Duration::from_secs(1);
    let cache: Cache<T, T> = shape.builder(100).clock(clock.clock()).time_to_live(second).build().unwrap();
    cache.insert(T::of(1), T::of(10));
    cache.insert(T::of(2), T::of(20));
    clock.advance(second);
    assert_eq!(cache.entry(T::of(1)).get(), None);
    assert_eq!(cache.entry(T::of(2)).remove(), None);
    assert_eq!(cache.entry(T::of(1)).or_insert(T::of(11)), T::of(11));
    assert!(cache.get_ref(&T::of(2)).is_none() && cache.get_mut(&T::of(2)).is_none());
    clock.advance(second / 2);
    assert_eq!(cache.update(&T::of(1), |value| *value = T::of(12)), Some(()));
    clock.advance(second / 2);
    assert_eq!(cache.get(&T::of(1)), Some(T::of(12)), "a change in place counts as a write");
    clock.advance(second / 2);
    assert_eq!(cache.compute(T::of(1), |held| held.map_or(Change::Remove, |_| Change::Keep)), None);
    assert_eq!(cache.get(&T::of(1)), None);
}

fn compute_decides_once_and_does_what_was_decided<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(100);
    let mut asked = 0;
    let mut compute = |expected: Option<u64>, change: Change<T>| {
        cache.compute(T::of(1), |held| {
            asked += 1;
            assert_eq!(held, expected.map(T::of).as_ref());
            change
        })
    };
    assert_eq!(compute(None, Change::Keep), None);
    assert_eq!(compute(None, Change::Remove), None);
    assert_eq!(compute(None, Change::Put(T::of(1))), None);
    assert_eq!(compute(Some(1), Change::Keep), None);
    assert_eq!(compute(Some(1), Change::Put(T::of(2))), Some(T::of(1)));
    assert_eq!(compute(Some(2), Change::Remove), Some(T::of(2)));
    assert_eq!(compute(None, Change::Keep), None);
    assert_eq!(asked, 7);
    assert!(cache.is_empty());
}

/// Every way of changing a value in one step, from four threads at once, on few keys.
fn no_increment_is_lost_among_threads<T: Datum>(shape: Shape) {
    const THREADS: u64 = 4;
    const STEPS: u64 = 3_000;
    const KEYS: u64 = 3;
    let cache: Cache<T, T> = shape.cache(2_000);
    (0..KEYS).for_each(|key| drop(cache.insert(T::of(key), T::of(0))));
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, barrier) = (&cache, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for step in 0..STEPS {
                    let key = T::of((step + thread) % KEYS);
                    let more = |value: &mut T| *value = T::of(value.number() + 1);
                    match (step / KEYS + thread) % 5 {
                        0 => drop(cache.entry(key).and_modify(more).or_insert(T::of(0))),
                        1 => cache.update(&key, more).unwrap(),
                        2 => more(&mut cache.get_mut(&key).unwrap()),
                        3 => {
                            let entry = cache.entry(key);
                            let next = T::of(entry.get().unwrap().number() + 1);
                            assert!(entry.insert(next).is_some());
                        }
                        _ => drop(cache.compute(key, |held| Change::Put(T::of(held.unwrap().number() + 1)))),
                    }
                    // Meanwhile its family grows.
                    drop(cache.insert(T::of(KEYS + (step * THREADS + thread) % 900), T::of(0)));
                }
            });
        }
    });
    let sum: u64 = (0..KEYS).map(|key| cache.get(&T::of(key)).unwrap().number()).sum();
    assert_eq!(sum, THREADS * STEPS);
}

/// Where a key has two places it may be in, some are in the second.
fn every_entry_of_a_full_cache_is_changed_where_it_is<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(3_000);
    (0..6_000).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
    let (len, insertions) = (cache.len(), cache.stats().insertions);
    for (key, value) in &cache {
        let next = T::of(value.number() + 1);
        let changed = cache.entry(key.clone()).and_modify(|value| *value = next.clone()).or_insert(T::of(0));
        assert_eq!((changed, cache.peek(&key)), (next.clone(), Some(next)));
    }
    assert_eq!((cache.len(), cache.stats().insertions), (len, insertions), "no key is held twice");
}

fn what_an_entry_displaces_is_counted<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(16);
    for key in 0..200 {
        assert_eq!(cache.entry(T::of(key)).or_insert(T::of(key)), T::of(key));
        assert!(cache.contains(&T::of(key)), "the newcomer is in");
        assert!(cache.len() <= 16);
    }
    let stats = cache.stats();
    assert_eq!((stats.insertions, stats.insertions - stats.evictions), (200, stats.len));
}
