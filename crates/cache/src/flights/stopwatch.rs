//! How long loads take, without a look at the clock for each.

use std::cell::Cell;

use super::FlightId;
use crate::clock::{Clock, nanos};

/// Of loads that take less than this, one in [`SAMPLE`] is timed, for looking at a clock twice takes about 100 ns.
const SLOW_NANOS: u64 = 10_000;
const SAMPLE: u64 = 64;

thread_local! {
    /// The last load that was timed on this thread was slow: then the next is timed as well.
    static SLOW: Cell<bool> = const { Cell::new(false) };
}

/// Times one load.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    /// Nanoseconds of the clock.
    started: u64,
    /// Stands for others that are not timed.
    sampled: bool,
}

impl Stopwatch {
    /// Starts timing the load `id`, if it is to be timed.
    pub(crate) fn start(id: FlightId, clock: &Clock) -> Option<Self> {
        let slow = SLOW.try_with(Cell::get).unwrap_or_default();
        let timed = slow || id.0.is_multiple_of(SAMPLE);
        if timed { Some(Self::running(!slow, clock)) } else { None }
    }

    #[cold]
    fn running(sampled: bool, clock: &Clock) -> Self {
        Self { started: nanos(clock.elapsed()), sampled }
    }

    /// The nanoseconds to count for this load and those that it stands for.
    pub(crate) fn stop(self, clock: &Clock) -> u64 {
        let took = nanos(clock.elapsed()).saturating_sub(self.started);
        let slow = took >= SLOW_NANOS;
        let _ = SLOW.try_with(|last| last.set(slow));
        if self.sampled && !slow { took * SAMPLE } else { took }
    }
}
