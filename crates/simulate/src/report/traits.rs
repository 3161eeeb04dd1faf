//! What the trace is like: who is asked for how often, how soon again, and how many at a time.

use super::{
    axis::{Axis, short_count},
    plot::{Plot, Point, Series, Shape},
};
use crate::{Summary, Unit, output::numbers};

/// Requests by rank.
pub(crate) fn popularity(summary: &Summary) -> Option<Plot> {
    let ranks = &summary.popularity.ranks;
    let (first, last) = (ranks.first()?, ranks.last()?);
    let points = ranks.iter().map(|at| Point {
        x: at.rank as f64,
        y: at.requests as f64,
        told: Some(format!("rank {}: {} requests", numbers::grouped(at.rank), numbers::grouped(at.requests))),
    });
    let top = summary.popularity.top.iter().rfind(|top| top.objects * 100 <= summary.objects);
    let told = top.map_or(String::new(), |top| {
        format!(
            ": {} objects of {} have {:.1} % of the requests",
            numbers::grouped(top.objects),
            numbers::grouped(summary.objects),
            top.share * 100.0
        )
    });
    Some(Plot {
        title: format!("Popularity{told}"),
        description: format!(
            "Requests for each object by its rank, from {} for the most popular to {}.",
            numbers::grouped(first.requests),
            numbers::grouped(last.requests)
        ),
        x: Axis::log(1.0, last.rank as f64, Unit::Objects),
        x_name: "rank of the object, the most popular first".to_owned(),
        y: Axis::log(1.0, first.requests as f64, Unit::Objects),
        y_name: "requests".to_owned(),
        series: vec![Series { class: "c1 fine", policy: None, shape: Shape::Line, points: points.collect() }],
        clip: false,
        mark: None,
    })
}

/// Repeated requests by distance. `capacity` is one in objects, if the page is about one.
pub(crate) fn reuse(summary: &Summary, capacity: Option<u64>) -> Option<Plot> {
    let histogram = &summary.reuse.histogram;
    let last = histogram.last()?;
    let share = |requests: u64| requests as f64 / summary.requests.max(1) as f64;
    let mut points = Vec::from_iter(histogram.iter().map(|bucket| Point {
        x: bucket.distance_max as f64 / 2.0,
        y: share(bucket.requests),
        told: Some(format!(
            "distance up to {}: {:.2} % of the requests",
            numbers::grouped(bucket.distance_max),
            share(bucket.requests) * 100.0
        )),
    }));
    points.push(Point { x: last.distance_max as f64, y: 0.0, told: None });
    let highest = points.iter().map(|point| point.y).fold(0.0, f64::max);
    let median = summary.reuse.percentiles.iter().find(|at| at.percent == 50);
    let median = median.map(|at| format!(", half of them within {}", numbers::grouped(at.distance)));
    Some(Plot {
        title: format!(
            "Reuse distance: {:.1} % of the requests repeat{}",
            (1.0 - share(summary.reuse.first_requests)) * 100.0,
            median.unwrap_or_default()
        ),
        description: format!(
            "Share of the requests by how many different objects were requested since the last request for the same \
             one, in powers of two up to {}.",
            numbers::grouped(last.distance_max)
        ),
        x: Axis::log(0.5, last.distance_max as f64, Unit::Objects),
        x_name: "distinct objects since the last request; LRU hits what is left of its capacity".to_owned(),
        y: Axis::shares(0.0, highest),
        y_name: "share of the requests".to_owned(),
        series: vec![Series { class: "c1", policy: None, shape: Shape::Columns, points }],
        clip: false,
        mark: capacity
            .filter(|capacity| *capacity <= last.distance_max)
            .map(|capacity| (capacity as f64, numbers::grouped(capacity))),
    })
}

