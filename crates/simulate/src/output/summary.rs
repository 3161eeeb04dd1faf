//! A summary of a trace, for eyes.

use std::fmt::Write;

use super::{
    columns::Columns,
    numbers::{bytes, grouped, percent},
};
use crate::Summary;

/// The widest bar of a histogram, in characters.
const BAR: u64 = 40;

/// All of a summary but the points of its popularity curve, in a screenful or two.
#[must_use]
pub fn summary(summary: &Summary) -> String {
    let mut text = format!("{}: {}\n", summary.trace, summary.format);
    text.push_str(&totals(summary).text());
    section(&mut text, "Popularity: requests for the most popular objects", &popularity(summary));
    section(
        &mut text,
        "Working set: distinct objects in windows of so many requests",
        &working_sets(summary),
    );
    section(
        &mut text,
        "Reuse distance: objects requested in between, and this one (LRU hits from that capacity on)",
        &reuse(summary),
    );
    if !summary.lru_needs.is_empty() {
        section(&mut text, "LRU needs, for parts of the hits that can be had", &lru_needs(summary));
    }
    text
}

/// A summary as one JSON object.
#[must_use]
pub fn summary_json(summary: &Summary) -> String {
    // Text, integers and finite numbers always serialise.
    serde_json::to_string_pretty(summary).unwrap_or_default() + "\n"
}

fn section(text: &mut String, title: &str, columns: &Columns) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\n{title}\n{}", columns.text());
}

fn of(part: u64, whole: u64) -> String {
    format!("{} %", percent(part as f64 / whole.max(1) as f64))
}

fn totals(summary: &Summary) -> Columns {
    let mut columns = Columns::default();
    let mut line = |name: &str, figure: String, more: String| columns.line([name.to_owned(), figure, more]);
    line("requests", grouped(summary.requests), String::new());
    if summary.writes + summary.deletes > 0 {
        for (name, count) in
            [("reads", summary.reads), ("writes", summary.writes), ("deletes", summary.deletes)]
        {
            line(name, grouped(count), of(count, summary.requests));
        }
    }
    line("distinct objects", grouped(summary.objects), of(summary.objects, summary.requests));
    line("requested once", grouped(summary.one_hit_wonders), of(summary.one_hit_wonders, summary.objects));
    line("highest hit ratio", format!("{} %", percent(summary.hit_ratio_max)), String::new());
    if summary.bytes > summary.objects {
        line("bytes of objects", grouped(summary.bytes), bytes(summary.bytes));
        line("bytes of requests", grouped(summary.request_bytes), bytes(summary.request_bytes));
        line("largest object", grouped(summary.object_bytes_max), bytes(summary.object_bytes_max));
    }
    if let Some(span_s) = summary.span_s {
        line("time span", format!("{span_s:.1} s"), span(span_s));
    }
    if let Some(ttl) = &summary.ttl {
        line("with time to live", grouped(ttl.requests), of(ttl.requests, summary.requests));
        line("time to live", format!("{} s", ttl.median_s), format!("{} to {} s", ttl.min_s, ttl.max_s));
    }
    columns
}

fn span(seconds: f64) -> String {
    match seconds {
        _ if seconds >= 86_400.0 => format!("{:.1} days", seconds / 86_400.0),
        _ if seconds >= 3600.0 => format!("{:.1} h", seconds / 3600.0),
        _ if seconds >= 60.0 => format!("{:.1} min", seconds / 60.0),
        _ => String::new(),
    }
}

fn popularity(summary: &Summary) -> Columns {
    let mut columns = Columns::default();
    for top in &summary.popularity.top {
        columns.line([format!("first {}", grouped(top.objects)), format!("{} %", percent(top.share))]);
    }
    if let (Some(exponent), Some(r2)) = (summary.popularity.zipf_exponent, summary.popularity.zipf_r2) {
        columns.line(["Zipf exponent".to_owned(), format!("{exponent:.2}"), format!("R2 {r2:.3}")]);
    }
    columns
}

fn working_sets(summary: &Summary) -> Columns {
    let mut columns = Columns::default();
    columns.line(["requests", "objects", "at most"]);
    for set in &summary.working_sets {
        let mean = format!("{:.0}", set.objects_mean).parse().map_or_else(|_| String::new(), grouped);
        columns.line([grouped(set.window_requests), mean, grouped(set.objects_max)]);
    }
    columns
}

fn reuse(summary: &Summary) -> Columns {
    let mut columns = Columns::default();
    let most = summary.reuse.histogram.iter().map(|bucket| bucket.requests).max().unwrap_or(0);
    columns.line(["up to", "requests", "%"]);
    for bucket in &summary.reuse.histogram {
        let bar = "#".repeat(usize::try_from(bucket.requests * BAR / most.max(1)).unwrap_or(0));
        let part = percent(bucket.requests as f64 / summary.requests.max(1) as f64);
        columns.line([grouped(bucket.distance_max), grouped(bucket.requests), part, format!("{bar:<40}")]);
    }
    let first = summary.reuse.first_requests;
    columns.line([
        "first requests".to_owned(),
        grouped(first),
        percent(first as f64 / summary.requests.max(1) as f64),
    ]);
    for at in &summary.reuse.percentiles {
        columns.line([format!("{} % of repeats up to", at.percent), grouped(at.distance)]);
    }
    columns
}

fn lru_needs(summary: &Summary) -> Columns {
    let mut columns = Columns::default();
    columns.line(["part", "hit ratio", "objects", "% of objects", "bytes"]);
    for need in &summary.lru_needs {
        columns.line([
            format!("{:.0} %", need.part * 100.0),
            format!("{} %", percent(need.hit_ratio)),
            grouped(need.objects),
            percent(need.objects as f64 / summary.objects.max(1) as f64),
            need.bytes.map(bytes).unwrap_or_default(),
        ]);
    }
    columns
}
