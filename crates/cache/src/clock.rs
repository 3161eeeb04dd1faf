//! Where the time comes from: the system, or a hand that tests move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A clock. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { origin: Instant },
    Manual(ManualClock),
}

impl Default for Clock {
    fn default() -> Self {
        Self(Source::System { origin: Instant::now() })
    }
}

impl Clock {
    /// Monotonic time since this clock was made. A manual clock starts at zero.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System { origin } => origin.elapsed(),
            Source::Manual(manual) => manual.elapsed(),
        }
    }

    /// Wall-clock time in milliseconds since the Unix epoch. A manual clock starts in September 2001.
    #[must_use]
    pub fn unix_millis(&self) -> u64 {
        let since_epoch = match &self.0 {
            Source::System { .. } => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            Source::Manual(manual) => Duration::from_secs(1_000_000_000) + manual.elapsed(),
        };
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is told to [`advance`](Self::advance): for tests of expiry.
///
/// ```
/// use std::time::Duration;
/// use nuthatch_cache::{Cache, ManualClock};
///
/// let clock = ManualClock::new();
/// let cache = Cache::builder()
///     .capacity(10)
///     .time_to_live(Duration::from_secs(60))
///     .clock(clock.clock())
///     .build().unwrap();
/// cache.insert(1, "one");
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(cache.get(&1), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The clock to hand to what shall follow this hand.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(self.clone()))
    }

    /// Moves time forward. Saturates after 584 years.
    pub fn advance(&self, by: Duration) {
        let by = nanos(by);
        let _ = self.nanos.fetch_update(SeqCst, SeqCst, |now| Some(now.saturating_add(by)));
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(SeqCst))
    }
}

/// `duration` in nanoseconds, at most `u64::MAX`.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
