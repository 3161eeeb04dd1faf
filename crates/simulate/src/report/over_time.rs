//! How well each policy did from the start of a trace to its end.

use super::{
    axis::{Axis, short_count},
    cast::Cast,
    curves::amount,
    names,
    plot::{Plot, Point, Series, Shape},
};
use crate::comparison::Comparison;

/// The hit ratio of each slice of the trace at `capacity`; `None` if no row kept them.
pub(crate) fn over_time(comparison: &Comparison<'_>, cast: &Cast, capacity: u64) -> Option<Plot> {
    let mut series = Vec::new();
    let (mut lowest, mut highest, mut requests) = (1.0_f64, 0.0_f64, 0.0_f64);
    for (policy, class) in cast.drawn() {
        let Some(timeline) = comparison.row(policy, capacity).and_then(|row| row.timeline.as_ref()) else {
            continue;
        };
        let slices = timeline.slices();
        // A sample has fewer requests than the trace that it stands for.
        let noted = slices.iter().map(|slice| slice.requests).sum::<u64>().max(1) as f64;
        let scale = comparison.row(policy, capacity).map_or(1.0, |row| row.requests as f64 / noted);
        // The last one may be of a few requests, of which a share says nothing.
        let full = slices.first().map_or(0, |first| first.requests);
        let (mut before, mut points) = (0.0, Vec::new());
        for slice in slices.iter().filter(|slice| slice.requests * 2 > full) {
            let ratio = slice.hits as f64 / slice.requests as f64;
            points.push(Point { x: (before + slice.requests as f64 / 2.0) * scale, y: ratio, told: None });
            before += slice.requests as f64;
            (lowest, highest) = (lowest.min(ratio), highest.max(ratio));
        }
        requests = requests.max(before * scale);
        if class == "other" {
            // Drawn only while it is singled out.
            series.insert(
                0,
                Series { class: "other hushed", policy: Some(policy), shape: Shape::Line, points },
            );
        } else {
            series.push(Series { class, policy: Some(policy), shape: Shape::Line, points });
        }
    }
    let most = comparison.candidates().next().map(names::proper).unwrap_or_default();
    (requests > 0.0).then(|| Plot {
        title: format!("Hit ratio over time, {}", amount(capacity, comparison.unit)),
        description: format!(
            "Hit ratio of each slice of {} requests, at {}, of {most} and others.",
            short_count(requests),
            amount(capacity, comparison.unit)
        ),
        x: Axis::counts(requests),
        x_name: "requests since the start".to_owned(),
        y: Axis::shares(lowest, highest),
        y_name: "hit ratio of each slice".to_owned(),
        series,
        clip: false,
        mark: None,
    })
}
