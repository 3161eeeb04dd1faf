//! Code of the cache's user that panics during a load: the cache stays in order, and nobody who waits hangs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
    thread,
};

use nuthatch_cache::Cache;
use support::{poll_once, yield_now};

/// Panics when it is told to.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    /// Panics at the `nth` burn from now on, and at no other. The first is 1.
    fn set(&self, nth: usize) {
        self.0.store(nth, SeqCst);
    }

    fn burn(&self) {
        let left = self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        assert_ne!(left, Ok(1), "this panics on purpose");
    }
}

/// A value with a fuse in its `Clone`, and one in its `Drop`.
struct Value {
    number: u32,
    clone: Fuse,
    drop: Fuse,
}

impl Value {
    fn new(number: u32) -> Self {
        Self { number, clone: Fuse::default(), drop: Fuse::default() }
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.clone.burn();
        Self { number: self.number, clone: self.clone.clone(), drop: self.drop.clone() }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.drop.burn();
        }
    }
}

fn panics(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

/// Leads a load of key 1 that ends with `value` and panics somewhere on the way, while a thread and a task wait for it.
/// Returns what these two got.
fn waits_for_one_that_panics(cache: &Cache<u32, Value>, light: impl Fn(), value: Value) -> [u32; 2] {
    let (started, is_started) = mpsc::channel();
    thread::scope(|scope| {
        let mut leads = Box::pin(cache.get_or_insert_async(&1, || async {
            yield_now().await;
            value
        }));
        let mut task = pin!(cache.get_or_insert_async(&1, || async { Value::new(3) }));
        assert!(poll_once(leads.as_mut()).is_pending());
        assert!(poll_once(task.as_mut()).is_pending());
        let thread = scope.spawn(move || {
            started.send(()).unwrap();
            cache.get_or_insert_with(&1, || Value::new(3)).number
        });
        is_started.recv().unwrap();
        light();
        assert!(panics(|| drop(poll_once(leads.as_mut()))));
        let Poll::Ready(task) = poll_once(task.as_mut()) else { unreachable!("the load has ended") };
        [thread.join().unwrap(), task.number]
    })
}

#[test]
fn a_value_that_panics_when_cloned_is_loaded_by_another_caller() {
    // At the first clone the value is not kept yet. At the second it is, but has not reached those who wait.
    for (nth, expected) in [(1, [3, 3]), (2, [2, 2])] {
        let cache: Cache<u32, Value> = Cache::builder().capacity(10).build().unwrap();
        let fuse = Fuse::default();
        let mut value = Value::new(2);
        value.clone = fuse.clone();
        assert_eq!(waits_for_one_that_panics(&cache, || fuse.set(nth), value), expected);
        assert_eq!((cache.len(), cache.weight()), (1, 1));
    }
}

#[test]
fn a_value_that_panics_when_it_is_evicted_by_a_load_keeps_nobody_waiting() {
    let cache: Cache<u32, Value> = Cache::builder().capacity(1).build().unwrap();
    let fuse = Fuse::default();
    let mut evicted = Value::new(7);
    evicted.drop = fuse.clone();
    cache.insert(7, evicted);
    let value = Value::new(2);
    assert_eq!(waits_for_one_that_panics(&cache, || fuse.set(1), value), [2, 2], "it is in the cache");
    assert_eq!((cache.len(), cache.weight()), (1, 1));
}

#[test]
fn a_weigher_that_panics_keeps_nobody_waiting() {
    let fuse = Fuse::default();
    let weighs = fuse.clone();
    let weigher = move |_: &u32, _: &Value| {
        weighs.burn();
        1
    };
    let cache: Cache<u32, Value> = Cache::builder().weight_capacity(10).weigher(weigher).build().unwrap();
    let value = Value::new(2);
    assert_eq!(waits_for_one_that_panics(&cache, || fuse.set(1), value), [3, 3]);
    assert_eq!((cache.len(), cache.weight()), (1, 1));
}

#[derive(Clone)]
struct Key(u32, Fuse);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.1.burn();
        self.0 == other.0
    }
}
impl Eq for Key {}
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[test]
fn a_key_that_panics_when_compared_to_one_that_loads_leaves_that_load_alone() {
    let cache: Cache<Key, u32> = Cache::builder().capacity(10).build().unwrap();
    let fuse = Fuse::default();
    let (key, calm) = (Key(1, fuse.clone()), Key(1, Fuse::default()));
    let value = cache.get_or_insert_with(&calm, || {
        for _ in 0..3 {
            fuse.set(1);
            assert!(panics(|| _ = cache.get_or_insert_with(&key, || 5)));
            fuse.set(1);
            assert!(panics(|| _ = cache.remove(&key)));
            fuse.set(1);
            assert!(panics(|| _ = cache.insert(key.clone(), 6)));
        }
        2
    });
    assert_eq!((value, cache.get(&calm)), (2, Some(2)), "it was neither joined nor fenced");
    assert_eq!((cache.len(), cache.weight()), (1, 1));
}

#[test]
fn a_loader_may_panic_again_and_again() {
    let cache: Cache<u32, u32> = Cache::builder().capacity(10).build().unwrap();
    for _ in 0..10 {
        assert!(panics(|| _ = cache.get_or_insert_with(&1, || panic!("the loader fails on purpose"))));
    }
    assert_eq!((cache.get_or_insert_with(&1, || 1), cache.len()), (1, 1));
}
