//! Loading as tasks: one loader, no runtime, and a future may be dropped at any point.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod support;

use std::{
    cell::Cell,
    pin::pin,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    thread,
};

use nuthatch_cache::{Cache, LoadError};
use support::{Bell, block_on, poll_once, yield_now};

fn cache<V: Clone>() -> Cache<String, V> {
    Cache::builder().capacity(100).build().unwrap()
}

#[test]
fn one_loader_runs_however_many_tasks_and_threads_come() {
    let (cache, loads, barrier) = (cache(), AtomicUsize::new(0), Barrier::new(8));
    let load = || {
        loads.fetch_add(1, SeqCst);
        thread::yield_now();
        7
    };
    thread::scope(|scope| {
        for caller in 0..8 {
            let (cache, barrier, load) = (&cache, &barrier, &load);
            scope.spawn(move || {
                barrier.wait();
                let value = if caller % 2 == 0 {
                    cache.get_or_insert_with("key", load)
                } else {
                    let load = || async {
                        yield_now().await;
                        load()
                    };
                    block_on(cache.get_or_insert_async("key", load))
                };
                assert_eq!(value, 7);
            });
        }
    });
    assert_eq!(loads.into_inner(), 1);
}

#[test]
fn on_a_hit_the_loader_is_not_even_called() {
    let cache = cache();
    cache.insert("key".into(), 1);
    let never = || -> std::future::Ready<u32> { unreachable!("there is a value") };
    assert_eq!(block_on(cache.get_or_insert_async("key", never)), 1);
}

#[test]
fn an_error_goes_to_the_task_that_loaded_and_the_one_that_waits_loads() {
    let cache = cache();
    let mut fails = pin!(cache.try_get_or_insert_async("key", || async {
        yield_now().await;
        Err("down")
    }));
    let mut waits = pin!(cache.try_get_or_insert_async("key", || async { Ok::<_, &str>(5) }));
    assert!(poll_once(fails.as_mut()).is_pending());
    assert!(poll_once(waits.as_mut()).is_pending());
    assert_eq!(poll_once(fails.as_mut()), Poll::Ready(Err(LoadError::Failed("down"))));
    assert_eq!(poll_once(waits.as_mut()), Poll::Ready(Ok(5)));
    assert_eq!(cache.get("key"), Some(5));
}

/// Awaits this many times before it is done.
const AWAITS: usize = 3;

#[test]
fn a_load_dropped_at_any_await_is_handed_over_and_leaves_nothing_behind() {
    for polls in 0..=AWAITS {
        let cache = cache();
        let value = Arc::new(7);
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let load = || {
            let value = Arc::clone(&value);
            async move {
                for _ in 0..AWAITS {
                    yield_now().await;
                }
                value
            }
        };
        let mut waits = Box::pin(cache.get_or_insert_async("key", load));
        {
            let mut leads = Box::pin(cache.get_or_insert_async("key", load));
            for _ in 0..polls {
                assert!(poll_once(leads.as_mut()).is_pending());
            }
            if polls > 0 {
                assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                assert_eq!(Arc::strong_count(&bell), 3, "ours, the waker, and its copy in the flight");
            }
        }
        assert_eq!(bell.rung(), usize::from(polls > 0), "told that the load is its own now");
        assert_eq!(Arc::strong_count(&bell), 2);
        assert_eq!(*block_on(waits), 7);
        assert_eq!(Arc::strong_count(&value), 2, "ours and the cache's");
        cache.remove("key");
        assert_eq!(Arc::strong_count(&value), 1);
    }
}

#[test]
fn a_task_that_stops_waiting_leaves_no_waker_however_often_it_was_polled() {
    let cache = cache();
    let mut leads = pin!(cache.get_or_insert_async("key", || async {
        yield_now().await;
        7
    }));
    assert!(poll_once(leads.as_mut()).is_pending());
    let bells: Vec<_> = (0..3).map(|_| Arc::new(Bell::default())).collect();
    let mut waits = Box::pin(cache.get_or_insert_async("key", || async { 8 }));
    for bell in bells.iter().chain(&bells) {
        let waker = Waker::from(Arc::clone(bell));
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(Arc::strong_count(bell), 3);
        assert_eq!(
            bells.iter().map(Arc::strong_count).sum::<usize>(),
            bells.len() + 2,
            "one is kept at a time"
        );
    }
    drop(waits);
    assert!(bells.iter().all(|bell| Arc::strong_count(bell) == 1));
    assert_eq!(poll_once(leads.as_mut()), Poll::Ready(7));
    assert!(bells.iter().all(|bell| bell.rung() == 0));
}

