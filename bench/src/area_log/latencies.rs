//! How long single operations took.

use std::time::Duration;

/// Nanoseconds of each operation, shortest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies(Vec<u64>);

impl Latencies {
    pub(super) fn of(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        Self(nanos)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time within which this share of the operations was done, in microseconds.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a place in the list; nanoseconds of one operation"
    )]
    pub(super) fn micros_at(&self, share: f64) -> f64 {
        let place = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(place.saturating_sub(1)).map_or(f64::NAN, |nanos| *nanos as f64 / 1e3)
    }
}

/// Whole nanoseconds, as a list of latencies keeps them.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let latencies = Latencies::of((1..=1000).rev().map(|micros| micros * 1000).collect());
        for (share, micros) in [(0.5, 500.0), (0.999, 999.0), (1.0, 1000.0), (0.0, 1.0)] {
            assert!((latencies.micros_at(share) - micros).abs() < 1e-9, "{share}");
        }
        assert!(Latencies::of(Vec::new()).micros_at(0.5).is_nan());
    }
}
