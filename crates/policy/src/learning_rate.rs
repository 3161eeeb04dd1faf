//! The learning rate of Cacheus: climbs the hit ratio, one step per period.

use crate::splitmix::SplitMix;

/// Below this the rate learns nothing, above the other it forgets everything.
const RATE_MIN: f64 = 0.001;
const RATE_MAX: f64 = 1.0;
/// After so many periods for the worse in a row the rate starts again from its first value.
const PATIENCE: u32 = 10;

/// A rate, and what the last period said about it. A period is as many requests as the cache holds entries.
#[derive(Clone, Debug)]
pub(crate) struct LearningRate {
    rate: f64,
    rate_before: f64,
    rate_first: f64,
    /// Zero until the first eviction.
    period: u64,
    requests: u64,
    hits: u64,
    /// In thousandths, so that noise is not taken for a gain.
    hit_ratio_before: f64,
    idle_periods: u32,
    worse_periods: u32,
    random: SplitMix,
}

impl LearningRate {
    pub(crate) const fn new() -> Self {
        Self {
            rate: 0.0,
            rate_before: 0.0,
            rate_first: 0.0,
            period: 0,
            requests: 0,
            hits: 0,
            hit_ratio_before: 0.0,
            idle_periods: 0,
            worse_periods: 0,
            random: SplitMix::new(),
        }
    }

    pub(crate) const fn rate(&self) -> f64 {
        self.rate
    }

    /// An entry has to leave, of `held`: the cache is full, and there is something to learn.
    pub(crate) fn evicted(&mut self, held: u64) {
        if self.period == 0 {
            self.period = held.max(1);
            self.rate = (2.0 * std::f64::consts::LN_2 / self.period as f64).sqrt();
            self.rate_first = self.rate.clamp(RATE_MIN, RATE_MAX);
        }
    }

    /// A request was made while `held` entries were there.
    pub(crate) fn request(&mut self, held: u64, hit: bool) {
        self.requests += 1;
        self.hits += u64::from(hit);
        if self.period > 0 && self.requests >= self.period {
            self.end_period();
            self.period = held.max(1);
        }
    }

    fn end_period(&mut self) {
        let hit_ratio = thousandths(self.hits as f64 / self.requests as f64);
        let gain = thousandths(hit_ratio - self.hit_ratio_before);
        let step = thousandths(self.rate) - thousandths(self.rate_before);
        self.rate_before = self.rate;
        self.hit_ratio_before = hit_ratio;
        (self.requests, self.hits) = (0, 0);
        if step * gain == 0.0 {
            self.restart_or_wander(hit_ratio, gain);
            return;
        }
        // Once more in the direction that paid, or back from the one that did not.
        let direction = (step * gain).signum();
        self.rate = (self.rate + direction * (self.rate * step).abs()).clamp(RATE_MIN, RATE_MAX);
        (self.idle_periods, self.worse_periods) = (0, 0);
    }

    /// The rate stayed as it was, or made no difference.
    fn restart_or_wander(&mut self, hit_ratio: f64, gain: f64) {
        let worse = gain < 0.0;
        if gain > 0.0 {
            return;
        }
        self.idle_periods += u32::from(worse || hit_ratio <= 0.0);
        self.worse_periods += u32::from(worse);
        if self.idle_periods >= PATIENCE {
            self.rate = self.rate_first;
            self.idle_periods = 0;
        } else if worse && self.worse_periods >= PATIENCE {
            self.rate = self.rate_first;
            self.worse_periods = 0;
        } else if worse {
            self.wander();
        }
    }

    fn wander(&mut self) {
        self.rate = if self.rate >= RATE_MAX {
            0.9
        } else if self.rate <= RATE_MIN {
            0.005
        } else if self.random.below(2) == 0 {
            (self.rate * 1.25).min(RATE_MAX)
        } else {
            (self.rate * 0.75).max(RATE_MIN)
        };
    }
}

fn thousandths(ratio: f64) -> f64 {
    (ratio * 1000.0).round() / 1000.0
}
