//! Many keys loaded at once: one call for all that nobody else loads, and no circle of waiting.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
    thread,
};

use nuthatch_cache::{Cache, LoadError};
use support::{block_on, poll_once, yield_now};

fn cache() -> Cache<u32, u32> {
    Cache::builder().capacity(1000).build().unwrap()
}

/// The value of every key.
fn tens(keys: &[&u32]) -> Vec<u32> {
    keys.iter().map(|key| **key * 10).collect()
}

#[test]
fn one_call_loads_all_that_is_missing_and_the_values_come_in_order() {
    let cache = cache();
    cache.insert(2, 20);
    let mut calls = Vec::new();
    let values = cache.get_many_or_insert_with(&[3, 2, 1, 3], |missing| {
        calls.push(missing.iter().map(|key| **key).collect::<Vec<_>>());
        tens(missing)
    });
    assert_eq!(values, [30, 20, 10, 30]);
    assert_eq!(calls, [[3, 1]], "each key once");
    assert_eq!((cache.get(&1), cache.get(&3)), (Some(10), Some(30)));
    assert_eq!(cache.get_many_or_insert_with(&[1, 2, 3], |_| unreachable!("all are there")), [10, 20, 30]);
    let none: [&u32; 0] = [];
    assert!(cache.get_many_or_insert_with(none, |_| unreachable!("nothing is asked for")).is_empty());
}

#[test]
fn borrowed_keys_will_do() {
    let cache: Cache<String, usize> = Cache::builder().capacity(10).build().unwrap();
    let lengths = |keys: &[&str]| keys.iter().map(|key| key.len()).collect();
    assert_eq!(cache.get_many_or_insert_with(["a", "bc"], lengths), [1, 2]);
}

#[test]
fn every_key_is_loaded_once_however_calls_overlap() {
    let (cache, loads, barrier) = (cache(), AtomicUsize::new(0), Barrier::new(4));
    thread::scope(|scope| {
        for caller in 0..4 {
            let (cache, loads, barrier) = (&cache, &loads, &barrier);
            scope.spawn(move || {
                // Half of the keys are shared with the next caller, in the opposite order.
                let mut keys: Vec<u32> = (caller * 50..caller * 50 + 100).collect();
                if caller % 2 == 1 {
                    keys.reverse();
                }
                let load = |missing: &[&u32]| {
                    loads.fetch_add(missing.len(), SeqCst);
                    thread::yield_now();
                    tens(missing)
                };
                barrier.wait();
                let values = if caller < 2 {
                    cache.get_many_or_insert_with(&keys, load)
                } else {
                    let load = |missing: Vec<_>| async move {
                        yield_now().await;
                        Ok::<_, ()>(load(&missing))
                    };
                    block_on(cache.try_get_many_or_insert_async(&keys, load)).unwrap()
                };
                assert_eq!(values, tens(&keys.iter().collect::<Vec<_>>()));
            });
        }
    });
    assert_eq!(loads.into_inner(), 250);
}

#[test]
fn two_calls_that_each_lead_what_the_other_wants_both_end() {
    let cache = cache();
    let mut first = pin!(cache.try_get_many_or_insert_async(&[1, 2], |missing| async move {
        yield_now().await;
        Ok::<_, ()>(tens(&missing))
    }));
    assert!(poll_once(first.as_mut()).is_pending());
    let mut second = pin!(cache.try_get_many_or_insert_async(&[3, 1], |missing| async move {
        assert_eq!(missing, [&3]);
        yield_now().await;
        Ok::<_, ()>(tens(&missing))
    }));
    assert!(poll_once(second.as_mut()).is_pending());
    assert_eq!(cache.get(&3), None, "still being loaded");
    assert!(poll_once(second.as_mut()).is_pending());
    assert_eq!(cache.get(&3), Some(30), "lands before the call waits for the other");
    assert_eq!(poll_once(first.as_mut()), Poll::Ready(Ok(vec![10, 20])));
    assert_eq!(poll_once(second.as_mut()), Poll::Ready(Ok(vec![30, 10])));
}