#[test]
fn a_value_invalidated_while_it_loads_is_not_kept() {
    type Fence = fn(&Cache<String, u32>);
    let cache = cache();
    let fences: [(Fence, _); 3] = [
        (|cache| assert_eq!(cache.remove("key"), None), None),
        (|cache| assert_eq!(cache.insert("key".into(), 2), None), Some(2)),
        (Cache::clear, None),
    ];
    for (fence, kept) in fences {
        cache.clear();
        let mut leads = pin!(cache.get_or_insert_async("key", || async {
            yield_now().await;
            1
        }));
        let mut waits = pin!(cache.get_or_insert_async("key", || async { 3 }));
        assert!(poll_once(leads.as_mut()).is_pending());
        assert!(poll_once(waits.as_mut()).is_pending());
        fence(&cache);
        assert_eq!(poll_once(leads.as_mut()), Poll::Ready(1));
        assert_eq!(poll_once(waits.as_mut()), Poll::Ready(1), "it asked before the value was out of date");
        assert_eq!(cache.get("key"), kept);
    }
}

#[test]
fn a_caller_that_comes_after_the_invalidation_does_not_wait_for_the_stale_load() {
    let cache = cache();
    let mut stale = pin!(cache.get_or_insert_async("key", || async {
        yield_now().await;
        1
    }));
    assert!(poll_once(stale.as_mut()).is_pending());
    cache.remove("key");
    assert_eq!(block_on(cache.get_or_insert_async("key", || async { 2 })), 2);
    assert_eq!(poll_once(stale.as_mut()), Poll::Ready(1));
    assert_eq!(cache.get("key"), Some(2));
}

#[test]
fn the_future_is_send_if_its_loader_is_and_need_not_be() {
    fn assert_send<T: Send>(_: &T) {}
    let cache = cache();
    let sends = cache.get_or_insert_async("key", || async {
        yield_now().await;
        1
    });
    assert_send(&sends);
    drop(sends);

    let stays = Cell::new(1);
    let stays = &stays;
    assert_eq!(block_on(cache.get_or_insert_async("key", || async move { stays.get() })), 1);
}

#[test]
fn a_loader_that_panics_in_the_middle_is_followed_by_one_that_waits() {
    let cache = cache();
    let mut panics = Box::pin(cache.get_or_insert_async("key", || async {
        yield_now().await;
        panic!("the loader fails on purpose")
    }));
    let mut waits = pin!(cache.get_or_insert_async("key", || async { 5 }));
    assert!(poll_once(panics.as_mut()).is_pending());
    assert!(poll_once(waits.as_mut()).is_pending());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll_once(panics.as_mut())));
    assert!(caught.is_err());
    // The future is still there, but has let go of the load.
    assert_eq!(poll_once(waits.as_mut()), Poll::Ready(5));
}

#[test]
fn each_task_that_waits_is_woken_once() {
    let cache = cache();
    let mut leads = pin!(cache.get_or_insert_async("key", || async {
        yield_now().await;
        1
    }));
    assert!(poll_once(leads.as_mut()).is_pending());
    let bells: Vec<_> = (0..100).map(|_| Arc::new(Bell::default())).collect();
    let mut waiting: Vec<_> =
        bells.iter().map(|_| Box::pin(cache.get_or_insert_async("key", || async { 2 }))).collect();
    for (bell, waits) in bells.iter().zip(&mut waiting) {
        let waker = Waker::from(Arc::clone(bell));
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    waiting.truncate(50);
    assert_eq!(poll_once(leads.as_mut()), Poll::Ready(1));
    assert_eq!(bells.iter().map(|bell| bell.rung()).sum::<usize>(), 50);
    assert!(bells[..50].iter().all(|bell| bell.rung() == 1));
    assert!(waiting.into_iter().all(|mut waits| poll_once(waits.as_mut()) == Poll::Ready(1)));
    assert!(bells.iter().all(|bell| Arc::strong_count(bell) == 1));
}
