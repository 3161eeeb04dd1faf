//! Where requests come from: the options that every command with a trace shares.

use anyhow::bail;
use clap::Args;
use nuthatch_trace::{Columns, Format, Options, Skipped, Trace, workload::Spec};

use crate::interrupt::Interrupt;

/// The trace to read, as an option.
#[derive(Args, Debug, Clone)]
pub(crate) struct InputArgs {
    /// The trace file; plain, gz, xz, zst or bz2. `-` reads standard input, and `workload:SPEC` makes one up, as in
    /// workload:zipf:keys=1e6,exponent=0.9,requests=20e6 (`nuthatch workload --help`)
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: String,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

impl InputArgs {
    /// Opens the trace. Once Ctrl-C was pressed, a read of standard input fails rather than waits.
    pub(crate) fn open_until(&self, interrupt: &Interrupt) -> anyhow::Result<Trace> {
        self.reading.open_until(&self.trace, interrupt)
    }
}

/// How to read a trace, for commands that take it as an argument.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadingArgs {
    /// How the trace is written down: auto, lis, lirs, oracle, vscsi, csv, keys, u32be, u64be, jsonl or twitter
    #[arg(long, default_value = "auto")]
    format: Format,

    /// Which columns of a CSV file, or fields of JSON lines, hold what: key, size, op, ttl, time or count, each by name or
    /// by number from 1, as in key=url or key=2,size=3+4,op=none,time=1:ms. What is not named goes by its usual names
    #[arg(long, value_name = "FIELD=COLUMN,...")]
    columns: Option<Columns>,

    /// What separates the columns of a CSV file: comma, tab, semicolon, bar, space or any one character
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,

    /// Skip lines and records that make no sense, take a file that is cut short for a whole one, and say so at the end
    #[arg(long)]
    lenient: bool,
}

impl ReadingArgs {
    /// Opens the trace `name`: a file, `-` for standard input, or `workload:SPEC`. Once Ctrl-C was pressed, a read of
    /// standard input fails rather than waits.
    pub(crate) fn open_until(&self, name: &str, interrupt: &Interrupt) -> anyhow::Result<Trace> {
        if let Some(spec) = name.strip_prefix(WORKLOAD) {
            let told = self.format != Format::Auto || self.columns.is_some() || self.delimiter.is_some();
            if told || self.lenient {
                bail!(
                    "a workload is made up, not read: leave --format, --columns, --delimiter and --lenient out"
                );
            }
            return Ok(Trace::of_workload(&spec.parse::<Spec>()?));
        }
        Ok(match name {
            "-" => self.options().read("-", interrupt.cutting_off(std::io::stdin()))?,
            path => self.options().open(path)?,
        })
    }

    fn options(&self) -> Options {
        Options::new()
            .format(self.format)
            .columns(self.columns.clone().unwrap_or_default())
            .delimiter(self.delimiter)
            .lenient(self.lenient)
    }
}

/// What marks a workload where a file's name could be. A file that is called so is ./workload:...
const WORKLOAD: &str = "workload:";

/// Says on standard error what a lenient reader passed over, once the trace was read.
pub(crate) fn report_skipped(skipped: &Skipped) {
    if !skipped.is_empty() {
        eprintln!("nuthatch: {skipped}");
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    let named = match text {
        "comma" => b',',
        "tab" | "\\t" => b'\t',
        "semicolon" => b';',
        "bar" | "pipe" => b'|',
        "space" | "blank" => b' ',
        _ => match text.as_bytes() {
            [one] if one.is_ascii() && !one.is_ascii_alphanumeric() && !b"\"\r\n".contains(one) => *one,
            _ => return Err("expected comma, tab, semicolon, bar, space or one ASCII character".to_owned()),
        },
    };
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_go_by_name_or_by_themselves() {
        for (text, byte) in
            [("tab", b'\t'), ("\t", b'\t'), (",", b','), ("space", b' '), (" ", b' '), ("/", b'/')]
        {
            assert_eq!(delimiter(text), Ok(byte));
        }
        for text in ["", "a", "é", "\"", "\n", "ab", "5"] {
            assert!(delimiter(text).is_err(), "{text:?}");
        }
    }
}
