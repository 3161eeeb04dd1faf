//! The server's side of the wire: requests out of a growing read buffer.

use crate::inline::split_words;
use crate::number::{parse_integer, short_header};
use crate::request::{Batch, Located, Request, Span};
use crate::{Limits, ProtocolError};

/// Finds requests in a connection's read buffer, without copying their arguments.
///
/// Both forms are understood: arrays of bulk strings (`*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n`) and inline lines
/// (`GET key\r\n`). Empty requests (`*0`, `*-1`, a blank line) are skipped, as Redis does.
///
/// # How a connection uses it
///
/// One parser and one `Vec<u8>` per connection, with a cursor `consumed` behind which the bytes are done with:
///
/// ```
/// # use nuthatch_resp::{ProtocolError, RequestParser};
/// # fn run(_: &nuthatch_resp::Request<'_>) {}
/// # fn read_more(_: &mut Vec<u8>) -> bool { false }
/// # fn connection() -> Result<(), ProtocolError> {
/// let mut parser = RequestParser::default();
/// let (mut buffer, mut consumed) = (Vec::new(), 0);
/// while read_more(&mut buffer) {
///     while let Some(request) = parser.parse(&buffer, &mut consumed)? {
///         run(&request);
///     }
///     // Once per read: move what is unfinished to the front. Nothing, for a client that is answered in time.
///     buffer.drain(..consumed);
///     consumed = 0;
///     buffer.reserve(parser.reserve_hint(buffer.len()).max(4096));
/// }
/// # Ok(())
/// # }
/// ```
///
/// Between two calls the caller may append to the buffer, and may drop the bytes before `consumed`; the bytes from
/// `consumed` on must stay, since an unfinished request is not read again from its start.
///
/// # Cost
///
/// O(n) in the bytes received, however they were cut. About 25 ns for a `SET` of three arguments, 7 ns for each further one. Eight bytes of
/// bookkeeping per argument of the requests in hand, kept between calls up to a few kilobytes.
#[derive(Debug, Default)]
pub struct RequestParser {
    limits: Limits,
    unauthenticated: bool,
    /// The arguments of the requests found by this call, then those of the unfinished one.
    spans: Vec<Span>,
    /// The words of inline requests found by this call.
    unquoted: Vec<u8>,
    /// The requests found by this call, for [`parse_batch`](Self::parse_batch).
    requests: Vec<Located>,
    unfinished: Unfinished,
    failed: Option<ProtocolError>,
}

/// How far an unfinished request was read. Offsets are relative to its first byte.
#[derive(Debug, Default, Clone, Copy)]
struct Unfinished {
    /// Index of its first argument in `spans`.
    first_span: usize,
    /// Arguments still to come; 0 while the count itself is still to come.
    arguments_left: usize,
    /// Where the next line starts.
    position: usize,
    /// Bytes of that line already searched for its end.
    searched: usize,
    /// Bytes that the argument being received still lacks; 0 when its length is not known yet.
    missing: usize,
}

/// What became of the bytes at the start of a frame.
enum Outcome {
    Finished { end: usize },
    Empty { end: usize },
    Incomplete,
}

