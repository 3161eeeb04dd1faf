//! What was sent and answered so far, shared by all connections of the one thread.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// When a run is complete.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    Requests(u64),
    Seconds(f64),
    /// Whoever sends knows.
    End,
}

pub(crate) struct Tally {
    goal: Goal,
    started: Cell<Option<Instant>>,
    finished: Cell<Option<Instant>>,
    /// Requests that were given out to be sent.
    taken: Cell<u64>,
    gets: Cell<u64>,
    sets: Cell<u64>,
    hits: Cell<u64>,
    answered: Cell<u64>,
    /// In nanoseconds. Only of measured requests: a replay does not measure the SETs it inserts.
    latency: RefCell<Histogram<u64>>,
    /// How much of a goal that only the sender knows is reached, 0 to 1.
    fraction: Cell<Option<f64>>,
}

impl Tally {
    pub(crate) fn new(goal: Goal) -> Self {
        Self {
            goal,
            started: Cell::new(None),
            finished: Cell::new(None),
            taken: Cell::new(0),
            gets: Cell::new(0),
            sets: Cell::new(0),
            hits: Cell::new(0),
            answered: Cell::new(0),
            latency: RefCell::new(latencies()),
            fraction: Cell::new(None),
        }
    }

    /// Starts the clock; connecting is no part of the measurement.
    pub(crate) fn start(&self) -> Instant {
        let now = Instant::now();
        self.started.set(Some(now));
        now
    }

    /// Stops the clock.
    pub(crate) fn finish(&self) {
        self.finished.set(Some(Instant::now()));
    }

    /// Up to `max` requests to send at the moment `now`; 0 when the goal is reached.
    #[inline]
    pub(crate) fn take(&self, max: u64, now: Instant) -> u64 {
        let granted = match self.goal {
            Goal::Requests(total) => max.min(total.saturating_sub(self.taken.get())),
            Goal::Seconds(seconds) if self.elapsed_at(now).as_secs_f64() >= seconds => 0,
            Goal::Seconds(_) | Goal::End => max,
        };
        self.taken.set(self.taken.get() + granted);
        granted
    }

    #[inline]
    pub(crate) fn sent_get(&self) {
        self.gets.set(self.gets.get() + 1);
    }

    #[inline]
    pub(crate) fn sent_set(&self) {
        self.sets.set(self.sets.get() + 1);
    }

    #[inline]
    pub(crate) fn hits(&self, hits: u64) {
        self.hits.set(self.hits.get() + hits);
    }

    /// Counts replies whose latency is no part of the measurement.
    #[inline]
    pub(crate) fn answered(&self, replies: u64) {
        self.answered.set(self.answered.get() + replies);
    }

    /// Counts `replies` that each took `latency`.
    #[inline]
    pub(crate) fn measured(&self, latency: Duration, replies: u64) {
        self.answered(replies);
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latency.borrow_mut().saturating_record_n(nanoseconds.max(1), replies);
    }

    pub(crate) fn progress(&self, fraction: Option<f64>) {
        self.fraction.set(fraction);
    }

    /// How much of the goal is reached, 0 to 1, if that is known.
    pub(crate) fn fraction(&self) -> Option<f64> {
        match self.goal {
            Goal::Requests(total) => Some(self.answered.get() as f64 / total.max(1) as f64),
            Goal::Seconds(seconds) => Some(self.elapsed().as_secs_f64() / seconds),
            Goal::End => self.fraction.get(),
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures {
            gets: self.gets.get(),
            sets: self.sets.get(),
            hits: self.hits.get(),
            answered: self.answered.get(),
            elapsed: self.elapsed(),
            latency: self.latency.borrow().clone(),
        }
    }

    pub(crate) fn replies(&self) -> u64 {
        self.answered.get()
    }

    /// Whether a reply is due.
    pub(crate) fn is_waiting(&self) -> bool {
        self.gets.get() + self.sets.get() > self.answered.get()
    }

    fn elapsed(&self) -> Duration {
        self.elapsed_at(self.finished.get().unwrap_or_else(Instant::now))
    }

    fn elapsed_at(&self, now: Instant) -> Duration {
        self.started.get().map_or(Duration::ZERO, |started| now.saturating_duration_since(started))
    }
}

/// A copy of the counters, for the report.
pub(crate) struct Figures {
    pub(crate) gets: u64,
    pub(crate) sets: u64,
    pub(crate) hits: u64,
    pub(crate) answered: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Histogram<u64>,
}

/// From a nanosecond to an hour, within a thousandth.
fn latencies() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000_000;
    match Histogram::new_with_bounds(1, HOUR, 3) {
        Ok(histogram) => histogram,
        Err(_) => unreachable!("the bounds are constants within what the histogram allows"),
    }
}
