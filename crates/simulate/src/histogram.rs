//! How often values occur, to within 1.6 % of the value.

/// Counts of values of any size: exact below 64, and 64 steps per power of two above.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    min: Option<u64>,
    max: u64,
}

const STEPS_LOG2: u32 = 6;
const STEPS: u64 = 1 << STEPS_LOG2;

impl Histogram {
    pub(crate) fn record(&mut self, value: u64) {
        let step = step(value);
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += 1;
        self.total += 1;
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = self.max.max(value);
    }

    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// The smallest and the largest value recorded.
    pub(crate) fn range(&self) -> Option<(u64, u64)> {
        Some((self.min?, self.max))
    }

    /// The least value that at least `count` of those recorded do not exceed; rounded up to its step.
    pub(crate) fn value_at(&self, count: u64) -> Option<u64> {
        let mut so_far = 0;
        let step = self.counts.iter().position(|at| {
            so_far += at;
            so_far >= count
        })?;
        Some(top_of(step).min(self.max))
    }
}

fn step(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(STEPS_LOG2 + 1);
    // Below 2^7 the shift is 0 and a step is a value; above, each shift has the upper half of the steps.
    (u64::from(shift) * STEPS + (value >> shift)) as usize
}

/// The largest value of a step.
fn top_of(step: usize) -> u64 {
    let step = step as u64;
    let shift = (step / STEPS).saturating_sub(1);
    let top = step - shift * STEPS + 1;
    top.checked_shl(u32::try_from(shift).unwrap_or(u32::MAX)).map_or(u64::MAX, |end| end.wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_step_holds_its_value_and_is_narrow(value: u64, shift in 0..64_u32) {
            let value = value >> shift;
            let top = top_of(step(value));
            prop_assert!(value <= top && (top - value) <= value / 64, "{value} in the step up to {top}");
            prop_assert!(top == u64::MAX || step(top + 1) == step(value) + 1);
        }
    }

    #[test]
    fn percentiles_come_from_counts() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.value_at(1), histogram.range()), (None, None));
        for value in [3, 1, 2, 1_000_000] {
            histogram.record(value);
        }
        assert_eq!([1, 2, 3, 4].map(|count| histogram.value_at(count)), [1, 2, 3, 1_000_000].map(Some));
        assert_eq!((histogram.total(), histogram.range()), (4, Some((1, 1_000_000))));
    }
}
