//! What can be wrong with a trace.

use std::io;

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
    #[error("{trace}: the {compression} stream ends too early; fetch the file again")]
    TruncatedStream {
        /// The file as given.
        trace: String,
        /// How it is compressed.
        compression: Compression,
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
        expected: &'static str,
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
    #[error("{trace}:1: no key column in the header \"{header}\"; name one of the columns {known}")]
    NoKeyColumn {
        /// The file as given.
        trace: String,
        /// The header as found, shortened.
        header: String,
        /// The names that are understood.
        known: String,
    },
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
