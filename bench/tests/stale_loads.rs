//! A value that was invalidated while it was being loaded is out of date: a cache that keeps it serves it for as long as
//! it lives. This one does not keep it. What the peers do is asserted as well, so that this notices when they change; run
//! with `--nocapture` for a table.
#![expect(clippy::print_stdout, reason = "the table, for whoever asks for it")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{sync::mpsc, thread};

use nuthatch_cache::Cache;

const KEY: u64 = 1;
const OLD: u64 = 1;
const NEW: u64 = 2;

/// A cache whose loader is asked for a key that changes meanwhile.
trait Subject: Sync {
    fn get_or_insert_with(&self, load: impl FnOnce() -> u64 + Send + 'static) -> u64;
    fn get(&self) -> Option<u64>;
    fn remove(&self);
    fn insert(&self, value: u64);
}

impl Subject for Cache<u64, u64> {
    fn get_or_insert_with(&self, load: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        self.get_or_insert_with(&KEY, load)
    }
    fn get(&self) -> Option<u64> {
        self.get(&KEY)
    }
    fn remove(&self) {
        self.remove(&KEY);
    }
    fn insert(&self, value: u64) {
        self.insert(KEY, value);
    }
}

impl Subject for moka::sync::Cache<u64, u64> {
    fn get_or_insert_with(&self, load: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        self.get_with(KEY, load)
    }
    fn get(&self) -> Option<u64> {
        self.get(&KEY)
    }
    fn remove(&self) {
        self.invalidate(&KEY);
    }
    fn insert(&self, value: u64) {
        self.insert(KEY, value);
    }
}

impl Subject for quick_cache::sync::Cache<u64, u64> {
    fn get_or_insert_with(&self, load: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        match self.get_or_insert_with(&KEY, || Ok::<u64, std::convert::Infallible>(load())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }
    fn get(&self) -> Option<u64> {
        self.get(&KEY)
    }
    fn remove(&self) {
        self.remove(&KEY);
    }
    fn insert(&self, value: u64) {
        self.insert(KEY, value);
    }
}

/// foyer loads on a runtime of tokio.
struct Foyer {
    cache: foyer_memory::Cache<u64, u64>,
    runtime: tokio::runtime::Runtime,
}

impl Foyer {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { cache: foyer_memory::CacheBuilder::new(100).build(), runtime }
    }
}

impl Subject for Foyer {
    fn get_or_insert_with(&self, load: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        let loaded =
            async { self.cache.get_or_fetch(&KEY, || async { Ok::<_, std::io::Error>(load()) }).await };
        *self.runtime.block_on(loaded).unwrap().value()
    }
    fn get(&self) -> Option<u64> {
        self.cache.get(&KEY).map(|entry| *entry.value())
    }
    fn remove(&self) {
        self.cache.remove(&KEY);
    }
    fn insert(&self, value: u64) {
        self.cache.insert(KEY, value);
    }
}

/// What a cache holds after `meanwhile`, during a load that had read the old value already.
fn held_after(cache: &impl Subject, meanwhile: impl FnOnce()) -> Option<u64> {
    let (started, is_started) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let loader = scope.spawn(move || {
            cache.get_or_insert_with(move || {
                // The old value has been read from where it comes from; here is the reader, about to return it.
                let _ = started.send(());
                let _ = may_go.recv();
                OLD
            })
        });
        let _ = is_started.recv();
        meanwhile();
        drop(go);
        // Its own caller asked before the change: the old value will do, and so will the new.
        assert!(loader.join().is_ok());
    });
    cache.get()
}

/// What is held after the key was removed during a load, and after its new value was put in.
fn after_removal_and_write(name: &str, cache: impl Subject) -> [Option<u64>; 2] {
    let removed = held_after(&cache, || cache.remove());
    cache.remove();
    let written = held_after(&cache, || cache.insert(NEW));
    let of = |held| match held {
        Some(OLD) => "the stale value",
        Some(_) => "the new value",
        None => "nothing",
    };
    println!("{name:12} removed while it loads: {:16} written: {}", of(removed), of(written));
    [removed, written]
}

const RIGHT: [Option<u64>; 2] = [None, Some(NEW)];

#[test]
fn nuthatch_keeps_no_value_that_was_invalidated_while_it_loaded() {
    let cache = Cache::builder().capacity(100).build().unwrap();
    assert_eq!(after_removal_and_write("nuthatch", cache), RIGHT);
}

#[test]
fn moka_keeps_the_stale_value_even_over_the_new_one() {
    assert_eq!(after_removal_and_write("moka", moka::sync::Cache::new(100)), [Some(OLD), Some(OLD)]);
}

#[test]
fn quick_cache_keeps_no_stale_value_either() {
    assert_eq!(after_removal_and_write("quick_cache", quick_cache::sync::Cache::new(100)), RIGHT);
}

#[test]
fn foyer_keeps_the_stale_value_even_over_the_new_one() {
    assert_eq!(after_removal_and_write("foyer", Foyer::new()), [Some(OLD), Some(OLD)]);
}
