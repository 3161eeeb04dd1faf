//! How long the slowest operations take: one in a thousand, one in ten thousand.

use std::{
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use hdrhistogram::Histogram;

use crate::{
    area_cache::{
        field::Field,
        speed::operations,
        subject::Subject,
        work::{Course, THREAD_STRIDE, Work, work},
    },
    effort::Effort,
    report::{Better, Measure, Report, Role, Sample},
    stream::{LENGTH, Stream},
};

/// The times of single operations, in nanoseconds, the reading of the clock included.
#[derive(Clone, Debug)]
pub(crate) struct Tail(Histogram<u64>);

impl Tail {
    fn new() -> Self {
        #[expect(clippy::expect_used, reason = "three digits are within what a histogram offers")]
        Self(Histogram::new(3).expect("a histogram of three digits"))
    }

    fn record(&mut self, began: Instant) {
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // A histogram without bounds takes every value.
        let _ = self.0.record(nanos);
    }

    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one operation")]
    fn percentile(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64
    }
}

/// A question about the slowest operations of one thread.
pub(crate) struct TailQuestion<'a, S: Stream> {
    pub(crate) name: &'a str,
    pub(crate) work: Work,
    pub(crate) stream: &'a S,
    /// What another thread does meanwhile.
    pub(crate) companion: Option<Work>,
}

const PERCENTILES: [(&str, f64); 2] = [("p99.9", 99.9), ("p99.99", 99.99)];

impl<S: Stream> TailQuestion<'_, S> {
    pub(crate) fn is_wanted(&self, report: &Report) -> bool {
        PERCENTILES.iter().any(|(percentile, _)| report.wants(&self.measure_name(percentile)))
    }

    pub(crate) fn ask(&self, field: &Field<S>, effort: Effort, report: &mut Report) {
        if !self.is_wanted(report) {
            return;
        }
        let course = Course {
            work: self.work,
            stream: self.stream,
            threads: 1,
            start: 0,
            warm_up: 0,
            operations: effort.operations,
        };
        let lengths = field.entrants.iter().map(|entrant| operations(entrant.rig.as_ref(), &course, effort));
        let lengths = lengths.collect::<Vec<usize>>();
        let mut tails = vec![Vec::new(); lengths.len()];
        for round in 0..effort.rounds {
            for ((entrant, operations), tails) in field.entrants.iter().zip(&lengths).zip(&mut tails) {
                let start = round * effort.operations;
                let (warm_up, operations) = (operations / 8, *operations);
                let course = Course { start, warm_up, operations, ..course };
                tails.push(entrant.rig.tail(&course, self.companion));
            }
        }
        for (percentile, percent) in PERCENTILES {
            let samples = field.entrants.iter().zip(&tails).map(|(entrant, tails)| Sample {
                rounds: tails.iter().map(|tail| tail.percentile(percent)).collect(),
                beside: beside(tails),
                ..entrant.contender.sample()
            });
            let (name, samples) = (self.measure_name(percentile), samples.collect());
            report.add(&Measure { name, unit: "ns", better: Better::Lower, samples });
        }
    }

    fn measure_name(&self, percentile: &str) -> String {
        match self.companion {
            None => format!("{}-{percentile}", self.name),
            Some(Work::Insert) => format!("{}-{percentile}-beside-writer", self.name),
            Some(_) => format!("{}-{percentile}-beside-reader", self.name),
        }
    }
}

/// What reading the clock twice takes by itself: it is in every figure above.
pub(crate) fn measure_timer(effort: Effort, report: &mut Report) {
    for (percentile, percent) in PERCENTILES {
        let name = format!("timer-{percentile}");
        if !report.wants(&name) {
            continue;
        }
        let tails = (0..effort.rounds).map(|_| {
            let mut tail = Tail::new();
            (0..effort.operations).for_each(|_| tail.record(black_box(Instant::now())));
            tail
        });
        let tails = tails.collect::<Vec<_>>();
        let rounds = tails.iter().map(|tail| tail.percentile(percent)).collect();
        let sample = Sample { rounds, beside: beside(&tails), ..Sample::new("clock", Role::Beside) };
        report.add(&Measure { name, unit: "ns", better: Better::Lower, samples: vec![sample] });
    }
}

fn beside(tails: &[Tail]) -> String {
    let mut all = Tail::new().0;
    for tail in tails {
        // As in `record`.
        let _ = all.add(&tail.0);
    }
    format!("p50 {}, max {} ns, {} operations", all.value_at_percentile(50.0), all.max(), all.len())
}

/// Operations that a companion does between two looks at whether it may stop.
const COMPANION_STEP: usize = 256;

pub(super) fn measured<S, C>(cache: &C, course: &Course<'_, S>, companion: Option<Work>) -> Tail
where
    S: Stream,
    C: Subject<S::Key, S::Value>,
{
    let (stop, both) = (AtomicBool::new(false), Barrier::new(1 + usize::from(companion.is_some())));
    thread::scope(|scope| {
        if let Some(companion) = companion {
            let (stop, both) = (&stop, &both);
            scope.spawn(move || {
                both.wait();
                // Far from the measured thread in the stream, half a stream being farther than any turn takes.
                let mut index = course.start + THREAD_STRIDE % LENGTH;
                while !stop.load(Relaxed) {
                    work(cache, course.stream, companion, index..index + COMPANION_STEP);
                    index += COMPANION_STEP;
                }
            });
        }
        both.wait();
        let begin = course.start + course.warm_up;
        work(cache, course.stream, course.work, course.start..begin);
        let tail = timed(cache, course, begin);
        stop.store(true, Relaxed);
        tail
    })
}

fn timed<S, C>(cache: &C, course: &Course<'_, S>, begin: usize) -> Tail
where
    S: Stream,
    C: Subject<S::Key, S::Value>,
{
    let mut tail = Tail::new();
    for index in begin..begin + course.operations {
        if course.work == Work::Insert {
            let (key, value) = (course.stream.key(index).to_owned(), course.stream.value(index));
            let began = Instant::now();
            cache.insert(key, value);
            tail.record(began);
        } else {
            let key = course.stream.key(index);
            let began = Instant::now();
            black_box(cache.get(key));
            tail.record(began);
        }
    }
    tail
}
