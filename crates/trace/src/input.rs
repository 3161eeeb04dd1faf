//! The unpacked bytes of a trace, through one buffer.

use std::io::{ErrorKind, Read};

use crate::{Compression, TraceError, compression};

/// How much is read at a time.
const CHUNK_BYTES: usize = 128 * 1024;

pub(crate) struct Input {
    name: String,
    compression: Option<Compression>,
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// What of the buffer is read from `source` and not yet consumed.
    start: usize,
    end: usize,
    /// Where `start` is in the unpacked trace.
    offset: u64,
    /// What a peek met behind bytes that are still to be consumed. Kept, since a decompressor that failed once may
    /// call its next read the end.
    failure: Option<TraceError>,
}

impl Input {
    pub(crate) fn new(name: String, packed: Box<dyn Read + Send>) -> Result<Self, TraceError> {
        match compression::unpack(packed) {
            Ok((compression, source)) => Ok(Self {
                name,
                compression,
                source,
                buffer: vec![0; CHUNK_BYTES],
                start: 0,
                end: 0,
                offset: 0,
                failure: None,
            }),
            Err(source) => Err(TraceError::Read { trace: name, source }),
        }
    }

    /// The trace's name, for errors.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is read and not yet consumed.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where [`buffered`](Self::buffered) begins in the unpacked trace.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Drops the first `bytes` of what is buffered.
    pub(crate) fn consume(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.end - self.start);
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// Reads more behind what is buffered, which may move. Returns how much; 0 at the end.
    pub(crate) fn fill(&mut self) -> Result<usize, TraceError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // Doubling keeps the work linear if a caller waits for the end of something long; callers bound its length.
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    let trace = self.name.clone();
                    let bytes = self.offset + self.end as u64;
                    return Err(match self.compression {
                        Some(compression) if source.kind() == ErrorKind::UnexpectedEof => {
                            TraceError::TruncatedStream { trace, compression, requests: 0, bytes }
                        }
                        // The operating system's errors have a number; what is left is the decompressor's opinion.
                        Some(compression) if source.raw_os_error().is_none() => {
                            TraceError::DamagedStream { trace, compression, requests: 0, bytes, source }
                        }
                        _ => TraceError::Read { trace, source },
                    });
                }
            }
        }
    }

    /// The first `bytes` of what is left, or all of it if it is shorter. Consumes nothing.
    ///
    /// An error behind the first byte is left to a later [`fill`](Self::fill): detection needs only a start.
    pub(crate) fn peek(&mut self, bytes: usize) -> Result<&[u8], TraceError> {
        while self.end - self.start < bytes {
            match self.fill() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if self.start == self.end => return Err(error),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        let all = self.buffered();
        Ok(all.get(..bytes).unwrap_or(all))
    }
}
