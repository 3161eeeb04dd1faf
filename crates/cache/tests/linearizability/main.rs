//! What threads see of one key, put in one order: no value older than one overwritten before the question, none removed
//! before it, none twice. That a value is missed is always allowed, for it may have been evicted.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod history;

use std::{
    collections::HashMap,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use history::{Event, Operation, Span};
use nuthatch_cache::{Cache, Change, StorageKind};

const THREADS: u64 = 4;
const STEPS: u64 = 12_000;
/// The keys that are watched; all others are there to make room scarce.
const WATCHED: u64 = 5;
const OTHERS: u64 = 3_000;

/// A value that carries a number through the cache.
trait Value: Clone + Send + 'static {
    fn of(number: u64) -> Self;
    fn number(&self) -> u64;
}

impl Value for u64 {
    fn of(number: u64) -> Self {
        number
    }
    fn number(&self) -> u64 {
        *self
    }
}

/// More than a word, so that it could be torn.
impl Value for (u64, u64) {
    fn of(number: u64) -> Self {
        (number, !number)
    }
    fn number(&self) -> u64 {
        assert_eq!(self.0, !self.1, "half of one value and half of another");
        self.0
    }
}

impl Value for String {
    fn of(number: u64) -> Self {
        number.to_string()
    }
    fn number(&self) -> u64 {
        self.parse().unwrap()
    }
}

struct Recorder<'a, V> {
    cache: &'a Cache<u64, V>,
    clock: &'a AtomicU64,
    seed: u64,
    histories: HashMap<u64, Vec<Operation>>,
}

impl<V: Value> Recorder<'_, V> {
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 24
    }

    fn record(&mut self, key: u64, run: impl FnOnce(&Cache<u64, V>) -> Option<Event>) {
        let from = self.clock.fetch_add(1, SeqCst);
        let event = run(self.cache);
        let to = self.clock.fetch_add(1, SeqCst);
        if let Some(event) = event {
            self.histories.entry(key).or_default().push((Span { from, to }, event));
        }
    }

    /// One operation on a watched key. `number` was not used before.
    fn step(&mut self, number: u64) {
        let (key, kind) = (self.random() % WATCHED, self.random() % 16);
        let saw = |value: Option<V>| value.map(|value| Event::Saw(value.number()));
        let wrote = |old: Option<V>| {
            Some(Event::Wrote { value: number, instead_of: old.map(|value| value.number()) })
        };
        match kind {
            0..=2 => self.record(key, |cache| wrote(cache.insert(key, V::of(number)))),
            3 => {
                self.record(key, |cache| {
                    Some(Event::Removed(cache.remove(&key).map(|value| value.number())))
                });
            }
            4 => self.record(key, |cache| {
                let mut seen = None;
                cache.compute(key, |old| {
                    seen = old.cloned();
                    Change::Put(V::of(number))
                });
                wrote(seen)
            }),
            5 => self.record(key, |cache| {
                let old = cache.compute(key, |old| {
                    if old.is_some_and(|old| old.number() % 2 == 0) { Change::Remove } else { Change::Keep }
                });
                old.map(|old| Event::Removed(Some(old.number())))
            }),
            6 => self.record(key, |cache| {
                let old = cache.update(&key, |value| std::mem::replace(value, V::of(number)));
                old.map(|old| Event::Wrote { value: number, instead_of: Some(old.number()) })
            }),
            7 => self.record(key, |cache| {
                let mut value = cache.get_mut(&key)?;
                let old = std::mem::replace(&mut *value, V::of(number));
                Some(Event::Wrote { value: number, instead_of: Some(old.number()) })
            }),
            8 => self.record(key, |cache| {
                let held = cache.entry(key).or_insert(V::of(number)).number();
                // Ours, or one that was there.
                if held == number { wrote(None) } else { Some(Event::Saw(held)) }
            }),
            9 => self.record(key, |cache| {
                let removed = cache.remove_if(&key, |_, value| value.number() % 3 == 0);
                removed.map(|value| Event::Removed(Some(value.number())))
            }),
            10 => self.record(key, |cache| saw(cache.get_ref(&key).map(|value| value.clone()))),
            11 => self.record(key, |cache| saw(cache.get_many([&key]).remove(0))),
            12 => self.record(key, |cache| saw(cache.peek(&key))),
            _ => self.record(key, |cache| saw(cache.get(&key))),
        }
    }

    fn disturb(&mut self) {
        let other = WATCHED + self.random() % OTHERS;
        match self.random() % 64 {
            0 => drop(self.cache.remove(&other)),
            1 if self.random().is_multiple_of(64) => {
                self.cache.resize(20 + self.random() % 2_000).unwrap();
            }
            _ => drop(self.cache.insert(other, V::of(0))),
        }
    }
}

fn run<V: Value>(storage: StorageKind, capacity: u64) {
    let cache: Cache<u64, V> = Cache::builder().capacity(capacity).storage(storage).build().unwrap();
    let (clock, barrier) = (AtomicU64::new(0), Barrier::new(THREADS as usize));
    let histories: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (cache, clock, barrier) = (&cache, &clock, &barrier);
                scope.spawn(move || {
                    let mut recorder =
                        Recorder { cache, clock, seed: thread + capacity, histories: HashMap::new() };
                    barrier.wait();
                    for step in 0..STEPS {
                        recorder.step(1 + step * THREADS + thread);
                        if step % 4 == 0 {
                            recorder.disturb();
                        }
                    }
                    recorder.histories
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut seen = 0;
    for key in 0..WATCHED {
        let mut history: Vec<Operation> =
            histories.iter().flat_map(|thread| thread.get(&key).into_iter().flatten().copied()).collect();
        history.sort_unstable_by_key(|(span, _)| span.from);
        seen += history.iter().filter(|(_, event)| matches!(event, Event::Saw(_))).count();
        if let Err(problem) = history::check(&history) {
            let around: Vec<_> =
                history.iter().filter(|op| problem.contains(&op.0.from.to_string())).collect();
            panic!("{storage:?}, key {key}: {problem}\n{around:?}");
        }
    }
    assert!(seen > 1_000, "{seen} values seen: the test shows nothing");
}

#[test]
fn shards_of_any_number_are_linearizable() {
    run::<u64>(StorageKind::Exact, 300);
    run::<String>(StorageKind::Exact, 3_000);
}

#[test]
fn sets_that_are_read_without_a_lock_are_linearizable() {
    run::<u64>(StorageKind::Sets, 40);
    run::<(u64, u64)>(StorageKind::Sets, 1_500);
}

#[test]
fn sets_of_types_that_own_memory_are_linearizable() {
    run::<String>(StorageKind::Sets, 40);
    run::<String>(StorageKind::Sets, 1_500);
}
