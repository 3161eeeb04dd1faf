//! Why requests missed: a bar per policy, cut by cause.

use std::fmt::Write;

use super::{curves::amount, markup::escaped, names};
use crate::{Row, comparison::Comparison, output::numbers};

/// A cause, its class in the page's style, and what it means.
type Cause = (&'static str, &'static str, fn(&Row) -> u64);

const CAUSES: [Cause; 5] = [
    ("first request", "m1", |row| row.details.misses.compulsory),
    ("evicted before", "m2", |row| row.details.misses.capacity),
    ("expired", "m3", |row| row.details.misses.expired),
    ("deleted", "m4", |row| row.details.misses.deleted),
    ("too large", "m5", |row| row.details.misses.too_large),
];

/// The misses at `capacity`, the fewest first.
pub(crate) fn misses(comparison: &Comparison<'_>, capacity: u64) -> String {
    let mut rows =
        Vec::from_iter(comparison.policies.iter().filter_map(|policy| comparison.row(policy, capacity)));
    rows.sort_by_key(|row| row.requests - row.hits.min(row.requests));
    let most = rows.iter().map(|row| share(row.requests.saturating_sub(row.hits), row)).fold(0.0, f64::max);
    let causes = CAUSES.iter().filter(|(_, _, count)| rows.iter().any(|row| count(row) > 0));
    let causes = Vec::from_iter(causes);
    if causes.is_empty() || most == 0.0 {
        return String::new();
    }
    let mut html = format!(
        "<figure class=\"misses\">\n<figcaption>Misses by cause, {}</figcaption>\n<div class=\"y-name\">share of the requests: \
         the shorter, the better</div>\n<ul class=\"causes\">\n",
        escaped(&amount(capacity, comparison.unit))
    );
    // Writing to a string cannot fail.
    for (name, class, _) in &causes {
        let _ = writeln!(html, "<li><i class=\"{class}\"></i>{name}</li>");
    }
    html.push_str("</ul>\n<ul class=\"bars\">\n");
    for row in rows {
        let told = causes
            .iter()
            .map(|(name, _, count)| format!("{name} {}%", numbers::percent(share(count(row), row))));
        let told = Vec::from_iter(told).join(", ");
        let missed = share(row.requests.saturating_sub(row.hits), row);
        let _ = write!(
            html,
            "<li data-p=\"{}\" title=\"{told}\"><span>{}</span><span class=\"bar\" role=\"img\" aria-label=\"{told}\">",
            row.policy,
            escaped(&names::proper(row.policy)),
        );
        for (_, class, count) in &causes {
            let width = share(count(row), row) / most * 100.0;
            let _ = write!(html, "<i class=\"{class}\" style=\"width:{width:.2}%\"></i>");
        }
        let _ = writeln!(html, "</span><span>{:.1} %</span></li>", missed * 100.0);
    }
    html.push_str("</ul>\n</figure>\n");
    html
}

fn share(count: u64, row: &Row) -> f64 {
    count as f64 / row.requests.max(1) as f64
}
