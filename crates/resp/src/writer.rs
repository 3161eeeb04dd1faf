//! The server's replies, in the dialect that the client speaks.

use crate::double::{DOUBLE_BYTES_MAX, write_double};
use crate::number::{INTEGER_BYTES_MAX, decimal, write_integer};

/// The dialect of a connection: RESP2 until the client asks for the other with `HELLO 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// What every client speaks: five types.
    #[default]
    Resp2,
    /// Adds maps, sets, doubles, booleans, a null of its own, and messages out of turn.
    Resp3,
}

/// Appends replies to an output buffer.
///
/// A type that RESP2 lacks is written as Redis writes it there: a map as a flat array, a boolean as `:1` or `:0`, a
/// double as a bulk string, and so on. After a header (`array`, `map`, ...) the caller writes that many elements.
///
/// Cost: O(bytes), no allocation beside the growth of the buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

impl<'a> Writer<'a> {
    /// Appends to `out` in the dialect `protocol`.
    #[inline]
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Self { out, protocol }
    }

    /// The dialect, for replies whose shape depends on it.
    #[must_use]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Changes the dialect of what is appended from here on: the reply to `HELLO` is in the one it asks for.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// A simple string: a line. CR and LF in it become spaces, lest they end the reply early.
    pub fn simple(&mut self, text: impl AsRef<[u8]>) {
        self.line(b'+', text.as_ref());
    }

    /// An error: a line that starts with its code, as in `ERR syntax error`. CR and LF in it become spaces.
    pub fn error(&mut self, message: impl AsRef<[u8]>) {
        self.line(b'-', message.as_ref());
    }

    /// An error of any bytes, line ends included. RESP2: an ordinary error.
    pub fn bulk_error(&mut self, message: impl AsRef<[u8]>) {
        let message = message.as_ref();
        match self.protocol {
            Protocol::Resp2 => self.error(message),
            Protocol::Resp3 => {
                self.length(b'!', message.len());
                self.out.extend_from_slice(message);
                self.end();
            }
        }
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// A bulk string: any bytes.
    #[inline]
    pub fn bulk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.length(b'$', bytes.len());
        self.out.reserve(bytes.len() + 2);
        self.out.extend_from_slice(bytes);
        self.end();
    }

    /// An integer as a bulk string, which is how commands reply with numbers that are stored as strings.
    pub fn bulk_integer(&mut self, value: i64) {
        self.bulk(decimal(value, &mut [0; INTEGER_BYTES_MAX]));
    }

    /// The absence of a value: `$-1` or `_`.
    #[inline]
    pub fn null(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n".as_slice(),
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// The absence of an array (a blocking pop that timed out, an aborted transaction): `*-1` or `_`.
    pub fn null_array(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n".as_slice(),
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// The header of an array of `len` elements.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.length(b'*', len);
    }

    /// The header of a map of `pairs` keys and values, written in turn. RESP2: an array of twice as many.
    pub fn map(&mut self, pairs: usize) {
        match self.protocol {
            Protocol::Resp2 => self.length(b'*', pairs.saturating_mul(2)),
            Protocol::Resp3 => self.length(b'%', pairs),
        }
    }

    /// The header of a set of `len` elements. RESP2: an array.
    pub fn set(&mut self, len: usize) {
        self.aggregate(b'~', len);
    }

    /// The header of a message out of turn, of `len` elements of which the first names its kind. RESP2: an array.
    pub fn push(&mut self, len: usize) {
        self.aggregate(b'>', len);
    }

    /// The header of `pairs` remarks on the value that follows them. RESP2 cannot carry remarks: write none there.
    pub fn attribute(&mut self, pairs: usize) {
        self.length(b'|', pairs);
    }

    /// A double, in the fewest digits that read back as the same number. RESP2: a bulk string.
    pub fn double(&mut self, value: f64) {
        match self.protocol {
            Protocol::Resp2 => {
                // The length comes first, so the text moves aside once.
                let start = self.out.len();
                write_double(self.out, value);
                let len = self.out.len() - start;
                let mut text = [0; DOUBLE_BYTES_MAX];
                text[..len].copy_from_slice(&self.out[start..]);
                self.out.truncate(start);
                self.bulk(&text[..len]);
            }
            Protocol::Resp3 => {
                self.out.push(b',');
                write_double(self.out, value);
                self.end();
            }
        }
    }

    /// A boolean. RESP2: the integer 1 or 0.
    pub fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(match (self.protocol, value) {
            (Protocol::Resp2, true) => b":1\r\n",
            (Protocol::Resp2, false) => b":0\r\n",
            (Protocol::Resp3, true) => b"#t\r\n",
            (Protocol::Resp3, false) => b"#f\r\n",
        });
    }

    /// An integer beyond 64 bits, in decimal digits. RESP2: a bulk string.
    pub fn big_number(&mut self, digits: impl AsRef<[u8]>) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits),
            Protocol::Resp3 => self.line(b'(', digits.as_ref()),
        }
    }

    /// A text for people, with its format: `*b"txt"` or `*b"mkd"`. RESP2: a bulk string of the text alone.
    pub fn verbatim(&mut self, format: [u8; 3], text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.length(b'=', text.len() + format.len() + 1);
                self.out.extend_from_slice(&format);
                self.out.push(b':');
                self.out.extend_from_slice(text);
                self.end();
            }
        }
    }

    /// Bytes that already are a reply in the right dialect.
    pub fn raw(&mut self, encoded: impl AsRef<[u8]>) {
        self.out.extend_from_slice(encoded.as_ref());
    }

    fn aggregate(&mut self, resp3_type: u8, len: usize) {
        match self.protocol {
            Protocol::Resp2 => self.length(b'*', len),
            Protocol::Resp3 => self.length(resp3_type, len),
        }
    }

    #[inline]
    fn length(&mut self, kind: u8, len: usize) {
        self.header(kind, len as i64); // no object in memory is longer than i64::MAX
    }

    #[inline]
    fn header(&mut self, kind: u8, value: i64) {
        self.out.push(kind);
        write_integer(self.out, value);
        self.end();
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.push(kind);
        let start = self.out.len();
        self.out.extend_from_slice(text);
        for byte in &mut self.out[start..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        self.end();
    }

    #[inline]
    fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }
}
