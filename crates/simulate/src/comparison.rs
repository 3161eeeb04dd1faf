//! Rows side by side: which policy is how good, and next to which others.

use std::cmp::Ordering;

use crate::{Row, Unit};

/// The policy that knows the future: what the others are measured by, and no candidate.
pub(crate) const BELADY: &str = "belady";

/// Rows that can be compared: of one trace, with capacities in one unit.
pub(crate) struct Comparison<'r> {
    pub(crate) unit: Unit,
    pub(crate) rows: Vec<&'r Row>,
    /// Ascending.
    pub(crate) capacities: Vec<u64>,
    /// Belady's first, then the best on average over the capacities.
    pub(crate) policies: Vec<&'static str>,
}

/// What a policy is judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    HitRatio,
    ByteHitRatio,
}

impl Measure {
    pub(crate) const fn of(self, row: &Row) -> Option<f64> {
        match self {
            Self::HitRatio => Some(row.hit_ratio),
            Self::ByteHitRatio => row.byte_hit_ratio,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::HitRatio => "hit ratio",
            Self::ByteHitRatio => "byte hit ratio",
        }
    }
}

impl<'r> Comparison<'r> {
    /// Those of `rows` with capacities in `unit`; they are of one trace.
    pub(crate) fn new(rows: &'r [Row], unit: Unit) -> Self {
        let rows = Vec::from_iter(rows.iter().filter(|row| row.unit == unit));
        let mut capacities = Vec::from_iter(rows.iter().map(|row| row.capacity));
        capacities.sort_unstable();
        capacities.dedup();
        let mut sums = Vec::<(&str, f64)>::new();
        for row in &rows {
            match sums.iter_mut().find(|(policy, _)| *policy == row.policy) {
                Some((_, sum)) => *sum += row.hit_ratio,
                None => sums.push((row.policy, row.hit_ratio)),
            }
        }
        let rank = |(policy, sum): (&str, f64)| (policy == BELADY, sum);
        sums.sort_by(|a, b| rank(*b).partial_cmp(&rank(*a)).unwrap_or(Ordering::Equal));
        Self { unit, rows, capacities, policies: sums.into_iter().map(|(policy, _)| policy).collect() }
    }

    pub(crate) fn row(&self, policy: &str, capacity: u64) -> Option<&'r Row> {
        self.rows.iter().find(|row| row.policy == policy && row.capacity == capacity).copied()
    }

    /// `measure` of `policy` at `capacity`.
    pub(crate) fn ratio(&self, policy: &str, capacity: u64, measure: Measure) -> Option<f64> {
        self.row(policy, capacity).and_then(|row| measure.of(row))
    }

    /// Those that do not know the future, the best first.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &'static str> {
        self.policies.iter().copied().filter(|policy| *policy != BELADY)
    }

    /// The largest `measure` at `capacity` of the candidates.
    pub(crate) fn best(&self, capacity: u64, measure: Measure) -> Option<f64> {
        let ratios = self.candidates().filter_map(|policy| self.ratio(policy, capacity, measure));
        ratios.max_by(f64::total_cmp)
    }

    /// Whether no candidate is better than `row`, and there is one to be better than.
    pub(crate) fn is_best(&self, row: &Row, measure: Measure) -> bool {
        let ratio = measure.of(row);
        let best = ratio.is_some() && ratio == self.best(row.capacity, measure);
        best && row.policy != BELADY && self.candidates().nth(1).is_some()
    }

    pub(crate) fn has_belady(&self) -> bool {
        self.policies.first() == Some(&BELADY)
    }
}
