//! What was measured, as tables to read or as comma-separated values to script against.

mod measure;
mod table;

use std::io::{self, Write};

use anyhow::{Context, bail};

pub(crate) use self::measure::{Better, Measure, Role, Sample};

const CSV_HEADER: &str = "area,measure,subject,value,unit,best_peer,ratio";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Csv,
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
            Format::Table => table::print(&mut io::stdout().lock(), &self.area, measure),
            Format::Csv => self.print_csv(measure),
        };
        self.measures += 1;
        self.failure = self.failure.take().or(printed.err());
    }

    /// Measures of the same subjects that are best read side by side, each with the head of its column.
    pub(crate) fn add_grid(&mut self, title: &str, mut columns: Vec<(String, Measure)>) {
        columns.retain(|(_, measure)| self.wants(&measure.name));
        if columns.is_empty() {
            return;
        }
        match self.format {
            Format::Csv => columns.iter().for_each(|(_, measure)| self.add(measure)),
            Format::Table => {
                let printed = table::print_grid(&mut io::stdout().lock(), &self.area, title, &columns);
                self.measures += columns.len();
                self.failure = self.failure.take().or(printed.err());
            }
        }
    }

    /// Says what the figures do not: who was left out and why. Not in the comma-separated values, but on standard error.
    pub(crate) fn note(&mut self, text: &str) {
        let printed = match self.format {
            Format::Table => writeln!(io::stdout().lock(), "{} note: {text}\n", self.area),
            Format::Csv => writeln!(io::stderr().lock(), "{text}"),
        };
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
            if sample.rounds.is_empty() {
                writeln!(io::stderr().lock(), "{}: {}: {}", measure.name, sample.subject, sample.beside)?;
                continue;
            }
            let versus = best.filter(|_| sample.role == Role::Ours);
            let peer = versus.map_or("", |peer| peer.subject.as_str());
            let ratio = versus.map_or_else(String::new, |peer| format!("{:.3}", measure.ratio(sample, peer)));
            let (name, subject, unit) = (&measure.name, &sample.subject, measure.unit);
            writeln!(out, "{},{name},{subject},{:.4},{unit},{peer},{ratio}", self.area, sample.median())?;
        }
        out.flush()
    }
}
