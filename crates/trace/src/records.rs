//! Cuts records of a fixed length.

use crate::{Format, Request, TraceError, error::excerpt, input::Input};

/// Records of `N` bytes.
pub(crate) struct Records<const N: usize> {
    input: Input,
    format: Format,
}

impl<const N: usize> Records<N> {
    pub(crate) const fn new(input: Input, format: Format) -> Self {
        Self { input, format }
    }

    /// Some of the next records, at least one and at most `max`; none at the end. [`consume`](Self::consume) those
    /// that were used.
    pub(crate) fn peek(&mut self, max: usize) -> Result<&[[u8; N]], TraceError> {
        while self.input.buffered().len() < N {
            if self.input.fill()? > 0 {
                continue;
            }
            let found = self.input.buffered().len();
            if found == 0 {
                return Ok(&[]);
            }
            return Err(TraceError::TruncatedRecord {
                trace: self.input.name().to_owned(),
                format: self.format,
                offset: self.input.offset(),
                expected: N,
                found,
            });
        }
        let (records, _) = self.input.buffered().as_chunks();
        Ok(&records[..max.min(records.len())])
    }

    /// Appends what `request` makes of the next records until `batch` holds `full` requests or the trace ends.
    pub(crate) fn append(
        &mut self,
        batch: &mut Vec<Request>,
        full: usize,
        request: impl Fn(&[u8; N]) -> Request,
    ) -> Result<(), TraceError> {
        while batch.len() < full {
            let records = self.peek(full - batch.len())?;
            let count = records.len();
            if count == 0 {
                break;
            }
            batch.extend(records.iter().map(&request));
            self.consume(count);
        }
        Ok(())
    }

    /// Drops the first `count` of the records last peeked at.
    pub(crate) fn consume(&mut self, count: usize) {
        self.input.consume(count * N);
    }

    /// The error for the next record.
    pub(crate) fn corrupt(&self, expected: &'static str, found: &str) -> TraceError {
        TraceError::CorruptRecord {
            trace: self.input.name().to_owned(),
            offset: self.input.offset(),
            expected,
            found: excerpt(found.as_bytes()),
        }
    }
}