#[test]
fn what_another_failed_to_load_is_loaded_in_a_second_call() {
    let cache = cache();
    let (started, is_started) = mpsc::channel();
    let (fail, may_fail) = mpsc::channel::<()>();
    let mut calls = Vec::new();
    let shared = &cache;
    thread::scope(|scope| {
        let fails = scope.spawn(move || {
            shared.try_get_or_insert_with(&1, || {
                started.send(()).unwrap();
                may_fail.recv().unwrap();
                Err("down")
            })
        });
        is_started.recv().unwrap();
        let values = cache.get_many_or_insert_with(&[1, 2], |missing| {
            if calls.is_empty() {
                fail.send(()).unwrap();
            }
            calls.push(missing.iter().map(|key| **key).collect::<Vec<_>>());
            tens(missing)
        });
        assert_eq!(values, [10, 20]);
        assert_eq!(fails.join().unwrap(), Err(LoadError::Failed("down")));
    });
    assert_eq!(calls, [[2], [1]]);
}

#[test]
fn an_error_a_panic_or_a_wrong_number_of_values_keeps_nothing() {
    let cache = cache();
    assert_eq!(cache.try_get_many_or_insert_with(&[1, 2], |_| Err("down")), Err(LoadError::Failed("down")));
    let miscounted = Err(LoadError::Miscounted { asked: 2, returned: 1 });
    assert_eq!(cache.try_get_many_or_insert_with(&[1, 2], |_| Ok::<_, ()>(vec![1])), miscounted);
    let panics = || cache.get_many_or_insert_with(&[1, 2], |_| panic!("the loader fails on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let miscounts = || cache.get_many_or_insert_with(&[1, 2], |_| vec![1, 2, 3]);
    let panic = catch_unwind(AssertUnwindSafe(miscounts)).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("3 values for 2 keys"));
    assert!(cache.is_empty());
    assert_eq!(cache.get_many_or_insert_with(&[1, 2], tens), [10, 20]);
}

#[test]
fn a_call_that_is_dropped_hands_all_its_keys_over() {
    let cache = cache();
    let never = |_| std::future::pending::<Result<Vec<u32>, ()>>();
    let mut dropped = Box::pin(cache.try_get_many_or_insert_async(&[1, 2, 3], never));
    assert!(poll_once(dropped.as_mut()).is_pending());
    let mut waits = pin!(cache.get_or_insert_async(&2, || async { 5 }));
    assert!(poll_once(waits.as_mut()).is_pending());
    drop(dropped);
    assert_eq!(poll_once(waits.as_mut()), Poll::Ready(5));
    assert_eq!(cache.get_many_or_insert_with(&[1, 2, 3], tens), [10, 5, 30]);
}

#[test]
fn a_loader_that_asks_for_one_of_its_keys_is_told_so() {
    let cache = cache();
    let mut told = 0;
    let values = cache.get_many_or_insert_with(&[1, 2], |missing| {
        for key in missing {
            assert_eq!(cache.try_get_or_insert_with(*key, || Ok::<_, ()>(1)), Err(LoadError::Recursive));
            told += 1;
        }
        let recursive = cache.try_get_many_or_insert_with(&[7, 2], |missing| Ok::<_, ()>(tens(missing)));
        assert_eq!(recursive, Err(LoadError::Recursive));
        tens(missing)
    });
    assert_eq!((values, told), (vec![10, 20], 2));
}

#[test]
fn values_invalidated_while_they_load_are_not_kept_and_the_others_are() {
    let cache = cache();
    let values = cache.get_many_or_insert_with(&[1, 2, 3], |missing| {
        cache.remove(&2);
        tens(missing)
    });
    assert_eq!(values, [10, 20, 30]);
    assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (Some(10), None, Some(30)));
}
