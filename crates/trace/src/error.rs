//! What can be wrong with a trace.

use std::{borrow::Cow, io};

use crate::{Compression, Format};

/// Why a trace could not be read. Requests handed out before the error are sound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The operating system refused to open the file; `source` says why.
    #[error("cannot open trace {trace}")]
    Open {
        /// The file as given.
        trace: String,
        /// What the operating system said.
        source: io::Error,
    },

    /// Reading or unpacking failed; `source` says why.
    #[error("cannot read trace {trace}")]
    Read {
        /// The file as given.
        trace: String,
        /// What the operating system or the decompressor said.
        source: io::Error,
    },

    /// Neither the name nor the first bytes tell the format.
    #[error("{trace}: cannot tell the format of this trace; name one of {}", Format::spellings_named())]
    Undetected {
        /// The file as given.
        trace: String,
    },

    /// There is no request in it.
    #[error("{trace}: no request in this trace; is it the right file, and is \"{format}\" its format?")]
    Empty {
        /// The file as given.
        trace: String,
        /// The format it was read as.
        format: Format,
    },

    /// The compressed stream ends too early. What was unpacked before was handed out.
    #[error(
        "{trace}: the {compression} stream ends too early; it was good for {requests} requests ({bytes} bytes unpacked); \
         fetch the file again, or read leniently"
    )]
    TruncatedStream {
        /// The file as given.
        trace: String,
        /// How it is compressed.
        compression: Compression,
        /// Requests that were handed out.
        requests: u64,
        /// Bytes that were unpacked.
        bytes: u64,
    },

    /// The compressed stream is damaged. What was unpacked before was handed out.
    #[error(
        "{trace}: the {compression} stream is damaged; it was good for {requests} requests ({bytes} bytes unpacked); \
         fetch the file again, or read leniently"
    )]
    DamagedStream {
        /// The file as given.
        trace: String,
        /// How it is compressed.
        compression: Compression,
        /// Requests that were handed out.
        requests: u64,
        /// Bytes that were unpacked.
        bytes: u64,
        /// What the decompressor said.
        source: io::Error,
    },

    /// The last record is not whole.
    #[error(
        "{trace}: byte {offset}: the last record has {found} of {expected} bytes; the file is cut short, or its \
         format is not \"{format}\""
    )]
    TruncatedRecord {
        /// The file as given.
        trace: String,
        /// The format it was read as.
        format: Format,
        /// Where the record begins, in unpacked bytes.
        offset: u64,
        /// Bytes of a whole record.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },

    /// A record holds something that its format does not allow.
    #[error("{trace}: byte {offset}: expected {expected}, found {found}")]
    CorruptRecord {
        /// The file as given.
        trace: String,
        /// Where the record begins, in unpacked bytes.
        offset: u64,
        /// What the format wants.
        expected: &'static str,
        /// What is there.
        found: String,
    },

    /// A line holds something that its format does not allow.
    #[error("{trace}:{line}: expected {expected}, found \"{found}\"")]
    CorruptLine {
        /// The file as given.
        trace: String,
        /// From 1.
        line: u64,
        /// What the format wants.
        expected: Cow<'static, str>,
        /// What is there, shortened, with unprintable bytes escaped.
        found: String,
    },

    /// A line, or a CSV row, is longer than any sane one.
    #[error("{trace}:{line}: longer than {limit_bytes} bytes; is this a text file?")]
    LongLine {
        /// The file as given.
        trace: String,
        /// From 1.
        line: u64,
        /// The most bytes that a line may have.
        limit_bytes: usize,
    },

    /// The header of a CSV file names no column that holds the key.
    #[error(
        "{trace}:1: no key column in the header \"{header}\"; choose one, as in key=3 or key=NAME, or name it as usual: {known}"
    )]
    NoKeyColumn {
        /// The file as given.
        trace: String,
        /// The header as found, shortened.
        header: String,
        /// The names that are understood.
        known: String,
    },

    /// A column was chosen that is not there.
    #[error("{trace}:1: no column {column} for the {field}; there are {count}: {header}")]
    UnknownColumn {
        /// The file as given.
        trace: String,
        /// What it was to hold.
        field: &'static str,
        /// The column's name, or its number from 1.
        column: String,
        /// Columns that there are.
        count: usize,
        /// The first row, shortened.
        header: String,
    },

    /// A column was chosen by number where fields have names only.
    #[error("{trace}: JSON fields have names, not numbers: choose one as in key=url, not by {column}")]
    ColumnByNumber {
        /// The file as given.
        trace: String,
        /// The number.
        column: usize,
    },

    /// Columns were chosen in a format that has none.
    #[error("{trace}: the format \"{format}\" has no columns to choose; only csv and jsonl have")]
    ColumnsUnused {
        /// The file as given.
        trace: String,
        /// The format it was to be read as.
        format: Format,
    },

    /// A delimiter was given, and the format has none to choose.
    #[error("{trace}: the format \"{format}\" has no delimiter to choose; only csv has")]
    DelimiterUnused {
        /// The trace's name.
        trace: String,
        /// What it is read as.
        format: Format,
    },
}

impl TraceError {
    /// Whether reading can go on behind what is wrong.
    pub(crate) const fn is_skippable(&self) -> bool {
        matches!(self, Self::CorruptLine { .. } | Self::CorruptRecord { .. } | Self::LongLine { .. })
    }

    /// Whether the trace ends here, though it was longer once.
    pub(crate) const fn is_cut(&self) -> bool {
        matches!(
            self,
            Self::TruncatedStream { .. } | Self::DamagedStream { .. } | Self::TruncatedRecord { .. }
        )
    }

    /// With the number of requests that were handed out before.
    pub(crate) fn after(mut self, read: u64) -> Self {
        if let Self::TruncatedStream { requests, .. } | Self::DamagedStream { requests, .. } = &mut self {
            *requests = read;
        }
        self
    }
}

/// `bytes` as one line of printable text, shortened to what helps to find it.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    const SHOWN_MAX: usize = 60;
    let shown = bytes.get(..SHOWN_MAX).unwrap_or(bytes);
    // A cut may fall within a character; what remains of it is shown as a replacement character.
    let mut text = String::from_utf8_lossy(shown).escape_debug().to_string();
    if shown.len() < bytes.len() {
        text.push_str("...");
    }
    text
}
