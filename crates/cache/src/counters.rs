//! What a cache counts, counted so that a hit pays nothing measurable for it.
//!
//! A cache has a row of stripes. A thread whose [number](thread_id) is below their count owns the stripe of that number:
//! it counts by a plain load and a plain store, on cache lines that no other thread writes. The other threads, and those
//! that are ending, share a few more stripes by `fetch_add`. On two shared x86-64 cores a count took 0.6 ns on one thread
//! and 1.4 on each of two, where a `fetch_add` on one shared counter took 11 and 27 (medians of 7).
//!
//! **Exact.** A count is lost only if two threads load the same value of a cell before either stores. In an owned stripe
//! they cannot: its owners follow one another, each after the one before ([`thread_id`] says why), so an owner's load
//! sees the last store of any owner before it (reads never go back behind a write that happened before them). In a
//! shared stripe nobody stores. Once all threads that counted have been joined, or are known in another way to have
//! counted, [`Counters::sum`] is the number of events; while they run each cell is at most a few counts old.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use crate::thread_id;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Count {
    Hits,
    ColdMisses,
    ExpiredMisses,
    EvictedMisses,
    InvalidatedMisses,
    Insertions,
    Replacements,
    Rejections,
    Evictions,
    Expirations,
    Removals,
    TagInvalidations,
    Loads,
    LoadFailures,
    LoadNanos,
}

/// Cells of a stripe: two lines, because processors fetch them in pairs.
const CELLS: usize = 16;
const STRIPES_MAX: u64 = 64;
/// A stripe for each of these many entries at least: a small cache shall not consist of counters.
const ENTRIES_PER_STRIPE: u64 = 16;

#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; CELLS]);

/// The counters of one cache: 128 bytes for each of 3 to 80 stripes.
#[derive(Debug)]
pub(crate) struct Counters {
    /// Each written by the thread of its number alone.
    owned: Box<[Stripe]>,
    /// Written by all other threads.
    shared: Box<[Stripe]>,
}

/// All counts at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([u64; CELLS]);

impl Counters {
    /// Counters for a cache of `capacity` entries: stripes for eight threads per processor, fewer for a small cache.
    pub(crate) fn new(capacity: u64) -> Self {
        static PROCESSORS: LazyLock<u64> =
            LazyLock::new(|| thread::available_parallelism().map_or(1, |count| count.get() as u64));
        let fitting = (capacity / ENTRIES_PER_STRIPE).clamp(2, STRIPES_MAX);
        Self::with_stripes(PROCESSORS.saturating_mul(8).min(fitting).next_power_of_two())
    }

    fn with_stripes(owned: u64) -> Self {
        let stripes = |count: u64| (0..count).map(|_| Stripe::default()).collect();
        Self { owned: stripes(owned), shared: stripes((owned / 4).max(1)) }
    }

    /// Bytes allocated.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.owned) + size_of_val(&*self.shared)
    }

    /// This thread's own stripe, if it has one by now.
    #[inline]
    pub(crate) fn own(&self) -> Option<Tally<'_>> {
        self.owned.get(thread_id::get() as usize).map(Tally)
    }

    /// Counts one event.
    #[inline]
    pub(crate) fn one(&self, what: Count) {
        self.add(what, 1);
    }

    /// Adds `by` to a count. One load, one store for the first threads of the process.
    #[inline]
    pub(crate) fn add(&self, what: Count, by: u64) {
        match self.own() {
            Some(tally) => tally.add(what, by),
            None => self.add_elsewhere(what, by),
        }
    }

    /// For a thread that has no number yet, or no stripe of its own.
    #[cold]
    fn add_elsewhere(&self, what: Count, by: u64) {
        let number = thread_id::assign();
        if (number as usize) < self.owned.len() {
            return self.add(what, by);
        }
        self.shared[number as usize % self.shared.len()].0[what as usize].fetch_add(by, Relaxed);
    }

    /// The sums over all stripes, each cell read once.
    pub(crate) fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        for stripe in self.owned.iter().chain(&self.shared) {
            for (total, cell) in sum.0.iter_mut().zip(&stripe.0) {
                *total = total.wrapping_add(cell.load(Relaxed));
            }
        }
        sum
    }
}

