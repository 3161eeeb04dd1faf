//! All numbers of a page, for who wants to know exactly, or cannot see the plots.

use std::fmt::Write;

use super::{cast::Cast, curves::amount, markup::escaped, names};
use crate::{
    Unit,
    comparison::{BELADY, Comparison, Measure},
    output::numbers,
};

/// A line per policy, a column per capacity.
pub(crate) fn by_capacity(comparison: &Comparison<'_>, cast: &Cast, measure: Measure) -> String {
    let mut html = String::new();
    let unit = match comparison.unit {
        Unit::Objects => "capacity in objects",
        Unit::Bytes => "capacity",
    };
    // Writing to a string cannot fail.
    let _ = write!(
        html,
        "<div class=\"scroll\" tabindex=\"0\">\n<table>\n<caption>{} in percent, by policy and {unit}; the best of each \
         column is bold</caption>\n<thead><tr><th scope=\"col\">policy</th>",
        upper_first(measure.name())
    );
    for capacity in &comparison.capacities {
        let _ = write!(html, "<th scope=\"col\">{}</th>", numbers::capacity(*capacity, comparison.unit));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (policy, class) in sorted(comparison, cast) {
        let _ = write!(
            html,
            "<tr class=\"s {class}\" data-p=\"{policy}\"><th scope=\"row\">{}</th>",
            escaped(&names::proper(policy))
        );
        for capacity in &comparison.capacities {
            let row = comparison.row(policy, *capacity);
            let best = row.is_some_and(|row| comparison.is_best(row, measure));
            let ratio = row.and_then(|row| measure.of(row)).map(numbers::percent).unwrap_or_default();
            let _ =
                if best { write!(html, "<td><b>{ratio}</b></td>") } else { write!(html, "<td>{ratio}</td>") };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    html
}

/// A line per policy and capacity.
pub(crate) fn in_full(comparison: &Comparison<'_>, cast: &Cast) -> String {
    let in_bytes = comparison.unit == Unit::Bytes;
    let mut html = String::from(
        "<div class=\"scroll\" tabindex=\"0\">\n<table>\n<caption>All counts, by capacity and policy; misses by cause</caption>\n<thead><tr>\
         <th scope=\"col\">capacity</th><th scope=\"col\">policy</th><th scope=\"col\">hit ratio, %</th>",
    );
    if in_bytes {
        html.push_str("<th scope=\"col\">byte hit ratio, %</th>");
    }
    if comparison.has_belady() {
        html.push_str("<th scope=\"col\">to Belady, points</th>");
    }
    for name in [
        "hits",
        "misses",
        "first requests",
        "evicted",
        "expired",
        "deleted",
        "too large",
        "evictions",
        "seconds",
    ] {
        let _ = write!(html, "<th scope=\"col\">{name}</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for capacity in &comparison.capacities {
        let belady = comparison.ratio(BELADY, *capacity, Measure::HitRatio);
        for (policy, _) in sorted(comparison, cast) {
            let Some(row) = comparison.row(policy, *capacity) else { continue };
            let mut cells = vec![numbers::percent(row.hit_ratio)];
            if in_bytes {
                cells.push(row.byte_hit_ratio.map(numbers::percent).unwrap_or_default());
            }
            if let Some(belady) = belady {
                cells.push(if policy == BELADY {
                    String::new()
                } else {
                    numbers::percent(belady - row.hit_ratio)
                });
            }
            let misses = row.requests.saturating_sub(row.hits);
            let causes = row.details.misses;
            cells.extend([row.hits, misses].map(numbers::grouped));
            let causes = [
                causes.compulsory,
                causes.capacity,
                causes.expired,
                causes.deleted,
                causes.too_large,
                row.evictions,
            ];
            cells.extend(causes.map(numbers::grouped));
            cells.push(format!("{:.3}", row.seconds));
            let _ = write!(
                html,
                "<tr><td>{}</td><th scope=\"row\">{}</th>",
                amount(*capacity, comparison.unit),
                escaped(&names::proper(policy))
            );
            for cell in cells {
                let _ = write!(html, "<td>{cell}</td>");
            }
            html.push_str("</tr>\n");
        }
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    html
}

/// The best first, as the comparison has them.
fn sorted(comparison: &Comparison<'_>, cast: &Cast) -> Vec<(&'static str, &'static str)> {
    let role = |policy: &&'static str| cast.roles().iter().find(|(known, _)| known == policy).copied();
    comparison.policies.iter().filter_map(role).collect()
}

fn upper_first(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}
