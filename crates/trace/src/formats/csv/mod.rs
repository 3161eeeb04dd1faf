//! Values separated by commas or another character, with a header that names the columns or with columns by number.
//!
//! Knows CacheLib's two kinds (`cacheKey,objectSize,OpType,TTL` and `key,size,op,op_count,ttl`), CloudPhysics's
//! (`lbn,size,op`), Twitter's (no header) and whatever else uses the usual names of `columns.rs`. Fields may be quoted,
//! with delimiters and line ends inside.

mod delimiter;
mod layout;
mod rows;

use super::{
    Decode,
    run::{RUN_MAX, Run},
    values,
};
use crate::{Columns, Request, TraceError, input::Input, key, op};
use layout::Layout;
use rows::Rows;

pub(crate) use delimiter::{delimiter_of, is_header, is_twitter};

pub(crate) struct Csv {
    rows: Rows,
    layout: Layout,
    /// Whether the first row is one of requests that is still to be read.
    first: bool,
    run: Run,
}

impl Csv {
    pub(crate) fn new(input: Input, columns: &Columns, delimiter: u8) -> Result<Self, TraceError> {
        Self::of(Rows::new(input, delimiter, true), columns)
    }

    /// Twitter's keys may hold quotes, which mean nothing.
    pub(crate) fn twitter(input: Input) -> Result<Self, TraceError> {
        Self::of(Rows::new(input, b',', false), &Columns::twitter())
    }

    fn of(mut rows: Rows, columns: &Columns) -> Result<Self, TraceError> {
        rows.next()?;
        let layout = Layout::of(&rows, columns)?;
        let first = !layout.header;
        Ok(Self { rows, layout, first, run: Run::default() })
    }

    /// The requests of the row.
    fn run(&self) -> Result<Run, TraceError> {
        let Self { rows, layout, .. } = self;
        if rows.count() != layout.count {
            let expected = if layout.header {
                "as many fields as the header has"
            } else {
                "as many fields as the first row has"
            };
            return Err(rows.corrupt(expected, rows.whole()));
        }
        let text = |column: usize| rows.field(column).trim_ascii();
        let amount = |column: usize, expected| {
            values::amount(text(column)).ok_or_else(|| rows.corrupt(expected, text(column)))
        };
        let left = layout.repeat.map_or(Ok(1), |column| amount(column, "a decimal op_count"))?;
        if left > RUN_MAX {
            return Err(rows.corrupt("an op_count of at most 16777216", rows.whole()));
        }
        let mut request =
            Request::new(key::from_text(rows.field(layout.key)), u64::from(layout.size.is_empty()));
        for column in &layout.size {
            let size = amount(*column, "a decimal size in bytes")?;
            request.size = request.size.saturating_add(size);
        }
        if let Some(column) = layout.op {
            request.op = op::of_name(text(column)).ok_or_else(|| rows.corrupt(op::EXPECTED, text(column)))?;
        }
        if let Some(column) = layout.ttl {
            let ttl_s = values::ttl_s(text(column));
            request.ttl_s = ttl_s.ok_or_else(|| rows.corrupt("a time to live in seconds", text(column)))?;
        }
        if let Some((column, unit)) = layout.time {
            let time_us = values::time_us(text(column), unit);
            request.time_us = time_us.ok_or_else(|| rows.corrupt("a time as a number", text(column)))?;
        }
        Ok(Run { request, step: 0, left })
    }
}

impl Decode for Csv {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        loop {
            self.run.drain(batch, full);
            if batch.len() >= full {
                return Ok(());
            }
            if !std::mem::take(&mut self.first) && !self.rows.next()? {
                return Ok(());
            }
            self.run = self.run()?;
        }
    }
}
