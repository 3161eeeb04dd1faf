//! Hill climbing: steers one number by what the last change of it did to the hit ratio.
//!
//! The hit ratio of each sample of requests is compared with that of the sample before. If it rose, the next step goes the
//! same way; if it fell, the other. Steps shrink by 2 % each, and a change of the hit ratio by five points, which means
//! another workload, makes them large again.
//!
//! Cost: O(1) per request; 32 bytes in all.
//!
//! Source: Einziger, Eytan, Friedman and Manes, "Adaptive Software Cache Management", Middleware 2018; the constants are
//! the paper's for the sample (ten requests per entry) and those of its authors' library, Caffeine, for step, shrinking
//! and restart. The first step goes up, for the number starts at its least.

/// Requests per entry in a sample.
const SAMPLE_PER_ENTRY: u64 = 10;
/// A full step, as a share of the range.
const STEP: f64 = 0.0625;
const STEP_DECAY: f64 = 0.98;
/// A change of the hit ratio that makes the next step a full one.
const RESTART: f64 = 0.05;

#[derive(Clone, Debug)]
pub(crate) struct Climber {
    requests: u64,
    hits: u64,
    /// The hit ratio of the sample before.
    previous: f64,
    /// The next step if the hit ratio does not fall.
    step: f64,
}

impl Climber {
    pub(crate) const fn new() -> Self {
        Self { requests: 0, hits: 0, previous: 0.0, step: STEP }
    }

    /// Takes note of a request to a cache of so many entries. Says by how much to change the number, as a share of its
    /// range, when a sample is complete.
    pub(crate) fn record(&mut self, is_hit: bool, entries: usize) -> Option<f64> {
        self.requests += 1;
        self.hits += u64::from(is_hit);
        if self.requests < SAMPLE_PER_ENTRY.saturating_mul(entries.max(1) as u64) {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a sample has fewer than 2^53 requests")]
        let ratio = self.hits as f64 / self.requests as f64;
        let change = ratio - self.previous;
        let step = if change < 0.0 { -self.step } else { self.step };
        self.step = if change.abs() >= RESTART { STEP.copysign(step) } else { step * STEP_DECAY };
        (self.requests, self.hits, self.previous) = (0, 0, ratio);
        Some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next step after a sample of ten requests with so many hits.
    fn step_after(climber: &mut Climber, hits: u32) -> f64 {
        let steps = (0..10).filter_map(|request| climber.record(request < hits, 1)).collect::<Vec<_>>();
        assert_eq!(steps.len(), 1, "one step per sample");
        steps[0]
    }

    #[test]
    fn it_goes_on_while_the_hit_ratio_rises_and_turns_when_it_falls() {
        let mut climber = Climber::new();
        let steps = [3, 5, 5, 5, 4, 4].map(|hits| step_after(&mut climber, hits));
        let shrunk = STEP * STEP_DECAY;
        assert_eq!(steps, [STEP, STEP, STEP, shrunk, -shrunk * STEP_DECAY, -STEP]);
    }
}
