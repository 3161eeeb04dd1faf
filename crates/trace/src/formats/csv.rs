//! Comma separated values below a header that names the columns.
//!
//! Knows CacheLib's two kinds (`cacheKey,objectSize` and `key,size,op_count`), CloudPhysics's (`lbn,size`) and whatever
//! else uses one of the names below. Fields may be quoted, with commas and line ends inside.

use csv_core::{ReadRecordResult, Reader};
use memchr::memchr_iter;

use super::{
    Decode,
    run::{RUN_MAX, Run},
};
use crate::{
    Request, TraceError,
    error::excerpt,
    input::Input,
    key::{self, decimal},
    lines::LINE_BYTES_MAX,
};

/// Names of the key's column, in any case, the likeliest first.
const KEY: [&str; 9] = ["key", "cachekey", "lbn", "obj_id", "objid", "object_id", "objectid", "object", "id"];
/// Names of the size's column.
const SIZE: [&str; 7] = ["size", "objectsize", "object_size", "obj_size", "objsize", "value_size", "bytes"];
/// Names of the column that says how often the request is repeated.
const REPEAT: [&str; 1] = ["op_count"];
/// Bounds a row of empty fields, which has no bytes to count.
const COLUMNS_MAX: usize = 1 << 16;

pub(crate) struct Csv {
    rows: Rows,
    columns: Columns,
    run: Run,
}

#[derive(Clone, Copy)]
struct Columns {
    count: usize,
    key: usize,
    size: Option<usize>,
    repeat: Option<usize>,
}

impl Csv {
    pub(crate) fn new(input: Input) -> Result<Self, TraceError> {
        let mut rows = Rows::new(input);
        rows.next()?;
        let columns = rows.columns()?;
        Ok(Self { rows, columns, run: Run::default() })
    }

    fn run(&self) -> Result<Run, TraceError> {
        if self.rows.count() != self.columns.count {
            return Err(self.rows.corrupt("as many fields as the header has", self.rows.whole()));
        }
        let number = |column: Option<usize>, expected| {
            let Some(column) = column else { return Ok(1) };
            let field = self.rows.field(column).trim_ascii();
            value(field).ok_or_else(|| self.rows.corrupt(expected, field))
        };
        let left = number(self.columns.repeat, "a decimal op_count")?;
        if left > RUN_MAX {
            return Err(self.rows.corrupt("an op_count of at most 16777216", self.rows.whole()));
        }
        Ok(Run {
            key: key::from_text(self.rows.field(self.columns.key)),
            step: 0,
            size: number(self.columns.size, "a decimal size in bytes")?,
            left,
        })
    }
}

impl Decode for Csv {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        loop {
            self.run.drain(batch, full);
            if batch.len() >= full || !self.rows.next()? {
                return Ok(());
            }
            self.run = self.run()?;
        }
    }
}

/// Published traces say -1 for what was not known at the time: 0 here.
fn value(field: &[u8]) -> Option<u64> {
    match field.strip_prefix(b"-") {
        Some(negative) => decimal(negative).map(|_| 0),
        None => decimal(field),
    }
}

/// Cuts rows into fields. Not the `csv` crate but the parser inside it, since that crate has no bound on the length of
/// a row: one stray quote would read the rest of the file into memory.
struct Rows {
    input: Input,
    parser: Reader,
    /// The fields of the row, unquoted, one after the other.
    text: Vec<u8>,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
    count: usize,
    /// The line that the row begins on, from 1.
    line: u64,
    line_ends_read: u64,
}

impl Rows {
    fn new(input: Input) -> Self {
        Self {
            input,
            parser: Reader::new(),
            text: vec![0; 4096],
            ends: vec![0; 32],
            count: 0,
            line: 0,
            line_ends_read: 0,
        }
    }

    /// Moves to the next row. False at the end. Empty lines are no rows.
    fn next(&mut self) -> Result<bool, TraceError> {
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
                    return Err(TraceError::LongLine {
                        trace: self.input.name().to_owned(),
                        line: self.line,
                        limit_bytes: LINE_BYTES_MAX,
                    });
                }
                ReadRecordResult::Record => return Ok(true),
                ReadRecordResult::End => return Ok(false),
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

    /// Reads the row as a header.
    fn columns(&self) -> Result<Columns, TraceError> {
        let header = Vec::from_iter((0..self.count).map(|column| self.field(column).trim_ascii()));
        let column = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| header.iter().position(|field| field.eq_ignore_ascii_case(name.as_bytes())))
        };
        Ok(Columns {
            count: self.count,
            key: column(&KEY).ok_or_else(|| TraceError::NoKeyColumn {
                trace: self.input.name().to_owned(),
                header: excerpt(&header.join(&b',')),
                known: KEY.join(", "),
            })?,
            size: column(&SIZE),
            repeat: column(&REPEAT),
        })
    }

    const fn count(&self) -> usize {
        self.count
    }

    fn field(&self, column: usize) -> &[u8] {
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[column]]
    }

    /// All fields without what separated them: to show in an error.
    fn whole(&self) -> &[u8] {
        let end = self.count.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.text[..end]
    }

    fn corrupt(&self, expected: &'static str, found: &[u8]) -> TraceError {
        TraceError::CorruptLine {
            trace: self.input.name().to_owned(),
            line: self.line,
            expected,
            found: excerpt(found),
        }
    }
}

/// Whether `line` is a header that names a key column.
pub(crate) fn is_header(line: &[u8]) -> bool {
    line.contains(&b',')
        && line.split(|byte| *byte == b',').any(|field| {
            let field = field.trim_ascii();
            KEY.iter().any(|name| field.eq_ignore_ascii_case(name.as_bytes()))
        })
}
