//! The client's side of the wire: replies out of a growing read buffer.

use crate::Value;
use crate::token::{Aggregate, Step, Token, read_token};

/// Builds [`Value`]s from a connection's read buffer.
///
/// It consumes every scalar and header as it comes, so a reply of a million elements in small pieces costs O(n), and the
/// caller may drop consumed bytes at any time. Nesting uses a stack of its own, never that of the thread.
///
/// ```
/// use nuthatch_resp::{Decoder, Value};
///
/// let mut decoder = Decoder::default();
/// let mut consumed = 0;
/// let value = decoder.decode(b"*2\r\n:1\r\n$2\r\nhi\r\n", &mut consumed)?;
/// assert_eq!(value, Some(Value::Array(vec![Value::Integer(1), Value::Bulk(b"hi".to_vec())])));
/// # Ok::<(), nuthatch_resp::DecodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    limits: DecodeLimits,
    /// The aggregates that are open, outermost first.
    open: Vec<Open>,
    /// Of the reply in hand.
    bytes: usize,
    values: usize,
    missing: usize,
    failed: Option<DecodeError>,
}

/// Bounds on one reply. The defaults let through what a Redis may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// How deep aggregates may be nested.
    pub depth_max: usize,
    /// Length of one string.
    pub bulk_bytes_max: usize,
    /// Length of a line: a simple string, an error, a number or a header.
    pub line_bytes_max: usize,
    /// Scalars and aggregates in one reply. Each takes 32 bytes in memory, however short it is on the wire.
    pub values_max: usize,
    /// Length of a whole reply on the wire.
    pub reply_bytes_max: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            depth_max: 128,
            bulk_bytes_max: 512 << 20,
            line_bytes_max: 64 << 10,
            values_max: 1 << 24,
            reply_bytes_max: 1 << 30,
        }
    }
}

/// A reply that is no RESP or exceeds a limit. The stream has lost its framing: close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No type starts with this byte.
    #[error("reply starts with unknown type byte 0x{got:02x}")]
    UnknownType {
        /// The byte.
        got: u8,
    },
    /// CR without LF, LF without CR, or text where there is none.
    #[error("malformed line in reply")]
    InvalidLine,
    /// A line without end.
    #[error("line in reply exceeds the limit")]
    LineTooLong,
    /// A length that is no number, or negative.
    #[error("malformed length in reply")]
    InvalidLength,
    /// An integer, double or big number that is none.
    #[error("malformed number in reply")]
    InvalidNumber,
    /// A boolean other than `t` or `f`.
    #[error("malformed boolean in reply")]
    InvalidBoolean,
    /// A verbatim string without its three bytes of format and colon.
    #[error("malformed verbatim string in reply")]
    InvalidVerbatim,
    /// A string above the limit.
    #[error("reply announces a string of {len} bytes, above the limit")]
    BulkTooLong {
        /// What was announced.
        len: usize,
    },
    /// A string that is longer than it announced.
    #[error("string in reply is not followed by CRLF")]
    UnterminatedBulk,
    /// More aggregates inside each other than the limit.
    #[error("reply is nested deeper than {max}")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// More values or bytes than a limit.
    #[error("reply exceeds the limit of values or bytes")]
    TooLarge,
    /// A chunk or an end outside what it belongs to, or a key without its value.
    #[error("malformed streamed value in reply")]
    Misplaced,
}

/// An aggregate, or a string in chunks, that has begun.
#[derive(Debug)]
enum Open {
    /// `left` counts values, two for each pair; `None` until the end is marked.
    Values {
        kind: Aggregate,
        left: Option<usize>,
        values: Vec<Value>,
    },
    Text(Vec<u8>),
}

impl Decoder {
    /// A decoder for one connection. Reserves nothing.
    #[must_use]
    pub fn new(limits: DecodeLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Continues the reply at `buffer[*consumed..]`, moving `consumed` behind what was used; `None` if it is incomplete.
    ///
    /// Between two calls the caller may append to the buffer and drop the bytes before `consumed`.
    ///
    /// # Errors
    ///
    /// The reply is no RESP or exceeds a limit. Every later call returns the same error.
    pub fn decode(&mut self, buffer: &[u8], consumed: &mut usize) -> Result<Option<Value>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let outcome = self.advance(buffer, consumed);
        match outcome {
            Err(error) => self.failed = Some(error),
            Ok(Some(_)) => (self.bytes, self.values) = (0, 0),
            Ok(None) => {}
        }
        outcome
    }

