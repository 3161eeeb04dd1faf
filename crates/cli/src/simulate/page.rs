//! The page that `--report` writes.

use std::{
    env, fs,
    fs::OpenOptions,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::Context;
use nuthatch_simulate::{Row, report::Report, summarise};
use nuthatch_trace::{Trace, TraceError};

use crate::interrupt::Interrupt;

/// A page to be written once there is something to write.
pub(crate) struct Page {
    path: PathBuf,
    /// The trace from its start, to find out what it is like; `None` if it can be read only once.
    trace: Option<Trace>,
}

impl Page {
    /// Makes sure that the file can be written, before hours are spent on what is to be in it.
    pub(crate) fn create(path: &Path, trace: Option<Result<Trace, TraceError>>) -> anyhow::Result<Self> {
        let existed = path.exists();
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.with_context(|| cannot_write(path))?;
        if !existed {
            // Until there is a page there is no file. If it stays, it is empty, and written later.
            let _ = fs::remove_file(path);
        }
        Ok(Self { path: path.to_owned(), trace: trace.transpose()? })
    }

    /// `partial` says where the replay was stopped, if it was.
    pub(crate) fn write(
        self,
        rows: &[Row],
        partial: Option<&str>,
        limit: Option<u64>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<()> {
        // What a trace is like takes a pass of its own, and who pressed Ctrl-C does not want to wait for one.
        let go_on = || if interrupt.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let trace = self.trace.filter(|_| partial.is_none());
        let summary = trace.map(|trace| summarise(trace, limit, |_| go_on())).transpose()?;
        let summary = summary.filter(|_| go_on().is_continue());
        let report = Report {
            rows,
            command: command(),
            summary: summary.as_ref(),
            partial: partial.map(str::to_owned),
        };
        let html = report.html();
        fs::write(&self.path, &html).with_context(|| cannot_write(&self.path))?;
        eprintln!("nuthatch: wrote {} ({} KB)", self.path.display(), html.len().div_ceil(1000));
        Ok(())
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write the report to {}", path.display())
}

/// The command line, such that a shell would read it again as it was.
fn command() -> String {
    let arguments = env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    Vec::from_iter(["nuthatch".to_owned()].into_iter().chain(arguments)).join(" ")
}

fn quoted(argument: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,%+@".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_where_a_shell_would_stumble() {
        for plain in ["--trace", "a/b-c_d.csv", "5%,10%", "key=url,time=1:ms"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("my trace"), "'my trace'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("$(x)"), "'$(x)'");
    }
}
