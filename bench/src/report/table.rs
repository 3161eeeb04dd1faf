//! Measures as tables for people.

use std::io::{self, Write};

use crate::report::measure::{Better, Measure, Role, Sample};

/// One measure: a line per subject, with its median, its spread and how it compares.
pub(super) fn print(out: &mut impl Write, area: &str, measure: &Measure) -> io::Result<()> {
    writeln!(out, "{area} {}, {} ({})", measure.name, measure.unit, wish(measure.better))?;
    let width = measure.samples.iter().map(|sample| sample.subject.len()).max().unwrap_or(0);
    let peers = measure.compared_with();
    for sample in &measure.samples {
        if sample.rounds.is_empty() {
            writeln!(out, "  {:width$} {:>10}  {}", sample.subject, "-", sample.beside)?;
            continue;
        }
        let (low, high) = sample.spread();
        let spread = format!("{low:.2}-{high:.2}");
        let versus = peers.iter().filter(|_| sample.role == Role::Ours);
        let versus = versus.map(|peer| format!("{:.2}x of {}", measure.ratio(sample, peer), peer.subject));
        let versus = versus.collect::<Vec<_>>().join(", ");
        let (subject, median, beside) = (&sample.subject, sample.median(), &sample.beside);
        let line = format!("  {subject:width$} {median:>10.2}  {spread:<20} {versus:<64} {beside}");
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    out.flush()
}

/// Measures of the same subjects side by side, one column each, in the order of the first one's subjects; below, by how
/// much each of ours is ahead of the best peer, in the measure's unit.
pub(super) fn print_grid(
    out: &mut impl Write,
    area: &str,
    title: &str,
    columns: &[(String, Measure)],
) -> io::Result<()> {
    let Some((_, first)) = columns.first() else { return Ok(()) };
    writeln!(out, "{area} {title}, {} ({})", first.unit, wish(first.better))?;
    let width = first.samples.iter().map(|sample| sample.subject.len()).max().unwrap_or(0) + " ahead".len();
    let line = |out: &mut dyn Write, label: &str, cells: Vec<String>| {
        writeln!(out, "  {label:width$} {}", cells.join(" "))
    };
    line(out, "", columns.iter().map(|(label, _)| format!("{label:>10}")).collect())?;
    for sample in &first.samples {
        let median = |(_, measure): &(String, Measure)| {
            find(measure, &sample.subject).map_or(f64::NAN, Sample::median)
        };
        let cells = columns.iter().map(|column| format!("{:>10.2}", median(column)));
        line(out, &sample.subject, cells.collect())?;
    }
    for sample in first.samples.iter().filter(|sample| sample.role == Role::Ours) {
        let cells = columns.iter().map(|(_, measure)| format!("{:>+10.2}", lead(measure, &sample.subject)));
        line(out, &format!("{} ahead", sample.subject), cells.collect())?;
    }
    writeln!(out)?;
    out.flush()
}

fn find<'a>(measure: &'a Measure, subject: &str) -> Option<&'a Sample> {
    measure.samples.iter().find(|sample| sample.subject == subject)
}

/// How much better `subject` is than the best peer.
fn lead(measure: &Measure, subject: &str) -> f64 {
    let (Some(ours), Some(best)) = (find(measure, subject), measure.best_peer()) else { return f64::NAN };
    match measure.better {
        Better::Lower => best.median() - ours.median(),
        Better::Higher => ours.median() - best.median(),
    }
}

fn wish(better: Better) -> &'static str {
    match better {
        Better::Lower => "less is better",
        Better::Higher => "more is better",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_column_per_measure_and_tells_by_how_much_ours_is_ahead() -> io::Result<()> {
        let measure = |name: &str, ours: f64, peer: f64| Measure {
            name: name.to_owned(),
            unit: "%",
            better: Better::Higher,
            samples: vec![
                Sample { rounds: vec![ours], ..Sample::new("ours", Role::Ours) },
                Sample { rounds: vec![peer], ..Sample::new("peer", Role::Peer) },
            ],
        };
        let columns =
            [("10".to_owned(), measure("a", 40.0, 42.5)), ("100".to_owned(), measure("b", 70.0, 69.0))];
        let mut out = Vec::new();
        print_grid(&mut out, "cache", "trace", &columns)?;
        let printed = String::from_utf8_lossy(&out);
        let rows = printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let rows = rows.collect::<Vec<_>>();
        assert_eq!(rows[1], ["10", "100"]);
        assert_eq!(rows[2], ["ours", "40.00", "70.00"]);
        assert_eq!(rows[4], ["ours", "ahead", "-2.50", "+1.00"]);
        Ok(())
    }
}