/// Distinct objects by the length of a window.
pub(crate) fn working_set(summary: &Summary) -> Option<Plot> {
    let sets = &summary.working_sets;
    let (first, last) = (sets.first()?, sets.last()?);
    let curve = |class, most: bool| {
        let points = sets.iter().map(|set| {
            let (objects, kind) =
                if most { (set.objects_max as f64, "at most") } else { (set.objects_mean, "on average") };
            Point {
                x: set.window_requests as f64,
                y: objects,
                told: Some(format!(
                    "{} requests: {kind} {} objects",
                    numbers::grouped(set.window_requests),
                    numbers::grouped(objects.round() as u64)
                )),
            }
        });
        Series { class, policy: None, shape: Shape::Line, points: points.collect() }
    };
    Some(Plot {
        title: format!(
            "Working set: {} objects in {} requests",
            numbers::grouped(last.objects_mean.round() as u64),
            short_count(last.window_requests as f64)
        ),
        description: format!(
            "Distinct objects, on average and at most, in windows of {} to {} requests.",
            short_count(first.window_requests as f64),
            short_count(last.window_requests as f64)
        ),
        x: Axis::log(first.window_requests as f64, last.window_requests as f64, Unit::Objects),
        x_name: "requests in the window".to_owned(),
        y: Axis::log(first.objects_mean.max(1.0), last.objects_max as f64, Unit::Objects),
        y_name: "distinct objects: on average (solid), at most (dashed)".to_owned(),
        series: vec![curve("c2", true), curve("c1", false)],
        clip: false,
        mark: None,
    })
}

/// Names and values.
pub(crate) fn facts(summary: &Summary) -> Vec<(String, String)> {
    let grouped = numbers::grouped;
    let percent = |part: u64, whole: u64| format!("{:.1} %", part as f64 / whole.max(1) as f64 * 100.0);
    let mut facts = vec![
        ("File".to_owned(), format!("{} ({})", summary.trace, summary.format)),
        ("Requests".to_owned(), grouped(summary.requests)),
    ];
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    if summary.writes + summary.deletes > 0 {
        let kinds = [(summary.reads, "reads"), (summary.writes, "writes"), (summary.deletes, "deletes")];
        fact("of which", kinds.map(|(count, kind)| format!("{} {kind}", grouped(count))).join(", "));
    }
    fact("Distinct objects", grouped(summary.objects));
    fact(
        "Requested once",
        format!(
            "{} objects, {} of them",
            grouped(summary.one_hit_wonders),
            percent(summary.one_hit_wonders, summary.objects)
        ),
    );
    if summary.bytes > summary.objects {
        fact("Bytes of the objects", numbers::bytes(summary.bytes));
        fact("Largest object", numbers::bytes(summary.object_bytes_max));
        fact("Bytes requested", numbers::bytes(summary.request_bytes));
    }
    if let Some(seconds) = summary.span_s {
        fact("Time", span(seconds));
    }
    if let Some(ttl) = &summary.ttl {
        fact(
            "Times to live",
            format!(
                "{} of the requests, from {} s to {} s, half of them at most {} s",
                percent(ttl.requests, summary.requests),
                grouped(ttl.min_s),
                grouped(ttl.max_s),
                grouped(ttl.median_s)
            ),
        );
    }
    fact(
        "Highest hit ratio",
        format!("{:.2} %: every request but the first for each object", summary.hit_ratio_max * 100.0),
    );
    if let Some(exponent) = summary.popularity.zipf_exponent {
        let fit = summary.popularity.zipf_r2.map(|r2| format!(" (explains {:.0} %)", r2 * 100.0));
        fact("Zipf exponent", format!("{exponent:.2}{}", fit.unwrap_or_default()));
    }
    for need in &summary.lru_needs {
        let bytes = need.bytes.map(|bytes| format!(", {}", numbers::bytes(bytes))).unwrap_or_default();
        let part = need.part * 100.0;
        fact(&format!("LRU for {part:.0} % of that"), format!("{} objects{bytes}", grouped(need.objects)));
    }
    facts
}

/// `47 s`, `3.2 h`.
fn span(seconds: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(86_400.0, "days"), (3600.0, "h"), (60.0, "min")];
    match UNITS.into_iter().find(|(unit, _)| seconds >= 2.0 * unit) {
        Some((unit, name)) => format!("{:.1} {name}", seconds / unit),
        None => format!("{seconds:.1} s"),
    }
}
