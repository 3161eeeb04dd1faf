//! Going through the entries, and keeping some.

use std::collections::BTreeSet;

use nuthatch_cache::{Cache, ManualClock, PolicyKind, Terms};

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(
    iteration_shows_each_entry_once,
    the_cache_may_be_used_while_it_is_gone_through,
    hot_shows_each_entry_and_what_is_read_before_what_is_not,
    retain_keeps_what_it_is_told_to_keep,
    remove_if_asks_first,
    what_has_expired_is_not_shown,
);

fn filled<T: Datum>(shape: Shape) -> (Cache<T, T>, BTreeSet<u64>) {
    let cache: Cache<T, T> = shape.cache(2_000);
    (0..1_500).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
    let held = (0..1_500).filter(|key| cache.contains(&T::of(*key))).collect();
    (cache, held)
}

fn iteration_shows_each_entry_once<T: Datum>(shape: Shape) {
    let (cache, held) = filled::<T>(shape);
    let before = cache.stats();
    let shown: Vec<u64> = (&cache).into_iter().map(|(key, value)| (key.number(), value.number()).0).collect();
    assert_eq!(shown.len(), held.len());
    assert_eq!(shown.into_iter().collect::<BTreeSet<u64>>(), held);
    assert_eq!(cache.stats(), before, "no look-ups");
}

fn the_cache_may_be_used_while_it_is_gone_through<T: Datum>(shape: Shape) {
    let (cache, held) = filled::<T>(shape);
    let mut shown = BTreeSet::new();
    for (at, (key, _)) in cache.iter().enumerate() {
        shown.insert(key.number());
        // Unless it was removed meanwhile, below.
        assert!(cache.insert(key.clone(), key.clone()).is_none_or(|value| value == key));
        if at % 100 == 0 {
            cache.remove(&T::of(at as u64));
        }
    }
    let kept: BTreeSet<u64> = held.into_iter().filter(|key| cache.contains(&T::of(*key))).collect();
    assert!(kept.is_subset(&shown), "what is held all the time is shown");
}

fn hot_shows_each_entry_and_what_is_read_before_what_is_not<T: Datum>(shape: Shape) {
    let (cache, held) = filled::<T>(shape);
    for _ in 0..3 {
        (0..100).for_each(|key| drop(cache.get(&T::of(key))));
    }
    let before = cache.stats();
    let hot: Vec<u64> = cache.hot().into_iter().map(|(key, _)| key.number()).collect();
    assert_eq!(cache.stats(), before, "no look-ups");
    assert_eq!(hot.iter().copied().collect::<BTreeSet<u64>>(), held);
    let position = |keys: std::ops::Range<u64>| -> f64 {
        let at: Vec<usize> =
            hot.iter().enumerate().filter(|(_, key)| keys.contains(key)).map(|(at, _)| at).collect();
        at.iter().sum::<usize>() as f64 / at.len() as f64
    };
    assert!(position(0..100) < position(100..1_500) / 2.0, "{} {}", position(0..100), position(100..1_500));
}

/// With one shard the order is the policy's own, exactly.
#[test]
fn hot_is_from_the_last_read_to_the_first_under_lru() {
    let cache: Cache<u32, ()> = Cache::builder().capacity(5).policy(PolicyKind::Lru).build().unwrap();
    (1..=6).for_each(|key| assert_eq!(cache.insert(key, ()), None));
    cache.get(&3);
    cache.peek(&2);
    let order = || cache.hot().into_iter().map(|(key, ())| key).collect::<Vec<_>>();
    assert_eq!(order(), [3, 6, 5, 4, 2]);
    cache.pin(&4);
    assert_eq!(order(), [4, 3, 6, 5, 2], "what may not leave comes first");
    // And they leave from the end.
    (7..=9).for_each(|key| assert_eq!(cache.insert(key, ()), None));
    assert_eq!(order(), [4, 9, 8, 7, 3]);
}

fn retain_keeps_what_it_is_told_to_keep<T: Datum>(shape: Shape) {
    let (cache, held) = filled::<T>(shape);
    let mut asked = BTreeSet::new();
    cache.retain(|key, value| {
        assert_eq!(key, value);
        assert!(asked.insert(key.number()), "each once");
        key.number() % 3 == 0
    });
    assert_eq!(asked, held);
    let kept: BTreeSet<u64> = cache.iter().map(|(key, _)| key.number()).collect();
    assert_eq!(kept, held.iter().copied().filter(|key| key % 3 == 0).collect());
    assert_eq!(cache.stats().removals, (held.len() - kept.len()) as u64);
    assert_eq!(cache.weight(), kept.len() as u64);
}

fn remove_if_asks_first<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(100);
    assert_eq!(cache.remove_if(&T::of(1), |_, _| panic!("nothing is held")), None);
    cache.insert(T::of(1), T::of(10));
    assert_eq!(cache.remove_if(&T::of(1), |_, value| value.number() > 10), None);
    assert!(cache.contains(&T::of(1)));
    assert_eq!(cache.remove_if(&T::of(1), |_, value| value.number() == 10), Some(T::of(10)));
    assert!(cache.is_empty());
}

fn what_has_expired_is_not_shown<T: Datum>(shape: Shape) {
    let clock = ManualClock::new();
    let second = std::time::Duration::from_secs(1);
    let cache: Cache<T, T> = shape.builder(100).clock(clock.clock()).build().unwrap();
    cache.insert_with(T::of(1), T::of(1), &Terms::new().ttl(second));
    cache.insert_with(T::of(2), T::of(2), &Terms::new().tag("t"));
    cache.insert(T::of(3), T::of(3));
    clock.advance(second);
    cache.invalidate_tag("t");
    assert_eq!(cache.iter().collect::<Vec<_>>(), [(T::of(3), T::of(3))]);
    assert_eq!(cache.hot(), [(T::of(3), T::of(3))]);
    assert_eq!(cache.get_many(&[T::of(1), T::of(2), T::of(3)]), [None, None, Some(T::of(3))]);
    let mut seen = Vec::new();
    cache.retain(|key, _| {
        seen.push(key.clone());
        true
    });
    assert_eq!((seen, cache.len()), (vec![T::of(3)], 1));
}
