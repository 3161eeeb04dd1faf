//! Numbers in sentences.

/// An interpolated capacity pretends no more.
pub(crate) fn three_digits(number: f64) -> u64 {
    let scale = 10_f64.powf((number.max(1.0).log10().floor() - 2.0).max(0.0));
    ((number / scale).round() * scale) as u64
}

/// `2.2`, not `2.192`.
pub(crate) fn two_digits(number: f64) -> f64 {
    let scale = 10_f64.powf(number.max(0.01).log10().floor() - 1.0);
    (number / scale).round() * scale
}

pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

pub(crate) fn percent_whole(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}

/// `1.3 points`, `1 point`.
pub(crate) fn points(ratio: f64) -> String {
    one_decimal((ratio * 1000.0).round() / 10.0)
}

/// As [`points`], rounded up: no more than it says.
pub(crate) fn points_at_most(ratio: f64) -> String {
    // Else 0.3 points, which no float is, would become 0.4.
    one_decimal((ratio * 1000.0 - 1e-6).ceil().max(1.0) / 10.0)
}

fn one_decimal(points: f64) -> String {
    format!("{} point{}", short(points), if points == 1.0 { "" } else { "s" })
}

/// Without zeros behind the point.
pub(crate) fn short(number: f64) -> String {
    format!("{}", (number * 1000.0).round() / 1000.0)
}

pub(crate) fn verb(names: &[&str], one: &'static str, several: &'static str) -> &'static str {
    if names.len() == 1 { one } else { several }
}
