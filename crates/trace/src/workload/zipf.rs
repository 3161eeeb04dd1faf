//! Zipf's law.

use super::random::Random;

/// Ranks from 0: rank r is drawn in proportion to (r + 1) to the minus exponent.
///
/// By rejection from an inverted envelope: O(1) time and memory for any number of ranks and any exponent, above 1 and at
/// 1 as well. Its logarithms come from a library of its own, so that the same seed gives the same ranks on every machine.
///
/// Source: Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", ACM
/// TOMACS 1996.
#[derive(Clone, Debug)]
pub struct Zipf {
    count: f64,
    exponent: f64,
    h_first: f64,
    h_last: f64,
    shortcut: f64,
}

impl Zipf {
    /// Over `count` ranks, at least one. An exponent of 0 is uniform; a negative one counts as 0.
    #[must_use]
    pub fn new(count: u64, exponent: f64) -> Self {
        let exponent = if exponent > 0.0 { exponent } else { 0.0 };
        let mut zipf =
            Self { count: count.max(1) as f64, exponent, h_first: 0.0, h_last: 0.0, shortcut: 0.0 };
        zipf.h_first = zipf.integral(1.5) - 1.0;
        zipf.h_last = zipf.integral(zipf.count + 0.5);
        zipf.shortcut = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// The next rank.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> u64 {
        loop {
            let u = self.h_last + random.unit() * (self.h_first - self.h_last);
            let x = self.inverse(u);
            // A cast rounds down, since nothing here is negative.
            let rank = ((x + 0.5) as u64 as f64).clamp(1.0, self.count);
            if rank - x <= self.shortcut || u >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64 - 1;
            }
        }
    }

    /// One rank more, at the end.
    pub(super) fn grow(&mut self) {
        self.count += 1.0;
        self.h_last = self.integral(self.count + 0.5);
    }

    fn density(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// The integral of the density, up to a constant; continuous in the exponent at 1, where it is the logarithm.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        let t = (1.0 - self.exponent) * log;
        if t.abs() > 1e-8 { libm::expm1(t) / t * log } else { (1.0 + t / 2.0) * log }
    }

    fn inverse(&self, y: f64) -> f64 {
        let t = (y * (1.0 - self.exponent)).max(-1.0);
        let log = if t.abs() > 1e-8 { libm::log1p(t) / t * y } else { (1.0 - t / 2.0) * y };
        libm::exp(log)
    }
}
