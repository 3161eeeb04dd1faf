//! The details of rows, for eyes: misses by cause, and what filled the cache to no purpose.

use std::fmt::Write;

use super::{
    columns::Columns,
    numbers::{capacity, percent},
};
use crate::{Misses, Row};

/// What misses there are, each in percent of the requests, by capacity and policy; and the scan pollution, in percent of
/// what the cache held. Causes that no row knows are left out.
#[must_use]
pub fn details(rows: &[Row]) -> String {
    type Cause = (&'static str, fn(&Misses) -> u64);
    const CAUSES: [Cause; 5] = [
        ("compulsory", |misses| misses.compulsory),
        ("capacity", |misses| misses.capacity),
        ("expired", |misses| misses.expired),
        ("deleted", |misses| misses.deleted),
        ("too large", |misses| misses.too_large),
    ];
    let known = CAUSES.iter().filter(|(_, count)| rows.iter().any(|row| count(&row.details.misses) > 0));
    let known = known.collect::<Vec<_>>();
    let mut text = String::new();
    for block in rows.chunk_by(|a, b| (&a.trace, a.capacity, a.unit) == (&b.trace, b.capacity, b.unit)) {
        let Some(first) = block.first() else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        let at = capacity(first.capacity, first.unit);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: misses by cause at {at} {}, % of requests", first.trace, first.unit);
        let mut columns = Columns::default();
        let causes = known.iter().map(|(name, _)| *name);
        columns.line(["policy"].into_iter().chain(causes).chain(["all misses", "scan pollution"]));
        for row in block {
            let part = |count: u64| percent(count as f64 / row.requests.max(1) as f64);
            let causes = known.iter().map(|(_, count)| part(count(&row.details.misses)));
            let cells = [row.policy.to_owned()].into_iter().chain(causes);
            columns.line(cells.chain([part(row.requests - row.hits), percent(row.details.scan_pollution)]));
        }
        text.push_str(&columns.text());
        if first.details.writes + first.details.deletes > 0 {
            let (writes, deletes) = (first.details.writes, first.details.deletes);
            let _ =
                writeln!(text, "  beside {writes} writes and {deletes} deletes, which are no requests here");
        }
    }
    if !text.is_empty() {
        text.push_str(
            "\nscan pollution: % of the room, over time, that was held by what was not read before it left\n",
        );
    }
    text
}
