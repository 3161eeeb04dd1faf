//! Rows as text: for eyes, for programs, for spreadsheets.

pub(crate) mod numbers;
mod table;

use std::fmt::Write;

pub use numbers::grouped;
pub use table::table;

use crate::Row;

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
