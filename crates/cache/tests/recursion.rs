//! A load that would wait for itself is an error, not a deadlock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Barrier, mpsc},
    task::Poll,
    thread,
};

use nuthatch_cache::{Cache, LoadError};
use support::{block_on, poll_once, yield_now};

type Outcome = Result<u32, LoadError<LoadError<&'static str>>>;

fn cache() -> Cache<String, u32> {
    Cache::builder().capacity(100).build().unwrap()
}

/// Loads `key` by loading `next`, whatever that yields.
fn through(cache: &Cache<String, u32>, key: &'static str, next: &'static str) -> Outcome {
    cache.try_get_or_insert_with(key, || cache.try_get_or_insert_with(next, || Ok(1)))
}

#[test]
fn a_loader_that_asks_for_its_own_key_is_told_so() {
    let cache = cache();
    assert_eq!(through(&cache, "a", "a"), Err(LoadError::Failed(LoadError::Recursive)));
    assert_eq!(cache.get("a"), None);
    assert_eq!(through(&cache, "a", "b"), Ok(1), "and nothing of it is left");
}

#[test]
fn a_loader_that_asks_for_its_own_key_through_others_is_told_so() {
    let cache = cache();
    let inner = cache.try_get_or_insert_with("a", || {
        cache.try_get_or_insert_with("b", || cache.try_get_or_insert_with("a", || Err("never called")))
    });
    assert_eq!(inner, Err(LoadError::Failed(LoadError::Failed(LoadError::Recursive))));
}

#[test]
fn where_no_error_can_be_returned_it_panics_and_names_the_way_out() {
    let cache = cache();
    let load = || cache.get_or_insert_with("a", || cache.get_or_insert_with("a", || 1));
    let panic = catch_unwind(AssertUnwindSafe(load)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("`try_get_or_insert_with`"), "{message}");
    assert_eq!(cache.get_or_insert_with("a", || 2), 2);

    let load = || async { cache.get_or_insert_async("b", || async { 1 }).await };
    let panic =
        catch_unwind(AssertUnwindSafe(|| block_on(cache.get_or_insert_async("b", load)))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("`try_get_or_insert_async`"), "{message}");
}

#[test]
fn a_task_that_awaits_its_own_load_is_told_so() {
    let cache = cache();
    let inner: Outcome = block_on(cache.try_get_or_insert_async("a", || async {
        yield_now().await;
        cache
            .try_get_or_insert_async("b", || async {
                yield_now().await;
                cache.try_get_or_insert_async("a", || async { Err("never called") }).await
            })
            .await
            .map_err(|error| error.failed().unwrap())
    }));
    assert_eq!(inner, Err(LoadError::Failed(LoadError::Recursive)));
}

#[test]
fn a_blocking_load_inside_a_task_counts_as_well() {
    let cache = cache();
    let inner: Outcome = block_on(cache.try_get_or_insert_async("a", || async {
        cache.try_get_or_insert_with("a", || Err("never called"))
    }));
    assert_eq!(inner, Err(LoadError::Failed(LoadError::Recursive)));
}

#[test]
fn two_futures_of_one_task_that_want_the_same_key_are_no_recursion() {
    let cache = cache();
    let mut first = pin!(cache.get_or_insert_async("a", || async {
        yield_now().await;
        1
    }));
    let mut second = pin!(cache.get_or_insert_async("a", || async { 2 }));
    assert!(poll_once(first.as_mut()).is_pending());
    assert!(poll_once(second.as_mut()).is_pending());
    assert_eq!(poll_once(first.as_mut()), Poll::Ready(1));
    assert_eq!(poll_once(second.as_mut()), Poll::Ready(1));
}

#[test]
fn the_same_key_of_another_cache_is_no_recursion() {
    let (cache, other) = (cache(), cache());
    assert_eq!(cache.get_or_insert_with("a", || other.get_or_insert_with("a", || 1) + 1), 2);
}

#[test]
fn a_loader_that_invalidates_its_key_may_load_it_afresh() {
    let cache = cache();
    let value = cache.get_or_insert_with("a", || {
        cache.remove("a");
        cache.get_or_insert_with("a", || 1) + 1
    });
    assert_eq!((value, cache.get("a")), (2, Some(1)));
}

/// One of the two that wait for each other is told, fails, and lets the other go on.
#[test]
fn two_threads_whose_loads_wait_for_each_other_do_not_hang() {
    for _ in 0..50 {
        let (cache, barrier) = (cache(), Barrier::new(2));
        let load = |key: &'static str, other: &'static str| {
            cache.try_get_or_insert_with(key, || {
                barrier.wait();
                cache.try_get_or_insert_with(other, || Err("loads the other key itself"))
            })
        };
        let outcomes = thread::scope(|scope| {
            let first = scope.spawn(|| load("a", "b"));
            let second = scope.spawn(|| load("b", "a"));
            [first.join().unwrap(), second.join().unwrap()]
        });
        let told = |outcome: &Outcome| *outcome == Err(LoadError::Failed(LoadError::Recursive));
        assert!(outcomes.iter().any(told), "{outcomes:?}");
    }
}

#[test]
fn two_tasks_whose_loads_wait_for_each_other_do_not_hang() {
    let cache = cache();
    let load = |key: &'static str, other: &'static str| {
        let cache = &cache;
        cache.try_get_or_insert_async(key, move || async move {
            yield_now().await;
            cache.try_get_or_insert_async(other, || async { Err("the other key") }).await
        })
    };
    let (mut first, mut second) = (pin!(load("a", "b")), pin!(load("b", "a")));
    assert!(poll_once(first.as_mut()).is_pending());
    assert!(poll_once(second.as_mut()).is_pending());
    assert!(poll_once(first.as_mut()).is_pending(), "waits for b");
    assert_eq!(poll_once(second.as_mut()), Poll::Ready(Err(LoadError::Failed(LoadError::Recursive))));
    let outcome: Poll<Outcome> = poll_once(first.as_mut());
    assert_eq!(outcome, Poll::Ready(Err(LoadError::Failed(LoadError::Failed("the other key")))));
}

/// Waiting in a row is not waiting in a circle.
#[test]
fn loads_that_wait_for_each_other_in_a_row_all_end() {
    let cache = cache();
    let (go, may_go) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (started, is_started) = mpsc::channel();
        let cache = &cache;
        scope.spawn(move || {
            cache.get_or_insert_with("c", || {
                started.send(()).unwrap();
                may_go.recv().unwrap();
                1
            })
        });
        is_started.recv().unwrap();
        let (about, is_about) = mpsc::channel();
        let waits = [("b", "c"), ("a", "b")].map(|(key, next)| {
            let about = about.clone();
            let waits = scope.spawn(move || {
                cache.get_or_insert_with(key, || {
                    about.send(()).unwrap();
                    cache.get_or_insert_with(next, || 7)
                })
            });
            is_about.recv().unwrap();
            waits
        });
        go.send(()).unwrap();
        assert_eq!(waits.map(|waits| waits.join().unwrap()), [1, 1]);
    });
}
