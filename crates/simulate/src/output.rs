//! Rows as text: for eyes, for programs, for spreadsheets.

use std::fmt::Write;

use crate::{Row, Unit};

/// A table for eyes: one block per capacity, the best policy marked with `*`.
///
/// The best is the one with the most hits; those that tie are all marked.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for (index, block) in rows.chunk_by(same_cache).enumerate() {
        let Some(first) = block.first() else { continue };
        if index > 0 {
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}: {} requests, capacity {} {}",
            first.trace,
            grouped(first.requests),
            grouped(first.capacity),
            first.unit
        );
        block_table(&mut text, block);
    }
    if !rows.is_empty() {
        text.push_str("\n* most hits at that capacity\n");
    }
    text
}

fn same_cache(a: &Row, b: &Row) -> bool {
    (&a.trace, a.capacity, a.unit) == (&b.trace, b.capacity, b.unit)
}

fn block_table(text: &mut String, block: &[Row]) {
    let in_bytes = block.iter().any(|row| row.unit == Unit::Bytes);
    let rejected = block.iter().any(|row| row.rejections > 0);
    let best = block.iter().map(|row| row.hits).max();
    let mut columns = vec!["policy", "", "hit ratio"];
    if in_bytes {
        columns.push("byte hit ratio");
    }
    columns.extend(["hits", "evictions"]);
    if rejected {
        columns.push("too large");
    }
    columns.push("seconds");
    let mut lines = vec![columns.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for row in block {
        let mark = if Some(row.hits) == best { "*" } else { "" };
        let mut cells = vec![row.policy.to_owned(), mark.to_owned(), percent(row.hit_ratio)];
        if in_bytes {
            cells.push(row.byte_hit_ratio.map(percent).unwrap_or_default());
        }
        cells.extend([grouped(row.hits), grouped(row.evictions)]);
        if rejected {
            cells.push(grouped(row.rejections));
        }
        cells.push(format!("{:.3}", row.seconds));
        lines.push(cells);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    for line in &lines {
        let _ = write!(text, "  {:<width$} {:1}", line[0], line[1], width = width(0));
        for (column, cell) in line.iter().enumerate().skip(2) {
            let _ = write!(text, "  {cell:>width$}", width = width(column));
        }
        text.push('\n');
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.2}%", ratio * 100.0)
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A JSON array with one object per row and line.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let mut text = String::from("[");
    for (index, row) in rows.iter().enumerate() {
        text.push_str(if index == 0 { "\n  " } else { ",\n  " });
        // Text, integers and finite numbers always serialise.
        text.push_str(&serde_json::to_string(row).unwrap_or_default());
    }
    text.push_str(if rows.is_empty() { "]\n" } else { "\n]\n" });
    text
}

/// Comma separated values below a header, with the columns of [`json`]; an absent byte hit ratio is empty.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut text =
        String::from("trace,policy,capacity,unit,requests,hits,hit_ratio,byte_hit_ratio,evictions,seconds\n");
    for row in rows {
        let byte_hit_ratio = row.byte_hit_ratio.map(|ratio| ratio.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{:.6}",
            quoted(&row.trace),
            row.policy,
            row.capacity,
            row.unit,
            row.requests,
            row.hits,
            row.hit_ratio,
            byte_hit_ratio,
            row.evictions,
            row.seconds
        );
    }
    text
}

/// A file's name may hold anything.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
