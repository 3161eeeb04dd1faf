//! The thread that sweeps, for those who want one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use nuthatch_cache::{Cache, ManualClock};

const SECOND: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(1);

fn cache(clock: &ManualClock) -> Arc<Cache<u32, Arc<()>>> {
    Arc::new(Cache::builder().capacity(100).time_to_live(SECOND).clock(clock.clock()).build().unwrap())
}

#[test]
fn what_nobody_asks_for_is_given_back() {
    let clock = ManualClock::new();
    let cache = cache(&clock);
    let value = Arc::new(());
    let maintenance = cache.maintenance(OFTEN).unwrap();
    for key in 0..50 {
        cache.insert(key, Arc::clone(&value));
    }
    clock.advance(SECOND);
    while Arc::strong_count(&value) > 1 {
        thread::yield_now(); // for the sweep that comes
    }
    assert_eq!((cache.len(), cache.stats().expirations), (0, 50));
    drop(maintenance);
}

#[test]
fn what_else_there_is_to_do_is_done_after_each_sweep() {
    let clock = ManualClock::new();
    let cache = cache(&clock);
    cache.insert(1, Arc::new(()));
    clock.advance(SECOND);
    let (sender, swept) = mpsc::channel();
    let maintenance =
        cache.maintenance_with(OFTEN, move |cache| sender.send(cache.stats().len).unwrap_or(())).unwrap();
    assert_eq!(swept.recv(), Ok(0));
    drop(maintenance);
}

#[test]
fn it_ends_with_its_handle_and_with_the_cache() {
    let clock = ManualClock::new();
    let cache = cache(&clock);
    let first = cache.maintenance(Duration::MAX).unwrap();
    drop(first); // returns, though no sweep would ever come
    let second = cache.maintenance(OFTEN).unwrap();
    let value = Arc::new(());
    cache.insert(1, Arc::clone(&value));
    drop(cache);
    while Arc::strong_count(&value) > 1 {
        thread::yield_now(); // a sweep under way may hold the cache a little longer
    }
    drop(second);
}
