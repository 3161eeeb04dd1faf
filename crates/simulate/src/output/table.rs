//! Rows for eyes.
//!
//! Who sizes a cache asks two things. Which policy? Policies are therefore sorted, the best first, and the best at each
//! capacity is marked. How much memory? Capacities therefore stand side by side, where one line shows what more of it
//! brings. What only one capacity leaves room for (hits, evictions, time) is shown when there is only one.

use std::{cmp::Ordering, fmt::Write};

use super::numbers::{self, grouped, percent};
use crate::{Row, Unit};

/// Lines stay within this many characters.
const WIDTH: usize = 100;
/// The policy that knows the future: what the others are measured by, and no candidate.
const BELADY: &str = "belady";

/// A table for eyes, the best policy of each column marked with `*`; those that tie are all marked.
///
/// With one capacity, a line per policy with all that is known of it; with several, a line per policy and a column per
/// capacity. The best policies come first. If `belady` is among them, it stands at the top, and how far the others are
/// from it is shown in points (hundredths of the requests).
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for trace in rows.chunk_by(|a, b| a.trace == b.trace) {
        for unit in [Unit::Objects, Unit::Bytes] {
            let block = Block::new(trace, unit);
            match *block.capacities {
                [] => {}
                [only] => block.one_capacity(&mut text, only),
                _ => block.many_capacities(&mut text),
            }
        }
    }
    let belady = rows.iter().any(|row| row.policy == BELADY);
    let notes = [
        (text.contains("  *"), "* best of its column"),
        (belady, "belady knows the future; to belady: in points, each a hundredth of the requests"),
        (
            rows.iter().any(|row| row.rejections > 0),
            "too large: requests for objects larger than the whole cache, which no policy admits",
        ),
    ];
    for (index, (_, note)) in notes.into_iter().filter(|(applies, _)| *applies).enumerate() {
        text.push_str(if index == 0 { "\n" } else { "" });
        text.push_str(note);
        text.push('\n');
    }
    text
}

/// What can be compared: one trace, one unit.
struct Block<'r> {
    unit: Unit,
    rows: Vec<&'r Row>,
    /// Ascending.
    capacities: Vec<u64>,
    /// Belady's first, then the best on average over the capacities.
    policies: Vec<&'static str>,
}

/// What a policy is judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    HitRatio,
    ByteHitRatio,
}

impl Measure {
    fn of(self, row: &Row) -> Option<f64> {
        match self {
            Self::HitRatio => Some(row.hit_ratio),
            Self::ByteHitRatio => row.byte_hit_ratio,
        }
    }
}

impl<'r> Block<'r> {
    fn new(trace: &'r [Row], unit: Unit) -> Self {
        let rows = Vec::from_iter(trace.iter().filter(|row| row.unit == unit));
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

    fn row(&self, policy: &str, capacity: u64) -> Option<&'r Row> {
        self.rows.iter().find(|row| row.policy == policy && row.capacity == capacity).copied()
    }

    /// The largest `measure` at `capacity` of those that do not know the future.
    fn best(&self, capacity: u64, measure: Measure) -> Option<f64> {
        let candidates = self.rows.iter().filter(|row| row.capacity == capacity && row.policy != BELADY);
        candidates.filter_map(|row| measure.of(row)).max_by(f64::total_cmp)
    }

    /// `measure` of `row` in percent, marked if nothing is better and there is something to be better than.
    fn marked(&self, row: &Row, measure: Measure) -> String {
        let Some(ratio) = measure.of(row) else { return String::new() };
        let compared = self.policies.iter().filter(|policy| **policy != BELADY).count() > 1;
        let is_best = row.policy != BELADY && Some(ratio) == self.best(row.capacity, measure);
        format!("{}{}%", if compared && is_best { "*" } else { "" }, percent(ratio))
    }

    /// How far `measure` at `capacity` is below Belady's, in points.
    fn below_belady(&self, capacity: u64, measure: Measure, ratio: Option<f64>) -> String {
        let belady = self.row(BELADY, capacity).and_then(|belady| measure.of(belady));
        belady.zip(ratio).map(|(belady, ratio)| percent(belady - ratio)).unwrap_or_default()
    }

    fn has_belady(&self) -> bool {
        self.policies.first() == Some(&BELADY)
    }