/// The stripe that a thread owns. Stays with the thread: it is made of a borrow and never stored.
#[derive(Clone, Copy)]
pub(crate) struct Tally<'a>(&'a Stripe);

impl Tally<'_> {
    /// Counts one event: one load, one store.
    #[inline]
    pub(crate) fn one(self, what: Count) {
        self.add(what, 1);
    }

    #[inline]
    fn add(self, what: Count, by: u64) {
        let cell = &self.0.0[what as usize];
        cell.store(cell.load(Relaxed).wrapping_add(by), Relaxed);
    }
}

impl Counts {
    pub(crate) fn of(&self, what: Count) -> u64 {
        self.0[what as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, sync::Arc};

    use super::*;

    #[test]
    fn the_sum_is_the_number_of_events_however_many_threads_come_and_go() {
        let (waves, threads, events) = (40, 24, 2_000);
        // Two stripes owned, so most threads share; and enough of them, so that numbers change hands in owned ones.
        for stripes in [2, 64] {
            let counters = Counters::with_stripes(stripes);
            for _ in 0..waves {
                thread::scope(|scope| {
                    for index in 0..threads {
                        let counters = &counters;
                        scope.spawn(move || {
                            for _ in 0..events {
                                counters.one(Count::Hits);
                            }
                            counters.add(Count::LoadNanos, index);
                        });
                    }
                });
            }
            let sum = counters.sum();
            assert_eq!(sum.of(Count::Hits), waves * threads * events);
            assert_eq!(sum.of(Count::LoadNanos), waves * threads * (threads - 1) / 2);
            assert_eq!(sum.of(Count::ColdMisses), 0);
        }
    }

    #[test]
    fn threads_that_replace_one_another_without_a_join_between_lose_nothing() {
        // A chain: each thread starts the next and ends at once, so numbers pass on while others are taken.
        fn link(counters: Arc<Counters>, left: u32, done: std::sync::mpsc::Sender<()>) {
            thread::spawn(move || {
                for _ in 0..100 {
                    counters.one(Count::Hits);
                }
                if left > 0 {
                    link(counters, left - 1, done);
                } else {
                    drop(done);
                }
            });
        }
        let counters = Arc::new(Counters::with_stripes(64));
        let (done, ended) = std::sync::mpsc::channel();
        for _ in 0..4 {
            link(Arc::clone(&counters), 499, done.clone());
        }
        drop(done);
        assert!(ended.recv().is_err(), "nothing is sent, the channel closes");
        assert_eq!(counters.sum().of(Count::Hits), 4 * 500 * 100);
    }

    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }

    struct Late(Arc<Counters>);

    impl Drop for Late {
        fn drop(&mut self) {
            self.0.one(Count::Removals);
        }
    }

    #[test]
    fn a_destructor_that_runs_while_its_thread_ends_is_counted() {
        let counters = Arc::new(Counters::with_stripes(64));
        for number_first in [false, true] {
            let counters = Arc::clone(&counters);
            let first = move || {
                if number_first {
                    counters.one(Count::Hits);
                }
                LATE.set(Some(Late(Arc::clone(&counters))));
                counters.one(Count::Hits);
            };
            thread::spawn(first).join().unwrap();
        }
        assert_eq!((counters.sum().of(Count::Removals), counters.sum().of(Count::Hits)), (2, 3));
    }

    #[test]
    fn small_caches_have_few_stripes_and_none_has_more_than_64() {
        let bytes = |capacity| {
            let counters = Counters::new(capacity);
            counters.bytes()
        };
        assert_eq!(size_of::<Stripe>(), 128);
        assert_eq!((bytes(0), bytes(10)), (384, 384));
        assert!(bytes(u64::MAX) <= 128 * 80);
    }
}
