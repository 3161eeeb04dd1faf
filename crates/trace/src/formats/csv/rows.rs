//! Cuts rows into fields.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr_iter};

use crate::{TraceError, error::excerpt, input::Input, lines::LINE_BYTES_MAX};

/// Bounds a row of empty fields, which has no bytes to count.
const COLUMNS_MAX: usize = 1 << 16;

/// Cuts rows into fields. Not the `csv` crate but the parser inside it, since that crate has no bound on the length of
/// a row: one stray quote would read the rest of the file into memory.
pub(super) struct Rows {
    input: Input,
    parser: Reader,
    /// Between fields.
    delimiter: u8,
    /// The fields of the row, unquoted, one after the other.
    text: Vec<u8>,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
    count: usize,
    /// The line that the row begins on, from 1.
    line: u64,
    line_ends_read: u64,
    /// Whether the row last met was given up on, so that what is left of its line is no row.
    lost: bool,
}

impl Rows {
    /// `quoting` is whether a quote at the start of a field quotes it.
    pub(super) fn new(input: Input, delimiter: u8, quoting: bool) -> Self {
        Self {
            input,
            parser: ReaderBuilder::new().delimiter(delimiter).quoting(quoting).build(),
            delimiter,
            text: vec![0; 4096],
            ends: vec![0; 32],
            count: 0,
            line: 0,
            line_ends_read: 0,
            lost: false,
        }
    }

    /// Moves to the next row. False at the end. Empty lines are no rows.
    ///
    /// Behind an error the next row is the one on the line after.
    pub(super) fn next(&mut self) -> Result<bool, TraceError> {
        if self.lost {
            self.skip_line()?;
            self.parser.reset();
            self.lost = false;
        }
        self.skip_line_ends()?;
        self.line = self.line_ends_read + 1;
        self.count = 0;
        let mut written = 0;
        loop {
            if self.input.buffered().is_empty() {
                // At the end nothing is added, which the parser takes for the end, too.
                self.input.fill()?;
            }
            let (result, read, wrote, ended) = self.parser.read_record(
                self.input.buffered(),
                &mut self.text[written..],
                &mut self.ends[self.count..],
            );
            self.consume(read);
            written += wrote;
            self.count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() < LINE_BYTES_MAX => {
                    self.text.resize(2 * self.text.len(), 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < COLUMNS_MAX => {
                    self.ends.resize(2 * self.ends.len(), 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    self.lost = true;
                    return Err(TraceError::LongLine {
                        trace: self.input.name().to_owned(),
                        line: self.line,
                        limit_bytes: LINE_BYTES_MAX,
                    });
                }
                ReadRecordResult::Record => {
                    if self.delimiter == b' ' {
                        self.merge_blanks();
                    }
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// Several blanks separate as one does.
    fn merge_blanks(&mut self) {
        let (mut kept, mut before) = (0, 0);
        for index in 0..self.count {
            let end = self.ends[index];
            if end > before {
                self.ends[kept] = end;
                kept += 1;
            }
            before = end;
        }
        self.count = kept;
    }

    /// Skips what is left of a line, its end included.
    fn skip_line(&mut self) -> Result<(), TraceError> {
        loop {
            let buffered = self.input.buffered();
            if let Some(at) = memchr(b'\n', buffered) {
                self.consume(at + 1);
                return Ok(());
            }
            let all = buffered.len();
            self.consume(all);
            if self.input.fill()? == 0 {
                return Ok(());
            }
        }
    }

    /// The parser would skip them, too, but leave the second half of a CR LF to the next row, whose line it then
    /// miscounts.
    fn skip_line_ends(&mut self) -> Result<(), TraceError> {
        loop {
            let buffered = self.input.buffered();
            let line_ends = buffered.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let more = line_ends == buffered.len();
            self.consume(line_ends);
            if !more || self.input.fill()? == 0 {
                return Ok(());
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.line_ends_read += memchr_iter(b'\n', &self.input.buffered()[..bytes]).count() as u64;
        self.input.consume(bytes);
    }

    pub(super) fn name(&self) -> &str {
        self.input.name()
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) fn field(&self, column: usize) -> &[u8] {
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[column]]
    }

    /// All fields without what separated them: to show in an error.
    pub(super) fn whole(&self) -> &[u8] {
        let end = self.count.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.text[..end]
    }

    pub(super) fn corrupt(&self, expected: &'static str, found: &[u8]) -> TraceError {
        TraceError::CorruptLine {
            trace: self.input.name().to_owned(),
            line: self.line,
            expected: expected.into(),
            found: excerpt(found),
        }
    }
}