impl RequestParser {
    /// A parser for one connection. Reserves nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = Limits { request_bytes_max: limits.request_bytes_max.min(SPAN_END_MAX), ..limits };
        Self { limits, ..Self::default() }
    }

    /// Whether the client may send requests of full size. It may, unless told otherwise here.
    ///
    /// Call it with `false` when a connection opens that must authenticate, and with `true` once it has. Until then use
    /// [`parse`](Self::parse): what a batch parsed ahead of an `AUTH` was held to the strict limits.
    pub fn set_authenticated(&mut self, authenticated: bool) {
        self.unauthenticated = !authenticated;
    }

    /// Finds the next request at `buffer[*consumed..]` and moves `consumed` behind it; `None` if it is incomplete.
    ///
    /// # Errors
    ///
    /// The client broke the protocol or exceeded a limit. There is no way to find the next request: every later call
    /// returns the same error.
    pub fn parse<'a>(
        &'a mut self,
        buffer: &'a [u8],
        consumed: &mut usize,
    ) -> Result<Option<Request<'a>>, ProtocolError> {
        self.forget_finished();
        let located = self.next(buffer, consumed)?;
        Ok(located.map(|located| located.view(buffer, &self.unquoted, &self.spans)))
    }

    /// Finds up to `max` requests at `buffer[*consumed..]` and moves `consumed` behind them.
    ///
    /// Returns fewer than `max`, possibly none, when the rest is incomplete.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse), and only once the requests before the broken one were returned.
    pub fn parse_batch<'a>(
        &'a mut self,
        buffer: &'a [u8],
        consumed: &mut usize,
        max: usize,
    ) -> Result<Batch<'a>, ProtocolError> {
        self.forget_finished();
        while self.requests.len() < max {
            match self.next(buffer, consumed) {
                Ok(Some(located)) => self.requests.push(located),
                Ok(None) => break,
                Err(error) if self.requests.is_empty() => return Err(error),
                Err(_) => break, // kept in `failed` for the next call
            }
        }
        Ok(Batch::new(buffer, &self.unquoted, &self.spans, &self.requests))
    }

    /// How many bytes are still to come of the argument being received, its CRLF included; 0 when that is not known.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.unfinished.missing
    }

    /// How many bytes to reserve behind `received` bytes of an unfinished request.
    ///
    /// As many as the pending argument lacks, so that a large one is received into one allocation, but no more than
    /// were received already, or 64 KiB: a client makes the server hold at most about twice what it sent, while an
    /// honest one costs O(log n) reallocations. 0 when nothing large is pending; the caller then keeps its own minimum.
    #[must_use]
    pub fn reserve_hint(&self, received: usize) -> usize {
        self.unfinished.missing.min(received.max(RESERVE_MIN))
    }

    /// Drops the arguments handed out by the previous call; those of an unfinished request move to the front.
    #[inline]
    fn forget_finished(&mut self) {
        let first = std::mem::take(&mut self.unfinished.first_span);
        if first == self.spans.len() {
            self.spans.clear();
            if self.spans.capacity() > SPANS_RETAINED_MAX {
                self.spans.shrink_to(SPANS_RETAINED_MAX);
            }
        } else {
            self.spans.drain(..first);
        }
        self.requests.clear();
        self.unquoted.clear();
    }

    /// Finds the next request that is not empty.
    #[inline]
    fn next(&mut self, buffer: &[u8], consumed: &mut usize) -> Result<Option<Located>, ProtocolError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        loop {
            let start = *consumed;
            let frame = &buffer[start..];
            let Some(&kind) = frame.first() else { return Ok(None) };
            let is_inline = kind != b'*';
            let outcome = if is_inline { self.inline(frame) } else { self.multibulk(frame) };
            match outcome {
                Ok(Outcome::Incomplete) => return Ok(None),
                Ok(Outcome::Empty { end }) => {
                    *consumed += end;
                    self.unfinished = Unfinished { first_span: self.spans.len(), ..Unfinished::default() };
                }
                Ok(Outcome::Finished { end }) => {
                    *consumed += end;
                    let (first_span, span_end) = (self.unfinished.first_span, self.spans.len());
                    self.unfinished = Unfinished { first_span: span_end, ..Unfinished::default() };
                    return Ok(Some(Located { frame: (!is_inline).then_some(start), first_span, span_end }));
                }
                Err(error) => {
                    self.failed = Some(error);
                    return Err(error);
                }
            }
        }
    }

    /// Continues an array of bulk strings.
    #[inline]
    fn multibulk(&mut self, frame: &[u8]) -> Result<Outcome, ProtocolError> {
        let mut left = self.unfinished.arguments_left;
        let mut position = self.unfinished.position;
        self.unfinished.missing = 0;
        if left == 0 {
            let Some((count, end)) = self.header(frame, 0, Header::Count)? else {
                return Ok(Outcome::Incomplete);
            };
            left = self.check_count(count)?;
            position = end;
            if left == 0 {
                return Ok(Outcome::Empty { end });
            }
        }
        while left > 0 {
            match frame.get(position) {
                Some(b'$') => {}
                Some(&got) => return Err(ProtocolError::ExpectedBulk { got }),
                None => break,
            }
            let Some((length, start)) = self.header(frame, position, Header::Length)? else { break };
            let length = self.check_length(length, start)?;
            let Some(behind) = frame.get(start + length..start + length + 2) else {
                self.unfinished.missing = start + length + 2 - frame.len();
                break;
            };
            if behind != b"\r\n" {
                return Err(ProtocolError::UnterminatedBulk);
            }
            self.spans.push(Span::new(start, length));
            position = start + length + 2;
            left -= 1;
        }
        if left == 0 {
            return Ok(Outcome::Finished { end: position });
        }
        self.unfinished.position = position;
        self.unfinished.arguments_left = left;
        Ok(Outcome::Incomplete)
    }

    /// Reads the number behind the type byte at `at` and the offset behind its line; `None` if the line is incomplete.
    #[inline]
    fn header(
        &mut self,
        frame: &[u8],
        at: usize,
        kind: Header,
    ) -> Result<Option<(i64, usize)>, ProtocolError> {
        match short_header(&frame[at + 1..]) {
            Some((value, digits)) => {
                self.unfinished.searched = 0;
                Ok(Some((value as i64, at + 1 + digits + 2)))
            }
            None => self.unusual_header(frame, at, kind),
        }
    }

    /// The slow road of [`header`](Self::header): incomplete, negative, long or wrong.
    #[cold]
    fn unusual_header(
        &mut self,
        frame: &[u8],
        at: usize,
        kind: Header,
    ) -> Result<Option<(i64, usize)>, ProtocolError> {
        let line = &frame[at..];
        // A line is too long when its CR is not among its first `max + 1` bytes, whether or not it was received.
        let window = &line[..line.len().min(self.limits.line_bytes_max.saturating_add(1))];
        let searched = self.unfinished.searched.min(window.len());
        let Some(found) = memchr::memchr(b'\r', &window[searched..]) else {
            self.unfinished.searched = window.len();
            return if window.len() > self.limits.line_bytes_max { Err(kind.too_long()) } else { Ok(None) };
        };
        let carriage_return = searched + found;
        match line.get(carriage_return + 1) {
            None => {
                self.unfinished.searched = carriage_return;
                return Ok(None);
            }
            Some(b'\n') => {}
            Some(_) => return Err(kind.invalid()),
        }
        let value = parse_integer(&line[1..carriage_return]).ok_or(kind.invalid())?;
        self.unfinished.searched = 0;
        Ok(Some((value, at + carriage_return + 2)))
    }

    /// The number of arguments to read; 0 for an empty request, which a negative count is too.
    #[inline]
    fn check_count(&self, count: i64) -> Result<usize, ProtocolError> {
        let count = usize::try_from(count.max(0)).map_err(|_| ProtocolError::InvalidMultibulkLength)?;
        if count > self.limits.arguments_max {
            return Err(ProtocolError::InvalidMultibulkLength);
        }
        if self.unauthenticated && count > Limits::UNAUTHENTICATED_ARGUMENTS_MAX {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        Ok(count)
    }

    /// The length of an argument that starts at `start`, an offset into its frame.
    #[inline]
    fn check_length(&self, length: i64, start: usize) -> Result<usize, ProtocolError> {
        let length = usize::try_from(length).map_err(|_| ProtocolError::InvalidBulkLength)?;
        if length > self.limits.bulk_bytes_max {
            return Err(ProtocolError::InvalidBulkLength);
        }
        if self.unauthenticated && length > Limits::UNAUTHENTICATED_BULK_BYTES_MAX {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        // Keeps offsets within a `Span` too.
        if start.saturating_add(length).saturating_add(2) > self.limits.request_bytes_max {
            return Err(ProtocolError::TooBigRequest);
        }
        Ok(length)
    }

    /// Continues a line of words.
    fn inline(&mut self, frame: &[u8]) -> Result<Outcome, ProtocolError> {
        let window = &frame[..frame.len().min(self.limits.line_bytes_max.saturating_add(1))];
        let searched = self.unfinished.searched.min(window.len());
        let Some(found) = memchr::memchr(b'\n', &window[searched..]) else {
            self.unfinished.searched = window.len();
            let too_long = window.len() > self.limits.line_bytes_max;
            return if too_long { Err(ProtocolError::TooBigInline) } else { Ok(Outcome::Incomplete) };
        };
        let newline = searched + found;
        // The CR before it, if any, is a blank like others.
        split_words(&frame[..newline], &mut self.unquoted, &mut self.spans)
            .map_err(|_| ProtocolError::UnbalancedQuotes)?;
        let end = newline + 1;
        let is_empty = self.spans.len() == self.unfinished.first_span;
        Ok(if is_empty { Outcome::Empty { end } } else { Outcome::Finished { end } })
    }
}

/// Which of the two header lines is being read: it decides the error.
#[derive(Clone, Copy)]
enum Header {
    Count,
    Length,
}

impl Header {
    fn invalid(self) -> ProtocolError {
        match self {
            Self::Count => ProtocolError::InvalidMultibulkLength,
            Self::Length => ProtocolError::InvalidBulkLength,
        }
    }

    fn too_long(self) -> ProtocolError {
        match self {
            Self::Count => ProtocolError::TooBigMultibulkCount,
            Self::Length => ProtocolError::TooBigBulkCount,
        }
    }
}

/// What a `Span` can reach, less the CRLF behind it.
const SPAN_END_MAX: usize = u32::MAX as usize - 2;
/// Arguments whose bookkeeping a connection keeps between requests: 32 KiB.
const SPANS_RETAINED_MAX: usize = 4096;
/// What [`RequestParser::reserve_hint`] grants to a client that has sent little.
const RESERVE_MIN: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_earlier_requests_needed_is_released() {
        let mut parser = RequestParser::default();
        let arguments = vec![b"x"; 10 * SPANS_RETAINED_MAX];
        let mut wire = Vec::new();
        crate::encode_command(&mut wire, &arguments);
        assert!(parser.parse(&wire, &mut 0).unwrap().is_some());
        for _ in 0..3 {
            assert!(parser.parse(b"SET key value\n", &mut 0).unwrap().is_some());
        }
        assert_eq!(parser.unquoted, b"SETkeyvalue");
        assert_eq!(parser.spans.len(), 3);
        assert!(parser.spans.capacity() <= SPANS_RETAINED_MAX);
    }
}