    /// How many bytes are still to come of the string being received, its CRLF included; 0 when that is not known.
    ///
    /// A server is trusted more than a client, yet prefer to reserve at most about as much as was received already.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing
    }

    fn advance(&mut self, buffer: &[u8], consumed: &mut usize) -> Result<Option<Value>, DecodeError> {
        loop {
            let (token, len) = match read_token(&buffer[*consumed..], &self.limits)? {
                Step::Complete(token, len) => (token, len),
                Step::Incomplete { missing } => {
                    self.missing = missing;
                    return Ok(None);
                }
            };
            *consumed += len;
            self.missing = 0;
            self.bytes += len;
            self.values += 1;
            if self.bytes > self.limits.reply_bytes_max || self.values > self.limits.values_max {
                return Err(DecodeError::TooLarge);
            }
            if let Some(value) = self.take(token)?
                && let Some(reply) = self.close_filled(value)?
            {
                return Ok(Some(reply));
            }
        }
    }

    /// Takes one token; returns a value if it completes one.
    fn take(&mut self, token: Token<'_>) -> Result<Option<Value>, DecodeError> {
        // A string in chunks holds nothing but chunks.
        if let Some(Open::Text(text)) = self.open.last_mut() {
            let Token::Chunk(chunk) = token else { return Err(DecodeError::Misplaced) };
            text.extend_from_slice(chunk);
            if text.len() > self.limits.bulk_bytes_max {
                return Err(DecodeError::BulkTooLong { len: text.len() });
            }
            if !chunk.is_empty() {
                return Ok(None);
            }
            let text = std::mem::take(text);
            self.open.pop();
            return Ok(Some(Value::Bulk(text)));
        }
        Ok(Some(match token {
            Token::Simple(text) => Value::Simple(text.to_vec()),
            Token::Error(message) => Value::Error(message.to_vec()),
            Token::Integer(value) => Value::Integer(value),
            Token::Bulk(bytes) => Value::Bulk(bytes.to_vec()),
            Token::Null => Value::Null,
            Token::Double(value) => Value::Double(value),
            Token::Boolean(value) => Value::Boolean(value),
            Token::BigNumber(digits) => Value::BigNumber(digits.to_vec()),
            Token::Verbatim { format, text } => Value::Verbatim { format, text: text.to_vec() },
            Token::Start { kind, len } => return self.start(kind, len),
            Token::End => return self.end(),
            Token::StreamStart => {
                self.push(Open::Text(Vec::new()))?;
                return Ok(None);
            }
            Token::Chunk(_) => return Err(DecodeError::Misplaced),
        }))
    }

    fn start(&mut self, kind: Aggregate, len: Option<usize>) -> Result<Option<Value>, DecodeError> {
        let left = match (kind, len) {
            (Aggregate::Array | Aggregate::Set | Aggregate::Push, len) => len,
            (Aggregate::Map, len) => len.map(|pairs| pairs.saturating_mul(2)),
            // The value that the attributes are about is kept behind them.
            (Aggregate::Attribute, len) => len.map(|pairs| pairs.saturating_mul(2).saturating_add(1)),
        };
        if left == Some(0) {
            return finish(kind, Vec::new()).map(Some);
        }
        if left.is_some_and(|left| left > self.limits.values_max) {
            return Err(DecodeError::TooLarge);
        }
        // Little is reserved on the word of the peer; the vector grows as values come.
        let values = Vec::with_capacity(left.unwrap_or(0).min(VALUES_RESERVED_MAX));
        self.push(Open::Values { kind, left, values })?;
        Ok(None)
    }

    fn end(&mut self) -> Result<Option<Value>, DecodeError> {
        let Some(Open::Values { kind, left: left @ None, values }) = self.open.last_mut() else {
            return Err(DecodeError::Misplaced);
        };
        if *kind == Aggregate::Attribute {
            *left = Some(1); // what they are about
            return if values.len().is_multiple_of(2) { Ok(None) } else { Err(DecodeError::Misplaced) };
        }
        let (kind, values) = (*kind, std::mem::take(values));
        self.open.pop();
        finish(kind, values).map(Some)
    }

    fn push(&mut self, open: Open) -> Result<(), DecodeError> {
        if self.open.len() >= self.limits.depth_max {
            return Err(DecodeError::TooDeep { max: self.limits.depth_max });
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts `value` into the innermost aggregate, closes those that are full thereby, and returns the outermost.
    fn close_filled(&mut self, mut value: Value) -> Result<Option<Value>, DecodeError> {
        while let Some(open) = self.open.last_mut() {
            let Open::Values { kind, left, values } = open else { return Err(DecodeError::Misplaced) };
            values.push(value);
            match left {
                Some(1) => {}
                Some(left) => {
                    *left -= 1;
                    return Ok(None);
                }
                None => return Ok(None),
            }
            let (kind, values) = (*kind, std::mem::take(values));
            self.open.pop();
            value = finish(kind, values)?;
        }
        Ok(Some(value))
    }
}

fn finish(kind: Aggregate, mut values: Vec<Value>) -> Result<Value, DecodeError> {
    Ok(match kind {
        Aggregate::Array => Value::Array(values),
        Aggregate::Set => Value::Set(values),
        Aggregate::Push => Value::Push(values),
        Aggregate::Map => Value::Map(pairs(values)?),
        Aggregate::Attribute => {
            let value = Box::new(values.pop().ok_or(DecodeError::Misplaced)?);
            Value::Attributed { attributes: pairs(values)?, value }
        }
    })
}

fn pairs(values: Vec<Value>) -> Result<Vec<(Value, Value)>, DecodeError> {
    let mut pairs = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let Some(key) = values.next() {
        pairs.push((key, values.next().ok_or(DecodeError::Misplaced)?));
    }
    Ok(pairs)
}

/// Elements reserved when an aggregate begins: 2 KiB.
const VALUES_RESERVED_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_length_reserves_little() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"*16777216\r\n:1\r\n", &mut 0), Ok(None));
        let [Open::Values { values, .. }] = &decoder.open[..] else { panic!("one array is open") };
        assert!(values.capacity() <= VALUES_RESERVED_MAX);
    }
}
