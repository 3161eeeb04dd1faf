//! Looking up without waiting, and loading in one's own time.

mod support;

use std::{pin::pin, sync::Arc, task::Poll, thread, time::Duration};

use nuthatch_cache::{Cache, LoadError, Lookup, ManualClock, Terms};
use support::{block_on, poll_once};

fn cache() -> Arc<Cache<String, u32>> {
    Arc::new(Cache::new(100))
}

#[test]
fn a_miss_comes_with_the_right_to_load_and_others_find_it_busy() {
    let cache = cache();
    let Lookup::Miss(reservation) = cache.lookup("key") else { unreachable!("it is empty") };
    assert!(matches!(cache.lookup("key"), Lookup::Busy));
    assert!(cache.reserve("key").is_none());
    let mut waits = pin!(cache.get_or_insert_async("key", || async { 2 }));
    assert!(poll_once(waits.as_mut()).is_pending());
    assert_eq!(reservation.insert(1), 1);
    assert_eq!(poll_once(waits.as_mut()), Poll::Ready(1));
    assert!(matches!(cache.lookup("key"), Lookup::Hit(1)));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (1, 3, 1));
}

#[test]
fn a_reservation_that_is_dropped_is_handed_over() {
    let cache = cache();
    let Lookup::Miss(reservation) = cache.lookup("key") else { unreachable!("it is empty") };
    let mut waits = pin!(cache.get_or_insert_async("key", || async { 2 }));
    assert!(poll_once(waits.as_mut()).is_pending());
    drop(reservation);
    assert_eq!(poll_once(waits.as_mut()), Poll::Ready(2));
}

#[test]
fn a_reservation_may_be_taken_to_another_thread_and_outlive_its_maker() {
    let cache = cache();
    let Lookup::Miss(reservation) = cache.lookup_shared("key") else { unreachable!("it is empty") };
    let weak = Arc::downgrade(&cache);
    drop(cache);
    thread::spawn(move || reservation.insert(1)).join().unwrap();
    assert!(weak.upgrade().is_none(), "the last one let go of the cache");
}

#[test]
fn an_invalidated_reservation_keeps_nothing() {
    let cache = cache();
    let Lookup::Miss(reservation) = cache.lookup("key") else { unreachable!("it is empty") };
    cache.remove("key");
    assert!(matches!(cache.lookup("key"), Lookup::Miss(_)), "who comes now starts afresh");
    assert_eq!(reservation.insert(1), 1);
    assert_eq!(cache.get("key"), None);
}

#[test]
fn a_held_value_can_be_reserved_and_is_served_until_then() {
    let cache = cache();
    cache.insert("key".into(), 1);
    let reservation = cache.reserve_shared("key").unwrap();
    assert!(cache.reserve("key").is_none());
    assert_eq!(cache.get_or_insert_with("key", || unreachable!("it is fresh")), 1);
    reservation.insert(2);
    assert_eq!(cache.get("key"), Some(2));
    let terms = Terms::new().ttl(Duration::ZERO);
    cache.reserve("key").unwrap().insert_with(3, &terms);
    assert_eq!(cache.get("key"), None, "over at once");
    cache.insert("key".into(), 4);
    drop(cache.reserve("key"));
    assert!(cache.reserve("key").is_some());
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.len, stats.replacements), (2, 1, 1, 2));
}

#[test]
fn a_stale_value_comes_with_the_right_to_load_it_for_one() {
    let clock = ManualClock::new();
    let cache: Cache<u32, u32> = Cache::builder()
        .capacity(10)
        .refresh_after_write(Duration::from_secs(1))
        .clock(clock.clock())
        .build()
        .unwrap();
    cache.insert(1, 10);
    assert!(matches!(cache.lookup(&1), Lookup::Hit(10)));
    clock.advance(Duration::from_secs(1));
    let Lookup::Stale(10, Some(reservation)) = cache.lookup(&1) else { unreachable!("it is due") };
    assert!(matches!(cache.lookup(&1), Lookup::Stale(10, None)));
    reservation.insert(11);
    assert!(matches!(cache.lookup(&1), Lookup::Hit(11)));
}

#[test]
fn a_loader_of_a_reservation_that_waits_for_itself_is_told_so() {
    let cache = cache();
    let Lookup::Miss(reservation) = cache.lookup("key") else { unreachable!("it is empty") };
    let value = reservation.load(|| {
        assert!(cache.try_get_or_insert_with("key", || Ok::<_, ()>(1)).is_err());
        Ok::<_, ()>(2)
    });
    assert_eq!((value, cache.get("key")), (Ok(2), Some(2)));

    let Lookup::Miss(reservation) = cache.lookup("other") else { unreachable!("it is not there") };
    let value = block_on(reservation.load_async(|| async {
        let own = cache.try_get_or_insert_async("other", || async { Ok::<_, ()>(1) }).await;
        own.map_err(|error| assert_eq!(error, LoadError::Recursive))?;
        Ok(2)
    }));
    assert_eq!((value, cache.get("other")), (Err(()), None));
}
