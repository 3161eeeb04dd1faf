//! One loader per key, and no stale value kept.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use nuthatch_cache::{Cache, LoadError};

fn cache() -> Cache<String, u32> {
    Cache::builder().capacity(100).build().unwrap()
}

#[test]
fn one_loader_runs_however_many_callers_come() {
    let (cache, loads, barrier) = (cache(), AtomicUsize::new(0), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                let value = cache.get_or_insert_with("key", || {
                    loads.fetch_add(1, SeqCst);
                    thread::yield_now();
                    7
                });
                assert_eq!(value, 7);
            });
        }
    });
    assert_eq!(loads.into_inner(), 1);
}

/// Runs `meanwhile` while a load of "key" that will return 1 is under way; returns what the load's caller got.
fn load_fenced_by(cache: &Cache<String, u32>, meanwhile: impl FnOnce()) -> u32 {
    let (started, is_started) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    thread::scope(|scope| {
        let loader = scope.spawn(move || {
            cache.get_or_insert_with("key", || {
                started.send(()).unwrap();
                may_go.recv().unwrap();
                1
            })
        });
        is_started.recv().unwrap();
        meanwhile();
        go.send(()).unwrap();
        loader.join().unwrap()
    })
}

#[test]
fn a_value_removed_while_it_loads_is_not_kept() {
    let cache = cache();
    assert_eq!(load_fenced_by(&cache, || assert_eq!(cache.remove("key"), None)), 1);
    assert_eq!(cache.get("key"), None);
}

#[test]
fn a_value_written_while_another_loads_wins() {
    let cache = cache();
    assert_eq!(load_fenced_by(&cache, || assert_eq!(cache.insert("key".into(), 2), None)), 1);
    assert_eq!(cache.get("key"), Some(2));
}

#[test]
fn clearing_fences_loads_and_the_next_caller_loads_afresh() {
    let cache = cache();
    let fresh = || {
        cache.clear();
        assert_eq!(cache.get_or_insert_with("key", || 3), 3, "does not wait for the fenced load");
    };
    assert_eq!(load_fenced_by(&cache, fresh), 1);
    assert_eq!(cache.get("key"), Some(3));
}

#[test]
fn after_a_panicking_loader_one_of_those_who_wait_loads() {
    let cache = cache();
    let (started, is_started) = mpsc::channel();
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            catch_unwind(AssertUnwindSafe(|| {
                cache.get_or_insert_with("key", || {
                    started.send(()).unwrap();
                    thread::yield_now();
                    panic!("the loader fails on purpose")
                })
            }))
        });
        is_started.recv().unwrap();
        assert_eq!(cache.get_or_insert_with("key", || 5), 5);
        assert!(first.join().unwrap().is_err());
    });
    assert_eq!(cache.get("key"), Some(5));
}

#[test]
fn an_error_goes_to_the_caller_that_loaded_and_nothing_is_kept() {
    let cache = cache();
    assert_eq!(cache.try_get_or_insert_with("key", || Err("down")), Err(LoadError::Failed("down")));
    assert_eq!(cache.get("key"), None);
    assert_eq!(cache.try_get_or_insert_with("key", || Ok::<_, &str>(1)), Ok(1));
}

#[test]
fn a_loader_may_use_the_cache_for_other_keys() {
    let cache = cache();
    let value = cache.get_or_insert_with("outer", || cache.get_or_insert_with("inner", || 1) + 1);
    assert_eq!((value, cache.get("inner")), (2, Some(1)));
}

#[test]
fn a_cache_without_a_bound_to_speak_of_keeps_no_fenced_load_either() {
    let cache: Cache<u32, u32> =
        Cache::builder().weight_capacity(u64::MAX).weigher(|_: &u32, _: &u32| 1).build().unwrap();
    let loaded = cache.get_or_insert_with(&1, || {
        cache.remove(&1);
        1
    });
    assert_eq!((loaded, cache.get(&1)), (1, None));
}
