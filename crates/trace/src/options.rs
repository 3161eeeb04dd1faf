//! How a trace is to be read.

use std::{
    io::{self, Read},
    path::Path,
};

use crate::{Columns, Format, Trace, TraceError};

/// How to read a trace. A [`Format`] alone is one, with the defaults for the rest.
///
/// ```
/// use nuthatch_trace::{Format, Options};
///
/// let trace = Options::new().format(Format::Keys).read("example", &b"alpha\nbeta\nalpha\n"[..])?;
/// assert_eq!(trace.count(), 3);
/// # Ok::<(), nuthatch_trace::TraceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub(crate) format: Format,
    pub(crate) columns: Columns,
    pub(crate) delimiter: Option<u8>,
    pub(crate) lenient: bool,
}

impl Options {
    /// The format is found out, and anything wrong is an error.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The format, if it is known.
    #[must_use]
    pub const fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Which columns of a CSV file, or fields of JSON lines, hold what. A text of unknown format is then taken for one of
    /// these two.
    #[must_use]
    pub fn columns(mut self, columns: Columns) -> Self {
        self.columns = columns;
        self
    }

    /// What separates the columns of a CSV file, such as `b'\t'`; blanks may be several. Found out unless told.
    #[must_use]
    pub const fn delimiter(mut self, delimiter: Option<u8>) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Whether to skip lines and records that make no sense, and to take a trace that is cut short for a whole one.
    /// [`Trace::skipped`] counts.
    #[must_use]
    pub const fn lenient(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// Opens the trace file at `path`; `-` is standard input.
    ///
    /// # Errors
    ///
    /// [`TraceError::Open`], [`TraceError::Empty`] for a file without a byte, [`TraceError::Undetected`] if nothing tells
    /// the format, and what is wrong with a CSV file's header or the columns chosen.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Trace, TraceError> {
        match path.as_ref() {
            path if path == Path::new("-") => self.read("-", io::stdin()),
            path => Trace::open_file(path, self),
        }
    }

    /// Reads a trace, plain or compressed, from any reader. `name` is what errors and reports call it.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn read(
        &self,
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
    ) -> Result<Trace, TraceError> {
        Trace::read_with(name.into(), reader, self, None)
    }
}

impl From<Format> for Options {
    fn from(format: Format) -> Self {
        Self::new().format(format)
    }
}
