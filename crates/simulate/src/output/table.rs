//! Rows for eyes.
//!
//! Who sizes a cache asks two things. Which policy? Policies are therefore sorted, the best first, and the best at each
//! capacity is marked. How much memory? Capacities therefore stand side by side, where one line shows what more of it
//! brings. What only one capacity leaves room for (hits, evictions, time) is shown when there is only one.

use std::fmt::Write;

use super::numbers::{self, grouped, percent};
use crate::{
    Row, Unit,
    comparison::{BELADY, Comparison, Measure},
};

/// Lines stay within this many characters.
const WIDTH: usize = 100;

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
            let block = Comparison::new(trace, unit);
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

impl Comparison<'_> {
    /// `measure` of `row` in percent, marked if it is the best.
    fn marked(&self, row: &Row, measure: Measure) -> String {
        let Some(ratio) = measure.of(row) else { return String::new() };
        format!("{}{}%", if self.is_best(row, measure) { "*" } else { "" }, percent(ratio))
    }

    /// How far `ratio` is below Belady's, in points.
    fn to_belady(&self, capacity: u64, measure: Measure, ratio: Option<f64>) -> String {
        let belady = self.ratio(BELADY, capacity, measure);
        belady.zip(ratio).map(|(belady, ratio)| percent(belady - ratio)).unwrap_or_default()
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
                _ => self.to_belady(capacity, Measure::HitRatio, Some(row.hit_ratio)),
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
        for measure in [Measure::HitRatio, Measure::ByteHitRatio] {
            if self.rows.iter().all(|row| measure.of(row).is_none()) {
                continue;
            }
            self.title(text, &format!("{} by capacity in {}", measure.name(), self.unit));
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
                column.push(self.to_belady(*capacity, measure, self.best(*capacity, measure)));
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
