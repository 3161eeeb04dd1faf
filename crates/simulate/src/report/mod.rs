//! One page with all that a replay found: self-contained HTML for a browser, a mail or a printer.
//!
//! The page needs no network and no script to be read; a short script of its own singles policies out.

mod axis;
mod cast;
mod curves;
mod findings;
#[cfg(test)]
mod made_up;
mod markup;
mod misses;
mod names;
mod numbers_table;
mod over_time;
mod plot;
#[cfg(test)]
mod tests;
mod traits;
mod wording;

use std::fmt::Write;

use cast::Cast;
use findings::Context;
use markup::escaped;

use crate::{
    Row, Summary, Unit,
    comparison::{Comparison, Measure},
};

/// What a page is made from.
#[derive(Clone, Debug, Default)]
pub struct Report<'r> {
    /// What the replay found. Rows of one trace; those that kept a [timeline](crate::Replay::timeline) are drawn over
    /// time.
    pub rows: &'r [Row],
    /// The command that made the page, for who wants to repeat it.
    pub command: String,
    /// What the trace is like, up to where the replay ended.
    pub summary: Option<&'r Summary>,
    /// What to say first of a replay that was stopped before its end.
    pub partial: Option<String>,
}

impl Report<'_> {
    /// The page. Everything in it that came from outside is escaped.
    #[must_use]
    pub fn html(&self) -> String {
        let trace = self.rows.first().map_or("", |row| row.trace.as_str());
        let trace = trace.rsplit('/').next().unwrap_or(trace);
        let mut body = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(body, "<main>\n<h1>Which cache for {}?</h1>", escaped(trace));
        if let Some(partial) = &self.partial {
            let _ = writeln!(body, "<p class=\"partial\"><b>Partial:</b> {}</p>", escaped(partial));
        }
        let mut capacity = None;
        for unit in [Unit::Objects, Unit::Bytes] {
            let comparison = Comparison::new(self.rows, unit);
            if !comparison.rows.is_empty() {
                self.compared(&mut body, &comparison);
            }
            if unit == Unit::Objects {
                capacity = Some(findings::chosen(&comparison)).filter(|capacity| *capacity > 0);
            }
        }
        if self.rows.is_empty() {
            body.push_str("<p class=\"headline\">Nothing was simulated.</p>\n");
        }
        self.trace(&mut body, capacity);
        self.colophon(&mut body);
        body.push_str("</main>\n");
        page(trace, &body)
    }

    /// Findings, plots and numbers of the rows in one unit.
    fn compared(&self, body: &mut String, comparison: &Comparison<'_>) {
        let chosen = findings::chosen(comparison);
        let cast = Cast::new(comparison, chosen);
        let context = Context {
            // Capacities may be sampled at different rates: the least is the least certain.
            sampled: comparison.rows.iter().filter_map(|row| row.sampled).min_by(f64::total_cmp),
            partial: self.partial.is_some(),
            hit_ratio_max: self.summary.map(|summary| summary.hit_ratio_max),
        };
        let said = findings::findings(comparison, context);
        let _ = writeln!(
            body,
            "<section>\n<p class=\"headline\">{}</p>\n<ul class=\"details\">",
            escaped(&said.headline)
        );
        for detail in said.details {
            let _ = writeln!(body, "<li>{}</li>", escaped(&detail));
        }
        body.push_str("</ul>\n</section>\n");
        let legend = legend(&cast);
        if let Some(plot) = curves::curves(comparison, &cast, Measure::HitRatio, chosen) {
            let _ = write!(
                body,
                "<section class=\"wide\">\n<h2>How much memory, which policy</h2>\n{}</section>\n",
                plot.html(&legend)
            );
        }
        let further = [
            curves::above_lru(comparison, &cast, chosen),
            curves::curves(comparison, &cast, Measure::ByteHitRatio, chosen),
            over_time::over_time(comparison, &cast, chosen),
        ];
        body.push_str("<section class=\"pair\">\n");
        for plot in further.into_iter().flatten() {
            body.push_str(&plot.html(""));
        }
        body.push_str("</section>\n<section>\n<h2>Why it misses</h2>\n");
        body.push_str(&misses::misses(comparison, chosen));
        body.push_str("</section>\n<section>\n<h2>All numbers</h2>\n");
        body.push_str(&numbers_table::by_capacity(comparison, &cast, Measure::HitRatio));
        if comparison.unit == Unit::Bytes {
            body.push_str(&numbers_table::by_capacity(comparison, &cast, Measure::ByteHitRatio));
        }
        let _ = write!(
            body,
            "<details>\n<summary>Hits, misses, evictions and time of each simulation</summary>\n{}</details>\n</section>\n",
            numbers_table::in_full(comparison, &cast)
        );
    }

    /// What the trace is like; `capacity` is the one in objects that the page is about, if it is about one.
    fn trace(&self, body: &mut String, capacity: Option<u64>) {
        body.push_str("<section>\n<h2>The trace</h2>\n");
        let Some(summary) = self.summary else {
            body.push_str(
                "<p class=\"soft\">What it is like is found out by reading it once more, which was not done: it is no \
                 file, or the replay was stopped.</p>\n</section>\n",
            );
            return;
        };
        body.push_str("<div class=\"pair\">\n");
        let plots =
            [traits::popularity(summary), traits::reuse(summary, capacity), traits::working_set(summary)];
        for plot in plots.into_iter().flatten() {
            body.push_str(&plot.html(""));
        }
        body.push_str("<dl class=\"facts\">\n");
        for (name, value) in traits::facts(summary) {
            let _ = writeln!(body, "<dt>{}</dt><dd>{}</dd>", escaped(&name), escaped(&value));
        }
        body.push_str("</dl>\n</div>\n</section>\n");
    }

    /// How to read the page and how it came to be.
    fn colophon(&self, body: &mut String) {
        let _ = write!(
            body,
            "{HOW_TO_READ}<section>\n<h2>Made by</h2>\n<pre>{}</pre>\n<p class=\"soft\">Nuthatch {}</p>\n</section>\n",
            escaped(&self.command),
            env!("CARGO_PKG_VERSION"),
        );
    }
}

const HOW_TO_READ: &str = include_str!("how_to_read.html");

/// The names of the policies as they are drawn; the page's script makes them single one out.
fn legend(cast: &Cast) -> String {
    let mut html = String::from("<div class=\"legend\" role=\"group\" aria-label=\"Single out a policy\">\n");
    for (policy, class) in cast.roles() {
        let _ = writeln!(
            html,
            "<button type=\"button\" aria-pressed=\"false\" data-p=\"{policy}\"><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\">\
             <g class=\"s {class}\"><path d=\"M1 5H25\"/></g></svg>{}</button>",
            escaped(&names::proper(policy))
        );
    }
    html.push_str("</div>\n");
    html
}

/// The whole file. The policy in its head forbids it to load anything from anywhere.
fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n\
         <title>Which cache for {}?</title>\n<style>\n{}</style>\n</head>\n<body>\n{body}<script>\n{}</script>\n</body>\n</html>\n",
        escaped(title),
        include_str!("page.css"),
        include_str!("page.js"),
    )
}
