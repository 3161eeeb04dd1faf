//! Values that are loaded anew while the old one is served.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{pin::pin, task::Poll, time::Duration};

use nuthatch_cache::{Builder, Cache, Entries, LoadError, ManualClock, StorageKind, Terms};
use support::{block_on, poll_once, yield_now};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A cache of each storage, with a value written at second 0, and the clock.
fn caches(
    build: impl Fn(Builder<u32, u32, Entries>) -> Builder<u32, u32, Entries>,
) -> impl Iterator<Item = (Cache<u32, u32>, ManualClock)> {
    [StorageKind::Exact, StorageKind::Sets].into_iter().map(move |storage| {
        let clock = ManualClock::new();
        let builder = Cache::builder().capacity(100).storage(storage).clock(clock.clock());
        let cache = build(builder).build().unwrap();
        cache.insert(1, 10);
        (cache, clock)
    })
}

/// Never called.
fn unasked() -> u32 {
    unreachable!("no load is due")
}

/// What a caller gets while another loads key 1 anew, which will give `loaded`; and what that other gets.
fn while_another_loads(
    cache: &Cache<u32, u32>,
    loaded: Result<u32, ()>,
) -> (Option<u32>, Result<u32, LoadError<()>>) {
    let mut leads = pin!(cache.try_get_or_insert_async(&1, || async {
        yield_now().await;
        loaded
    }));
    assert!(poll_once(leads.as_mut()).is_pending());
    let mut other = pin!(cache.get_or_insert_async(&1, || async { unasked() }));
    let served = poll_once(other.as_mut());
    let Poll::Ready(led) = poll_once(leads.as_mut()) else { unreachable!("it yields once") };
    let served = match served {
        Poll::Ready(value) => Some(value),
        Poll::Pending => {
            if led.is_ok() {
                assert!(poll_once(other.as_mut()).is_ready());
            }
            None
        }
    };
    (served, led)
}

#[test]
fn a_value_due_for_a_refresh_is_loaded_by_one_caller_and_served_to_the_others() {
    for (cache, clock) in caches(|builder| builder.refresh_after_write(seconds(10))) {
        clock.advance(seconds(9));
        assert_eq!(cache.get_or_insert_with(&1, unasked), 10);
        clock.advance(seconds(1));
        assert_eq!(cache.get(&1), Some(10), "a plain look-up loads nothing");
        assert_eq!(while_another_loads(&cache, Ok(11)), (Some(10), Ok(11)));
        assert_eq!(cache.get_or_insert_with(&1, unasked), 11);
        clock.advance(seconds(10));
        assert_eq!(cache.get_or_insert_with(&1, || 12), 12);
        let stats = cache.stats();
        assert_eq!((stats.misses, stats.loads, stats.replacements), (0, 2, 2));
    }
}

#[test]
fn a_refresh_that_fails_serves_the_value_that_is_there_and_is_tried_again() {
    for (cache, clock) in caches(|builder| builder.refresh_after_write(seconds(10))) {
        clock.advance(seconds(10));
        assert_eq!(while_another_loads(&cache, Err(())), (Some(10), Ok(10)));
        assert_eq!(cache.try_get_or_insert_with(&1, || Err("down")), Ok(10));
        assert_eq!(cache.get_many_or_insert_with(&[1], |_| vec![11]), [11]);
        let stats = cache.stats();
        assert_eq!((stats.loads, stats.load_failures), (3, 2));
    }
}

#[test]
fn a_stale_value_is_served_while_one_caller_loads_it_anew() {
    let build = |builder: Builder<u32, u32, Entries>| {
        builder.time_to_live(seconds(10)).stale_while_revalidate(seconds(5))
    };
    for (cache, clock) in caches(build) {
        clock.advance(seconds(12));
        assert_eq!(cache.get(&1), None, "it is stale");
        assert_eq!(
            while_another_loads(&cache, Err(())),
            (Some(10), Err(LoadError::Failed(()))),
            "an error is one"
        );
        assert_eq!(while_another_loads(&cache, Ok(11)), (Some(10), Ok(11)));
        assert_eq!(cache.get(&1), Some(11));
        clock.advance(seconds(15));
        assert_eq!(while_another_loads(&cache, Ok(12)), (None, Ok(12)), "too old even to be served as stale");
    }
}

