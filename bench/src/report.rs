//! What was measured, as a table to read or as comma-separated values to script against.

use std::io::{self, Write};

use anyhow::{Context, bail};

const CSV_HEADER: &str = "area,measure,subject,value,unit,best_peer,ratio";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Csv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// One question, answered by every subject.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) samples: Vec<Sample>,
}

/// One subject's answers, one per round. Round `i` of every subject ran side by side.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) subject: String,
    /// Whether the subject is ours rather than a peer.
    pub(crate) ours: bool,
    pub(crate) rounds: Vec<f64>,
    /// What a reader must know beside the figure, such as a hit ratio.
    pub(crate) beside: String,
}

impl Sample {
    pub(crate) fn median(&self) -> f64 {
        median(self.rounds.iter().copied())
    }

    fn spread(&self) -> (f64, f64) {
        let low = self.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    }
}

impl Measure {
    fn best_peer(&self) -> Option<&Sample> {
        let peers = self.samples.iter().filter(|sample| !sample.ours);
        match self.better {
            Better::Lower => peers.min_by(|a, b| a.median().total_cmp(&b.median())),
            Better::Higher => peers.max_by(|a, b| a.median().total_cmp(&b.median())),
        }
    }

    /// How many times better `sample` is than `peer`: the median of the ratios within each round, so that drift of the
    /// machine from round to round falls out.
    fn ratio(&self, sample: &Sample, peer: &Sample) -> f64 {
        let pairs = sample.rounds.iter().zip(&peer.rounds);
        median(pairs.map(|(ours, theirs)| match self.better {
            Better::Lower => theirs / ours,
            Better::Higher => ours / theirs,
        }))
    }
}

/// Prints measures as they come in.
#[derive(Debug)]
pub(crate) struct Report {
    area: String,
    format: Format,
    /// Only measures whose names contain this are wanted.
    only: String,
    measures: usize,
    failure: Option<io::Error>,
}

impl Report {
    pub(crate) fn start(area: &str, format: Format, only: String) -> Self {
        Self { area: area.to_owned(), format, only, measures: 0, failure: None }
    }

    /// Whether a measure of this name is wanted; spares the work if not.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.failure.is_none() && name.contains(&self.only)
    }

    pub(crate) fn add(&mut self, measure: &Measure) {
        if !self.wants(&measure.name) {
            return;
        }
        let printed = match self.format {
            Format::Table => self.print_table(measure),
            Format::Csv => self.print_csv(measure),
        };
        self.measures += 1;
        self.failure = self.failure.take().or(printed.err());
    }

    pub(crate) fn finish(self) -> anyhow::Result<()> {
        if let Some(failure) = self.failure {
            return Err(failure).context("cannot print the report");
        }
        if self.measures == 0 {
            bail!("no measure of area `{}` has `{}` in its name", self.area, self.only);
        }
        Ok(())
    }

    fn print_csv(&self, measure: &Measure) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.measures == 0 {
            writeln!(out, "{CSV_HEADER}")?;
        }
        let best = measure.best_peer();
        for sample in &measure.samples {
            let versus = best.filter(|_| sample.ours);
            let peer = versus.map_or("", |peer| peer.subject.as_str());
            let ratio = versus.map_or_else(String::new, |peer| format!("{:.3}", measure.ratio(sample, peer)));
            let (name, subject, unit) = (&measure.name, &sample.subject, measure.unit);
            writeln!(out, "{},{name},{subject},{:.4},{unit},{peer},{ratio}", self.area, sample.median())?;
        }
        out.flush()
    }

    fn print_table(&self, measure: &Measure) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let better = match measure.better {
            Better::Lower => "less is better",
            Better::Higher => "more is better",
        };
        let width = measure.samples.iter().map(|sample| sample.subject.len()).max().unwrap_or(0);
        writeln!(out, "{} {}, {} ({better})", self.area, measure.name, measure.unit)?;
        let best = measure.best_peer();
        for sample in &measure.samples {
            let (low, high) = sample.spread();
            let spread = format!("{low:.2}-{high:.2}");
            let versus = best.filter(|_| sample.ours).map_or_else(String::new, |peer| {
                format!("{:.2}x of {}", measure.ratio(sample, peer), peer.subject)
            });
            let (subject, median, beside) = (&sample.subject, sample.median(), &sample.beside);
            let line = format!("  {subject:width$} {median:>10.2}  {spread:<20} {versus:<24} {beside}");
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
        out.flush()
    }
}

/// The middle of `values`, or the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted = values.collect::<Vec<f64>>();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(subject: &str, ours: bool, rounds: &[f64]) -> Sample {
        Sample { subject: subject.to_owned(), ours, rounds: rounds.to_vec(), beside: String::new() }
    }

    /// The machine is three times slower in the second round, for everyone.
    #[test]
    fn a_ratio_is_taken_within_each_round_and_above_one_means_better() {
        let ours = sample("ours", true, &[10.0, 30.0, 10.0]);
        let peer = sample("peer", false, &[20.0, 60.0, 20.0]);
        let mut measure = Measure {
            name: "cost".to_owned(),
            unit: "ns",
            better: Better::Lower,
            samples: vec![ours.clone(), sample("slow peer", false, &[90.0; 3]), peer.clone()],
        };
        assert_eq!(measure.best_peer().map(|best| best.subject.as_str()), Some("peer"));
        assert!((measure.ratio(&ours, &peer) - 2.0).abs() < 1e-9);
        measure.better = Better::Higher;
        assert!((measure.ratio(&ours, &peer) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_the_two_in_the_middle() {
        assert!((median([4.0, 1.0, 3.0, 2.0].into_iter()) - 2.5).abs() < 1e-9);
    }
}
