//! Under threads: what was invalidated before a look-up began is not its answer, whoever loads what at the time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::{
    pin::pin,
    sync::{
        Barrier,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
};

use nuthatch_cache::{Cache, StorageKind, Terms};
use support::{block_on, poll_once, yield_now};

const KEYS: usize = 4;
const WRITES: u64 = 3_000;

/// Where values come from, and how new the answers must be by now.
#[derive(Default)]
struct World {
    truth: [AtomicU64; KEYS],
    /// Invalidations of older versions have returned.
    floor: [AtomicU64; KEYS],
    writers: AtomicUsize,
}

type Invalidate = fn(&Cache<usize, u64>, usize, u64);

/// How a writer makes its new version of a key known.
const INVALIDATIONS: [(&str, Invalidate); 5] = [
    ("remove", |cache, key, _| _ = cache.remove(&key)),
    ("insert", |cache, key, version| _ = cache.insert(key, version)),
    ("clear", |cache, _, _| cache.clear()),
    ("retain", |cache, key, _| cache.retain(|held, _| *held != key)),
    ("invalidate_tag", |cache, _, _| cache.invalidate_tag("all")),
];

/// A caller that comes after the invalidation does not wait for a load that began before it.
#[test]
fn nobody_joins_a_load_that_began_before_the_last_invalidation() {
    for storage in [StorageKind::Exact, StorageKind::Sets] {
        for (name, invalidate) in INVALIDATIONS {
            let cache = Cache::builder().capacity(64).storage(storage).build().unwrap();
            let mut stale = pin!(cache.try_get_or_insert_async_with_terms(&0, async || {
                yield_now().await;
                Ok::<_, ()>((1, tagged()))
            }));
            assert!(poll_once(stale.as_mut()).is_pending());
            invalidate(&cache, 0, 2);
            let fresh = cache.get_or_insert_with_terms(&0, || (2, tagged()));
            assert_eq!(fresh, 2, "{name}, {storage:?}");
            assert_eq!(poll_once(stale.as_mut()), Poll::Ready(Ok(1)), "{name}, {storage:?}");
            assert_eq!((cache.get(&0), cache.len()), (Some(2), 1), "{name}, {storage:?}");
        }
    }
}

/// A load that began before a tag was invalidated that it turns out not to bring.
#[test]
fn what_does_not_bring_the_tag_is_kept() {
    for storage in [StorageKind::Exact, StorageKind::Sets] {
        let cache: Cache<usize, u64> = Cache::builder().capacity(64).storage(storage).build().unwrap();
        let value = cache.get_or_insert_with_terms(&0, || {
            cache.invalidate_tag("another");
            (1, tagged())
        });
        assert_eq!((value, cache.get(&0)), (1, Some(1)));
    }
}

/// Runs `read` against writers that invalidate. It gets a key, and a loader that reads the truth.
fn race(read: impl Fn(&Cache<usize, u64>, usize, &dyn Fn() -> u64) -> u64 + Sync) {
    for storage in [StorageKind::Exact, StorageKind::Sets] {
        for (name, invalidate) in INVALIDATIONS {
            let cache = Cache::builder().capacity(64).storage(storage).build().unwrap();
            let (world, barrier) = (World::default(), Barrier::new(4));
            let read = &read;
            let (world, barrier, cache) = (&world, &barrier, &cache);
            world.writers.store(2, SeqCst);
            thread::scope(|scope| {
                for writer in 0..2 {
                    scope.spawn(move || {
                        barrier.wait();
                        // Each has keys of its own: their versions rise.
                        for version in 1..=WRITES {
                            let key = writer + 2 * (version as usize % (KEYS / 2));
                            world.truth[key].store(version, SeqCst);
                            invalidate(cache, key, version);
                            world.floor[key].store(version, SeqCst);
                        }
                        world.writers.fetch_sub(1, SeqCst);
                    });
                }
                for reader in 0..2 {
                    scope.spawn(move || {
                        barrier.wait();
                        let mut key = reader;
                        while world.writers.load(SeqCst) > 0 {
                            key = (key + 1) % KEYS;
                            let floor = world.floor[key].load(SeqCst);
                            let value = read(cache, key, &|| world.truth[key].load(SeqCst));
                            assert!(value >= floor, "{name}, {storage:?}: {value} after {floor}");
                        }
                    });
                }
            });
            for key in 0..KEYS {
                let value = cache.get(&key);
                let newest = world.truth[key].load(SeqCst);
                assert!(value.is_none_or(|value| value == newest), "{name}, {storage:?}: {value:?} is kept");
            }
        }
    }
}

fn tagged() -> Terms {
    Terms::new().tag("all")
}

#[test]
fn a_load_returns_nothing_older_than_what_was_invalidated_before() {
    race(|cache, key, load| {
        cache.get_or_insert_with_terms(&key, || {
            let value = load();
            thread::yield_now();
            (value, tagged())
        })
    });
}

#[test]
fn an_asynchronous_load_does_neither() {
    race(|cache, key, load| {
        let load = async || {
            let value = load();
            yield_now().await;
            Ok::<_, ()>((value, tagged()))
        };
        block_on(cache.try_get_or_insert_async_with_terms(&key, load)).unwrap()
    });
}

#[test]
fn nor_does_a_reservation() {
    race(|cache, key, load| {
        if let Some(reservation) = cache.reserve(&key) {
            let value = load();
            thread::yield_now();
            return reservation.insert_with(value, &tagged());
        }
        cache.get_or_insert_with_terms(&key, || (load(), tagged()))
    });
}
