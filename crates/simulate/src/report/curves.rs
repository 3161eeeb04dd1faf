//! What a policy hits by how much memory it has.

use super::{
    axis::Axis,
    cast::Cast,
    names,
    plot::{Plot, Point, Series, Shape},
};
use crate::{
    Unit,
    comparison::{BELADY, Comparison, Measure},
    output::numbers,
};

/// `measure` over capacity, a curve per policy; `None` if nothing has been measured so.
pub(crate) fn curves(
    comparison: &Comparison<'_>,
    cast: &Cast,
    measure: Measure,
    chosen: u64,
) -> Option<Plot> {
    let ratios = comparison.rows.iter().filter_map(|row| measure.of(row));
    let (lowest, highest) = ratios.fold(None, |ends: Option<(f64, f64)>, ratio| {
        Some(ends.map_or((ratio, ratio), |(low, high)| (low.min(ratio), high.max(ratio))))
    })?;
    let (smallest, largest) = (*comparison.capacities.first()?, *comparison.capacities.last()?);
    let unit = comparison.unit;
    let series = cast.drawn().map(|(policy, class)| {
        let point = |capacity: &u64| {
            let ratio = comparison.ratio(policy, *capacity, measure)?;
            let amount = amount(*capacity, unit);
            let told = format!("{}, {amount}: {} %", names::proper(policy), numbers::percent(ratio));
            Some(Point { x: *capacity as f64, y: ratio, told: Some(told) })
        };
        let points = comparison.capacities.iter().filter_map(point).collect();
        Series { class, policy: Some(policy), shape: Shape::Line, points }
    });
    let what = match measure {
        Measure::HitRatio => "Share of requests that hit",
        Measure::ByteHitRatio => "Share of bytes that hit",
    };
    Some(Plot {
        title: format!("{what}, by capacity"),
        description: format!(
            "{what}, of {} policies at capacities from {} to {}. All values are in the table below.",
            comparison.policies.len(),
            amount(smallest, unit),
            amount(largest, unit)
        ),
        x: Axis::log(smallest as f64, largest as f64, unit),
        x_name: x_name(unit),
        y: Axis::shares(lowest, highest),
        y_name: measure.name().to_owned(),
        series: series.collect(),
        clip: false,
        mark: (comparison.capacities.len() > 1).then(|| (chosen as f64, numbers::capacity(chosen, unit))),
    })
}

/// The hit ratio above LRU's over capacity: where curves lie close, this tells them apart. `None` without LRU, or others.
pub(crate) fn above_lru(comparison: &Comparison<'_>, cast: &Cast, chosen: u64) -> Option<Plot> {
    let lru = |capacity| comparison.ratio("lru", capacity, Measure::HitRatio);
    let (smallest, largest) = (*comparison.capacities.first()?, *comparison.capacities.last()?);
    if smallest == largest || comparison.candidates().nth(1).is_none() {
        return None;
    }
    let (mut lowest, mut highest) = (0.0_f64, 0.0_f64);
    let mut series = Vec::new();
    for (policy, class) in cast.drawn().filter(|(policy, _)| *policy != BELADY) {
        let mut points = Vec::new();
        for capacity in &comparison.capacities {
            let above = comparison.ratio(policy, *capacity, Measure::HitRatio)? - lru(*capacity)?;
            // Those in grey may lie far below; they must not press the others together.
            if class != "other" {
                (lowest, highest) = (lowest.min(above), highest.max(above));
            }
            let told = format!(
                "{}, {}: {:+.2} points",
                names::proper(policy),
                amount(*capacity, comparison.unit),
                above * 100.0
            );
            points.push(Point { x: *capacity as f64, y: above, told: Some(told) });
        }
        series.push(Series { class, policy: Some(policy), shape: Shape::Line, points });
    }
    Some(Plot {
        title: "Gain over LRU, by capacity".to_owned(),
        description: format!(
            "How much more each policy hits than LRU, at capacities from {} to {}.",
            amount(smallest, comparison.unit),
            amount(largest, comparison.unit)
        ),
        x: Axis::log(smallest as f64, largest as f64, comparison.unit),
        x_name: x_name(comparison.unit),
        y: Axis::differences(lowest, highest),
        y_name: "points of the hit ratio".to_owned(),
        series,
        clip: true,
        mark: Some((chosen as f64, numbers::capacity(chosen, comparison.unit))),
    })
}

fn x_name(unit: Unit) -> String {
    match unit {
        Unit::Objects => "capacity in objects (each step to the right multiplies)".to_owned(),
        Unit::Bytes => "capacity (each step to the right multiplies)".to_owned(),
    }
}

/// `18,688 objects`, `2 GiB`.
pub(crate) fn amount(capacity: u64, unit: Unit) -> String {
    match unit {
        Unit::Objects if capacity == 1 => "1 object".to_owned(),
        Unit::Objects => format!("{} objects", numbers::grouped(capacity)),
        Unit::Bytes => numbers::bytes(capacity),
    }
}
