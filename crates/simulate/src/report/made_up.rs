//! Rows that no replay found, for tests.

use crate::{Details, Misses, Row, Unit};

/// By policy and capacity, with these hit ratios.
pub(crate) fn rows(capacities: &[u64], ratios: &[(&'static str, &[f64])]) -> Vec<Row> {
    let each = ratios
        .iter()
        .flat_map(|(policy, ratios)| capacities.iter().zip(*ratios).map(move |at| (*policy, at)));
    each.map(|(policy, (capacity, ratio))| row(policy, *capacity, *ratio)).collect()
}

/// As [`rows`], in bytes, with half as large byte hit ratios.
pub(crate) fn sized(capacities: &[u64], ratios: &[(&'static str, &[f64])]) -> Vec<Row> {
    let mut rows = rows(capacities, ratios);
    for row in &mut rows {
        (row.unit, row.byte_hit_ratio) = (Unit::Bytes, Some(row.hit_ratio / 2.0));
    }
    rows
}

fn row(policy: &'static str, capacity: u64, hit_ratio: f64) -> Row {
    let hits = (hit_ratio * 100_000.0).round() as u64;
    let compulsory = (100_000 - hits).min(20_000);
    let misses = Misses { compulsory, capacity: 100_000 - hits - compulsory, ..Misses::default() };
    Row {
        trace: "web.csv".to_owned(),
        policy,
        capacity,
        unit: Unit::Objects,
        requests: 100_000,
        hits,
        hit_ratio,
        byte_hit_ratio: None,
        evictions: 12_345,
        seconds: 0.25,
        rejections: 0,
        details: Details { misses, ..Details::default() },
        sampled: None,
        timeline: None,
    }
}