#[test]
fn a_stale_value_is_served_if_loading_it_anew_fails() {
    let build =
        |builder: Builder<u32, u32, Entries>| builder.time_to_live(seconds(10)).stale_if_error(seconds(5));
    for (cache, clock) in caches(build) {
        clock.advance(seconds(12));
        assert_eq!(while_another_loads(&cache, Ok(11)), (None, Ok(11)), "who comes meanwhile waits");
        clock.advance(seconds(12));
        let mut leads = pin!(cache.try_get_or_insert_async(&1, || async {
            yield_now().await;
            Err("down")
        }));
        let mut waits = pin!(cache.get_or_insert_async(&1, || async { unasked() }));
        assert!(poll_once(leads.as_mut()).is_pending());
        assert!(poll_once(waits.as_mut()).is_pending());
        assert_eq!(poll_once(leads.as_mut()), Poll::Ready(Ok(11)));
        assert_eq!(poll_once(waits.as_mut()), Poll::Ready(11), "without asking what is down again");
        clock.advance(seconds(3));
        assert_eq!(cache.try_get_or_insert_with(&1, || Err("down")), Err(LoadError::Failed("down")));
    }
}

#[test]
fn both_windows_hold_at_once() {
    let build = |builder: Builder<u32, u32, Entries>| {
        builder.time_to_live(seconds(10)).stale_while_revalidate(seconds(2)).stale_if_error(seconds(5))
    };
    for (cache, clock) in caches(build) {
        clock.advance(seconds(11));
        assert_eq!(while_another_loads(&cache, Err(())), (Some(10), Ok(10)));
        clock.advance(seconds(2));
        assert_eq!(cache.try_get_or_insert_with(&1, || Err(())), Ok(10));
        assert_eq!(while_another_loads(&cache, Ok(11)), (None, Ok(11)));
    }
}

#[test]
fn a_refresh_overtaken_by_a_write_or_a_removal_is_not_kept() {
    for (cache, clock) in caches(|builder| builder.refresh_after_write(seconds(10))) {
        clock.advance(seconds(10));
        let value = cache.get_or_insert_with(&1, || {
            cache.insert(1, 20);
            11
        });
        assert_eq!((value, cache.get(&1)), (11, Some(20)));
        clock.advance(seconds(10));
        let value = cache.get_or_insert_with(&1, || {
            cache.remove(&1);
            12
        });
        assert_eq!((value, cache.get(&1)), (12, None));
    }
}

#[test]
fn a_loader_may_look_at_the_value_that_it_replaces() {
    for (cache, clock) in caches(|builder| builder.refresh_after_write(seconds(10))) {
        clock.advance(seconds(10));
        let again = || cache.get_or_insert_with(&1, || unreachable!("served while it is loaded")) + 1;
        assert_eq!(cache.get_or_insert_with(&1, again), 11, "no recursion: nobody waits");
    }
}

#[test]
fn a_loader_says_how_its_value_is_to_be_kept() {
    for (cache, clock) in caches(|builder| builder.time_to_live(seconds(10))) {
        cache.remove(&1);
        let short = Terms::new().ttl(seconds(1));
        let load = |value, terms: &Terms| cache.get_or_insert_with_terms(&1, || (value, terms.clone()));
        assert_eq!(load(1, &short), 1);
        clock.advance(seconds(1));
        assert_eq!(load(2, &Terms::new()), 2, "the first is over");
        clock.advance(seconds(9));
        assert_eq!(load(3, &short), 2);
        clock.advance(seconds(1));
        let passes = async || Ok::<_, ()>((4, Terms::new().ttl(Duration::ZERO)));
        assert_eq!(block_on(cache.try_get_or_insert_async_with_terms(&1, passes)), Ok(4));
        assert!(!cache.contains(&1), "not to be kept at all");
    }
}

#[test]
fn loads_are_counted_and_timed() {
    for (cache, clock) in caches(|builder| builder.time_to_live(seconds(10))) {
        let slow = |key| {
            cache.get_or_insert_with(&key, || {
                clock.advance(seconds(2));
                key
            })
        };
        // Of fast loads not each is timed, of slow ones all after the first.
        for key in 100..164 {
            slow(key);
        }
        let before = cache.stats();
        for key in 200..205 {
            slow(key);
        }
        let after = cache.stats();
        assert_eq!((after.loads - before.loads, after.load_time - before.load_time), (5, seconds(10)));
        assert_eq!(cache.try_get_or_insert_with(&7, || Err(())), Err(LoadError::Failed(())));
        let mut dropped = Box::pin(cache.get_or_insert_async(&7, std::future::pending));
        assert!(poll_once(dropped.as_mut()).is_pending());
        drop(dropped);
        let failed = cache.stats();
        assert_eq!((failed.loads - after.loads, failed.load_failures - after.load_failures), (2, 2));
    }
}
