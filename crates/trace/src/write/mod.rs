//! Writing requests down, in the simple ones of the formats that are read.

mod encode;
mod losses;
mod packer;

use std::io::{self, Write};

use crate::{Format, Request};
use encode::Encoder;

pub use losses::Losses;
pub use packer::Packer;

/// Writes requests to `W`, which it does not buffer.
///
/// What a format has no place for is left out and counted: [`finish`](Self::finish) returns it.
///
/// ```
/// use nuthatch_trace::{Format, Request, Writer};
///
/// let mut writer = Writer::new(Vec::new(), Format::Csv)?;
/// writer.write(&Request::new(7, 512))?;
/// let (text, losses) = writer.finish()?;
/// assert_eq!(text, b"time_us,op,key,size,ttl\n,get,7,512,\n");
/// assert!(losses.is_none());
/// # Ok::<(), nuthatch_trace::WriteError>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    format: Format,
    encoder: Encoder,
    /// Encoded and not yet written.
    pending: Vec<u8>,
    losses: Losses,
}

/// How much is written at a time.
const PENDING_BYTES: usize = 64 * 1024;

impl<W: Write> Writer<W> {
    /// Writes to `out` in `format`.
    ///
    /// # Errors
    ///
    /// [`WriteError::Unsupported`] for [`Format::Auto`], which is none.
    pub fn new(out: W, format: Format) -> Result<Self, WriteError> {
        let encoder = Encoder::new(format).ok_or(WriteError::Unsupported { format })?;
        let mut pending = Vec::with_capacity(2 * PENDING_BYTES);
        encoder.start(&mut pending);
        Ok(Self { out, format, encoder, pending, losses: Losses::default() })
    }

    /// Writes one request. Memory: none per request, but 40 bytes in [`Format::Oracle`], whose records name the next
    /// request to the same key and so are written at the end.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`], and [`WriteError::Key`] for a key that the format has no room for.
    pub fn write(&mut self, request: &Request) -> Result<(), WriteError> {
        let number = self.losses.requests + 1;
        if !self.encoder.encode(request, number, &mut self.pending) {
            return Err(WriteError::Key { key: request.key, number, format: self.format });
        }
        self.losses.count(self.format, request);
        if self.pending.len() >= PENDING_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and gives back where to and what was lost on the way. `W` is not flushed.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn finish(mut self) -> Result<(W, Losses), WriteError> {
        let mut encoder = self.encoder;
        self.encoder = Encoder::default();
        while encoder.end(&mut self.pending, PENDING_BYTES) {
            self.flush()?;
        }
        self.flush()?;
        Ok((self.out, self.losses))
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.out.write_all(&self.pending).map_err(|source| WriteError::Io { source })?;
        self.pending.clear();
        Ok(())
    }
}

/// Why requests could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Where the bytes go did not take them; `source` says why.
    #[error("cannot write the trace")]
    Io {
        /// What the operating system or the compressor said.
        source: io::Error,
    },

    /// Not a format to write in.
    #[error("\"{format}\" is no format to write; name one of {}", Format::spellings_named())]
    Unsupported {
        /// The format asked for.
        format: Format,
    },

    /// A key has more digits than the format has room for.
    #[error(
        "request {number}: key {key} does not fit into the format \"{format}\"; write u64be, keys, csv or jsonl"
    )]
    Key {
        /// The key.
        key: u64,
        /// Which request, from 1.
        number: u64,
        /// The format.
        format: Format,
    },
}
