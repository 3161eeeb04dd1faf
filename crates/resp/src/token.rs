//! One step of a reply: a scalar in place, or the header of an aggregate.

use crate::decoder::{DecodeError, DecodeLimits};
use crate::number::{parse_integer, short_header};

/// A scalar, borrowed from the buffer it came in, or the start of an aggregate, whose elements are the next tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Token<'a> {
    /// `+`: a line.
    Simple(&'a [u8]),
    /// `-` or `!`: an error, its code first.
    Error(&'a [u8]),
    /// `:`
    Integer(i64),
    /// `$`: any bytes.
    Bulk(&'a [u8]),
    /// `_`, `$-1` or `*-1`.
    Null,
    /// `,`
    Double(f64),
    /// `#`
    Boolean(bool),
    /// `(`: digits with an optional sign.
    BigNumber(&'a [u8]),
    /// `=`: a text for people.
    Verbatim {
        /// Three bytes such as `txt` or `mkd`.
        format: [u8; 3],
        /// The text behind the colon.
        text: &'a [u8],
    },
    /// The header of an aggregate of `len` elements or pairs; `None`: until [`End`](Token::End).
    Start {
        /// What the elements make up.
        kind: Aggregate,
        /// Elements, or pairs for a map and an attribute.
        len: Option<usize>,
    },
    /// `.`: the end of an aggregate without a length.
    End,
    /// `$?`: a string in chunks.
    StreamStart,
    /// `;`: the next chunk; an empty one ends the string.
    Chunk(&'a [u8]),
}

/// What the tokens behind a [`Token::Start`] make up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aggregate {
    /// `*`
    Array,
    /// `~`
    Set,
    /// `>`
    Push,
    /// `%`: keys and values in turn.
    Map,
    /// `|`: keys and values in turn, then the value they are about.
    Attribute,
}

impl<'a> Token<'a> {
    /// Reads the token at the start of `buffer`; returns it and its length, or `None` if it is incomplete.
    ///
    /// For clients that only look at replies. No allocation. Called again with more bytes it starts over, which costs
    /// at most one line of header: the contents of a bulk string are never searched.
    ///
    /// # Errors
    ///
    /// The bytes are no RESP, or exceed `limits`.
    pub fn read(buffer: &'a [u8], limits: &DecodeLimits) -> Result<Option<(Self, usize)>, DecodeError> {
        Ok(match read_token(buffer, limits)? {
            Step::Complete(token, len) => Some((token, len)),
            Step::Incomplete { .. } => None,
        })
    }
}

/// A token, or how much it lacks.
pub(crate) enum Step<'a> {
    Complete(Token<'a>, usize),
    /// `missing` is 0 when the length is not known yet.
    Incomplete {
        missing: usize,
    },
}

const INCOMPLETE: Step<'_> = Step::Incomplete { missing: 0 };

pub(crate) fn read_token<'a>(buffer: &'a [u8], limits: &DecodeLimits) -> Result<Step<'a>, DecodeError> {
    let Some(&kind) = buffer.first() else { return Ok(INCOMPLETE) };
    match kind {
        b'$' => return read_string(buffer, limits, kind),
        b'!' | b'=' | b';' => return read_string(buffer, limits, kind),
        b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' | b'*' | b'~' | b'>' | b'%' | b'|' | b'.' => {}
        got => return Err(DecodeError::UnknownType { got }),
    }
    let Some(line) = read_line(buffer, limits)? else { return Ok(INCOMPLETE) };
    let token = match kind {
        b'+' => Token::Simple(line),
        b'-' => Token::Error(line),
        b':' => Token::Integer(integer(line)?),
        b',' => Token::Double(double(line)?),
        b'#' => Token::Boolean(boolean(line)?),
        b'(' => Token::BigNumber(big_number(line)?),
        b'_' => empty(line, Token::Null)?,
        b'.' => empty(line, Token::End)?,
        b'*' if line == b"-1" => Token::Null,
        b'*' => start(Aggregate::Array, line)?,
        b'~' => start(Aggregate::Set, line)?,
        b'>' => start(Aggregate::Push, line)?,
        b'%' => start(Aggregate::Map, line)?,
        _ => start(Aggregate::Attribute, line)?,
    };
    Ok(Step::Complete(token, line.len() + 3))
}

/// A token of announced length: `$`, `!`, `=` and `;`.
#[inline]
fn read_string<'a>(buffer: &'a [u8], limits: &DecodeLimits, kind: u8) -> Result<Step<'a>, DecodeError> {
    let (len, start) = match short_header(&buffer[1..]) {
        Some((len, digits)) => (len, digits + 3),
        None => {
            let Some(line) = read_line(buffer, limits)? else { return Ok(INCOMPLETE) };
            let end = line.len() + 3;
            match (kind, line) {
                (b'$', b"-1") => return Ok(Step::Complete(Token::Null, end)),
                (b'$', b"?") => return Ok(Step::Complete(Token::StreamStart, end)),
                _ => (length(line)?, end),
            }
        }
    };
    if len > limits.bulk_bytes_max {
        return Err(DecodeError::BulkTooLong { len });
    }
    if kind == b';' && len == 0 {
        return Ok(Step::Complete(Token::Chunk(&[]), start)); // the last chunk has no second line
    }
    let Some(behind) = buffer.get(start + len..start + len + 2) else {
        return Ok(Step::Incomplete { missing: start + len + 2 - buffer.len() });
    };
    if behind != b"\r\n" {
        return Err(DecodeError::UnterminatedBulk);
    }
    let bytes = &buffer[start..start + len];
    let token = match kind {
        b'$' => Token::Bulk(bytes),
        b'!' => Token::Error(bytes),
        b';' => Token::Chunk(bytes),
        _ => match bytes {
            [a, b, c, b':', text @ ..] => Token::Verbatim { format: [*a, *b, *c], text },
            _ => return Err(DecodeError::InvalidVerbatim),
        },
    };
    Ok(Step::Complete(token, start + len + 2))
}

