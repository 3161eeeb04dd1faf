//! One turn of one subject: threads that do the same work on one cache, and what that cost.

use std::{
    hint::black_box,
    ops::Range,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    area_cache::{
        subject::Subject,
        tail::{self, Tail},
    },
    cpu_clock::{thread_cpu_time, thread_wait_time},
    stream::Stream,
};

/// What a thread does with each key of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Reads it.
    Get,
    /// Reads it; on a miss, inserts it. No promise that only one thread does.
    GetThenInsert,
    /// The same, and after each insertion whatever the cache puts off: a small one then keeps its bound as well.
    Replay,
    /// The cache's own call, with its promise that one thread loads and the others wait.
    GetOrInsertWith,
    /// Inserts every so-manieth, reads the others.
    Mix { insert_every: u32 },
    /// Inserts it.
    Insert,
    /// Reads it together with those that follow, so many at a time.
    GetMany { batch: usize },
}

/// The work of a turn.
pub(crate) struct Course<'a, S> {
    pub(crate) work: Work,
    pub(crate) stream: &'a S,
    pub(crate) threads: usize,
    /// Where in the stream the first thread starts. The others start far from it.
    pub(crate) start: usize,
    /// Unmeasured operations of each thread before the others: brings the cache back into the processor's caches after
    /// another subject's turn.
    pub(crate) warm_up: usize,
    /// Operations of each thread.
    pub(crate) operations: usize,
}

impl<S> Clone for Course<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Course<'_, S> {}

/// What a turn cost, all threads together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    pub(crate) operations: usize,
    pub(crate) cpu: Duration,
    /// From the first thread's start to the last one's end.
    pub(crate) wall: Duration,
    /// Time that threads were ready but had no core: the share of other processes in the result.
    pub(crate) waited: Duration,
    pub(crate) lookups: usize,
    pub(crate) hits: usize,
}

/// A cache that is ready for turns on keys of one kind of stream.
pub(crate) trait Rig<S> {
    fn turn(&self, course: &Course<'_, S>) -> Turn;

    /// Times each operation of one thread, alone or while another thread does other work on the same cache.
    fn tail(&self, course: &Course<'_, S>, companion: Option<Work>) -> Tail;

    /// How many entries the cache holds once what was put off is done, if it tells.
    fn entries(&self) -> Option<u64>;
}

/// Threads start this far apart in the stream: more than a turn takes.
pub(super) const THREAD_STRIDE: usize = 1_999_993;

impl<S, C> Rig<S> for C
where
    S: Stream,
    C: Subject<S::Key, S::Value>,
{
    fn turn(&self, course: &Course<'_, S>) -> Turn {
        let barrier = Barrier::new(course.threads);
        thread::scope(|scope| {
            let threads = (0..course.threads).map(|thread| {
                let first = course.start + thread * THREAD_STRIDE;
                let begin = first + course.warm_up;
                let barrier = &barrier;
                scope.spawn(move || {
                    work(self, course.stream, course.work, first..begin);
                    barrier.wait();
                    let waited = thread_wait_time();
                    let (began, cpu) = (Instant::now(), thread_cpu_time());
                    let tally = work(self, course.stream, course.work, begin..begin + course.operations);
                    let (cpu, ended) = (thread_cpu_time() - cpu, Instant::now());
                    Finish { cpu, began, ended, waited: thread_wait_time() - waited, tally }
                })
            });
            let threads = threads.collect::<Vec<_>>(); // all of them, before the first is waited for
            sum(course, threads.into_iter().filter_map(|thread| thread.join().ok()))
        })
    }

    fn tail(&self, course: &Course<'_, S>, companion: Option<Work>) -> Tail {
        tail::measured(self, course, companion)
    }

    fn entries(&self) -> Option<u64> {
        self.settle();
        self.len()
    }
}

/// One thread's share of a turn.
struct Finish {
    cpu: Duration,
    began: Instant,
    ended: Instant,
    waited: Duration,
    tally: Tally,
}

fn sum<S>(course: &Course<'_, S>, threads: impl Iterator<Item = Finish>) -> Turn {
    let mut turn = Turn::default();
    let mut span: Option<(Instant, Instant)> = None;
    for thread in threads {
        turn.operations += course.operations;
        turn.cpu += thread.cpu;
        turn.waited += thread.waited;
        turn.lookups += thread.tally.lookups;
        turn.hits += thread.tally.hits;
        let (first, last) = span.unwrap_or((thread.began, thread.ended));
        span = Some((first.min(thread.began), last.max(thread.ended)));
    }
    turn.wall = span.map_or(Duration::ZERO, |(first, last)| last - first);
    turn
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    lookups: usize,
    hits: usize,
}

/// Not inlined, so that each subject's loop is one symbol in a profile.
#[inline(never)]
pub(super) fn work<S, C>(cache: &C, stream: &S, work: Work, indices: Range<usize>) -> Tally
where
    S: Stream,
    C: Subject<S::Key, S::Value>,
{
    let (operations, mut hits) = (indices.len(), 0);
    let get = |index| cache.get(stream.key(index)).map(black_box).is_some();
    let insert = |index| cache.insert(stream.key(index).to_owned(), stream.value(index));
    match work {
        Work::Get => {
            for index in indices {
                hits += usize::from(get(index));
            }
            Tally { lookups: operations, hits }
        }
        Work::GetThenInsert => {
            for index in indices {
                if get(index) {
                    hits += 1;
                } else {
                    insert(index);
                }
            }
            Tally { lookups: operations, hits }
        }
        Work::Replay => {
            for index in indices {
                if get(index) {
                    hits += 1;
                } else {
                    insert(index);
                    cache.settle();
                }
            }
            Tally { lookups: operations, hits }
        }
        Work::GetOrInsertWith => {
            let mut loads = 0;
            for index in indices {
                let value = cache.get_or_insert_with(stream.key(index), || {
                    loads += 1;
                    stream.value(index)
                });
                black_box(value);
            }
            Tally { lookups: operations, hits: operations - loads }
        }
        Work::Mix { insert_every } => {
            let (mut lookups, mut until_insert) = (0, insert_every);
            for index in indices {
                until_insert -= 1;
                if until_insert == 0 {
                    until_insert = insert_every;
                    insert(index);
                } else {
                    lookups += 1;
                    hits += usize::from(get(index));
                }
            }
            Tally { lookups, hits }
        }
        Work::Insert => {
            indices.for_each(insert);
            Tally::default()
        }
        Work::GetMany { batch } => {
            for first in indices.clone().step_by(batch) {
                let keys = (first..indices.end.min(first + batch)).map(|index| stream.key(index));
                hits += cache.get_many(keys);
            }
            Tally { lookups: operations, hits }
        }
    }
}