    fn one_capacity(&self, text: &mut String, capacity: u64) {
        let rows = Vec::from_iter(self.policies.iter().filter_map(|policy| self.row(policy, capacity)));
        let exact = match self.unit {
            Unit::Objects => format!("{} objects", grouped(capacity)),
            Unit::Bytes => format!("{} ({} bytes)", numbers::bytes(capacity), grouped(capacity)),
        };
        self.title(text, &format!("capacity {exact}"));
        let mut grid = Grid::default();
        let mut column = |head: &str, cell: &dyn Fn(&Row) -> String| {
            grid.column([head.to_owned()].into_iter().chain(rows.iter().map(|row| cell(row))));
        };
        column("policy", &|row| row.policy.to_owned());
        column("hit ratio", &|row| self.marked(row, Measure::HitRatio));
        if self.has_belady() {
            column("to belady", &|row| match row.policy {
                BELADY => String::new(),
                _ => self.below_belady(capacity, Measure::HitRatio, Some(row.hit_ratio)),
            });
        }
        if self.unit == Unit::Bytes {
            column("byte hit ratio", &|row| self.marked(row, Measure::ByteHitRatio));
        }
        column("hits", &|row| grouped(row.hits));
        column("evictions", &|row| grouped(row.evictions));
        if rows.iter().any(|row| row.rejections > 0) {
            column("too large", &|row| grouped(row.rejections));
        }
        column("seconds", &|row| format!("{:.3}", row.seconds));
        grid.write(text);
    }

    fn many_capacities(&self, text: &mut String) {
        for (measure, name) in [(Measure::HitRatio, "hit ratio"), (Measure::ByteHitRatio, "byte hit ratio")] {
            if self.rows.iter().all(|row| measure.of(row).is_none()) {
                continue;
            }
            self.title(text, &format!("{name} by capacity in {}", self.unit));
            let mut rest = &*self.capacities;
            while !rest.is_empty() {
                rest = self.side_by_side(text, measure, rest);
                if !rest.is_empty() {
                    text.push('\n');
                }
            }
        }
    }

    /// As many of `capacities` as fit beside each other; returns the others.
    fn side_by_side<'c>(&self, text: &mut String, measure: Measure, capacities: &'c [u64]) -> &'c [u64] {
        let mut names = vec!["policy"];
        names.extend(&self.policies);
        if self.has_belady() {
            names.push("best to belady");
        }
        let too_large = measure == Measure::HitRatio && self.rows.iter().any(|row| row.rejections > 0);
        if too_large {
            names.push("too large");
        }
        let mut grid = Grid::default();
        grid.column(names.into_iter().map(str::to_owned));
        for (fit, capacity) in capacities.iter().enumerate() {
            let rows = self.policies.iter().map(|policy| self.row(policy, *capacity));
            let mut column = vec![numbers::capacity(*capacity, self.unit)];
            column
                .extend(rows.clone().map(|row| row.map(|row| self.marked(row, measure)).unwrap_or_default()));
            if self.has_belady() {
                column.push(self.below_belady(*capacity, measure, self.best(*capacity, measure)));
            }
            if too_large {
                // The same for all policies: a matter of size alone.
                let rejections = rows.flatten().map(|row| row.rejections).max();
                column.push(rejections.map(grouped).unwrap_or_default());
            }
            grid.column(column);
            if fit > 0 && grid.width() > WIDTH {
                grid.columns.pop();
                grid.write(text);
                return &capacities[fit..];
            }
        }
        grid.write(text);
        &[]
    }

    fn title(&self, text: &mut String, what: &str) {
        if !text.is_empty() {
            text.push('\n');
        }
        if let Some(first) = self.rows.first() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}: {} requests, {what}", first.trace, grouped(first.requests));
        }
    }
}

/// Columns of cells, the first flush left, the others flush right.
#[derive(Default)]
struct Grid {
    columns: Vec<Vec<String>>,
}

impl Grid {
    fn column(&mut self, cells: impl IntoIterator<Item = String>) {
        self.columns.push(cells.into_iter().collect());
    }

    fn width(&self) -> usize {
        self.columns.iter().map(|column| 2 + column_width(column)).sum()
    }

    fn write(&self, text: &mut String) {
        let Some((names, columns)) = self.columns.split_first() else { return };
        for (line, name) in names.iter().enumerate() {
            let mut written = format!("  {name:<width$}", width = column_width(names));
            for column in columns {
                let _ = write!(written, "  {:>width$}", column[line], width = column_width(column));
            }
            text.push_str(written.trim_end());
            text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests;

fn column_width(column: &[String]) -> usize {
    column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)
}