/// The text between the type byte and CRLF.
fn read_line<'a>(buffer: &'a [u8], limits: &DecodeLimits) -> Result<Option<&'a [u8]>, DecodeError> {
    let window = &buffer[1..buffer.len().min(limits.line_bytes_max.saturating_add(2))];
    let Some(end) = memchr::memchr2(b'\r', b'\n', window) else {
        return if window.len() > limits.line_bytes_max { Err(DecodeError::LineTooLong) } else { Ok(None) };
    };
    match (window[end], buffer.get(end + 2)) {
        (b'\r', Some(b'\n')) => Ok(Some(&window[..end])),
        (b'\r', None) => Ok(None),
        _ => Err(DecodeError::InvalidLine),
    }
}

fn start(kind: Aggregate, line: &[u8]) -> Result<Token<'_>, DecodeError> {
    let len = if line == b"?" { None } else { Some(length(line)?) };
    Ok(Token::Start { kind, len })
}

fn length(line: &[u8]) -> Result<usize, DecodeError> {
    parse_integer(line).and_then(|len| usize::try_from(len).ok()).ok_or(DecodeError::InvalidLength)
}

fn integer(line: &[u8]) -> Result<i64, DecodeError> {
    parse_integer(line.strip_prefix(b"+").unwrap_or(line)).ok_or(DecodeError::InvalidNumber)
}

fn double(line: &[u8]) -> Result<f64, DecodeError> {
    match line {
        b"inf" | b"+inf" => return Ok(f64::INFINITY),
        b"-inf" => return Ok(f64::NEG_INFINITY),
        b"nan" | b"-nan" => return Ok(f64::NAN),
        _ => {}
    }
    // The standard library reads words such as `Infinity` too; the protocol has none but those above.
    let is_number = line.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let text = std::str::from_utf8(line).ok().filter(|_| is_number);
    text.and_then(|text| text.parse().ok()).ok_or(DecodeError::InvalidNumber)
}

fn boolean(line: &[u8]) -> Result<bool, DecodeError> {
    match line {
        b"t" => Ok(true),
        b"f" => Ok(false),
        _ => Err(DecodeError::InvalidBoolean),
    }
}

fn big_number(line: &[u8]) -> Result<&[u8], DecodeError> {
    let digits = line.strip_prefix(b"-").or(line.strip_prefix(b"+")).unwrap_or(line);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_number { Ok(line) } else { Err(DecodeError::InvalidNumber) }
}

fn empty<'a>(line: &[u8], token: Token<'a>) -> Result<Token<'a>, DecodeError> {
    if line.is_empty() { Ok(token) } else { Err(DecodeError::InvalidLine) }
}
