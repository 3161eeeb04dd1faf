//! Rows as text: for eyes, for programs, for spreadsheets.

mod columns;
mod details;
pub(crate) mod numbers;
mod summary;
mod table;

use std::fmt::Write;

pub use details::details;
pub use numbers::grouped;
pub use summary::{summary, summary_json};
pub use table::table;

use serde::Serialize;

use crate::{Details, Misses, Row};

/// A JSON array with one object per row and line.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    json_lines(rows)
}

/// As [`json`]; each object has the fields of [`Details`] as well.
#[must_use]
pub fn json_with_details(rows: &[Row]) -> String {
    json_lines(&rows.iter().map(|row| WithDetails { row, details: &row.details }).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct WithDetails<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(flatten)]
    details: &'a Details,
}

fn json_lines(objects: &[impl Serialize]) -> String {
    let mut text = String::from("[");
    for (index, object) in objects.iter().enumerate() {
        text.push_str(if index == 0 { "\n  " } else { ",\n  " });
        // Text, integers and finite numbers always serialise.
        text.push_str(&serde_json::to_string(object).unwrap_or_default());
    }
    text.push_str(if objects.is_empty() { "]\n" } else { "\n]\n" });
    text
}

const CSV_HEADER: &str =
    "trace,policy,capacity,unit,requests,hits,hit_ratio,byte_hit_ratio,evictions,seconds";
const CSV_DETAILS: &str = "misses_compulsory,misses_capacity,misses_expired,misses_deleted,misses_too_large,writes,deletes,scan_pollution";

/// Comma separated values below a header, with the columns of [`json`]; an absent byte hit ratio is empty.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut text = format!("{CSV_HEADER}\n");
    for row in rows {
        csv_fields(&mut text, row);
        text.push('\n');
    }
    text
}

/// As [`csv`], with the columns of [`json_with_details`].
#[must_use]
pub fn csv_with_details(rows: &[Row]) -> String {
    let mut text = format!("{CSV_HEADER},{CSV_DETAILS}\n");
    for row in rows {
        csv_fields(&mut text, row);
        let Details { misses, writes, deletes, scan_pollution } = row.details;
        let Misses { compulsory, capacity, expired, deleted, too_large } = misses;
        // Writing to a string cannot fail.
        let _ = write!(text, ",{compulsory},{capacity},{expired},{deleted},{too_large}");
        let _ = writeln!(text, ",{writes},{deletes},{scan_pollution}");
    }
    text
}

fn csv_fields(text: &mut String, row: &Row) {
    let byte_hit_ratio = row.byte_hit_ratio.map(|ratio| ratio.to_string()).unwrap_or_default();
    let _ = write!(
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

/// A file's name may hold anything.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
