//! Cuts lines.

use std::borrow::Cow;

use memchr::memchr;

use crate::{TraceError, error::excerpt, input::Input};

/// The longest line of any trace: a binary file read as text must not fill the memory.
pub(crate) const LINE_BYTES_MAX: usize = 1 << 20;

pub(crate) struct Lines {
    input: Input,
    /// Bytes of the line last handed out, its end included. Still buffered, so that an error can show it.
    held: usize,
    /// The number of the line last handed out, from 1.
    number: u64,
    /// Whether the line last met was too long to be handed out, so that what is left of it is no line.
    lost: bool,
}

impl Lines {
    pub(crate) const fn new(input: Input) -> Self {
        Self { input, held: 0, number: 0, lost: false }
    }

    /// The next line without its line end (LF, or CR LF), or `None` at the end. The last line may lack its line end.
    /// Behind an error it is the line after.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, TraceError> {
        self.input.consume(self.held);
        self.held = 0;
        if self.lost {
            self.skip()?;
        }
        let mut searched = 0;
        let bytes = loop {
            let buffered = self.input.buffered();
            if let Some(at) = memchr(b'\n', &buffered[searched..]) {
                break searched + at + 1;
            }
            searched = buffered.len();
            if searched > LINE_BYTES_MAX || self.input.fill()? == 0 {
                break searched;
            }
        };
        if bytes == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes > LINE_BYTES_MAX {
            self.lost = true;
            return Err(TraceError::LongLine {
                trace: self.input.name().to_owned(),
                line: self.number,
                limit_bytes: LINE_BYTES_MAX,
            });
        }
        self.held = bytes;
        Ok(Some(self.line()))
    }

    /// Skips what is left of a line, its end included.
    fn skip(&mut self) -> Result<(), TraceError> {
        loop {
            let buffered = self.input.buffered();
            let end = memchr(b'\n', buffered);
            let bytes = end.map_or(buffered.len(), |at| at + 1);
            self.input.consume(bytes);
            if end.is_some() || self.input.fill()? == 0 {
                self.lost = false;
                return Ok(());
            }
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.input.name()
    }

    /// The error for the line last handed out.
    pub(crate) fn corrupt(&self, expected: impl Into<Cow<'static, str>>) -> TraceError {
        TraceError::CorruptLine {
            trace: self.input.name().to_owned(),
            line: self.number,
            expected: expected.into(),
            found: excerpt(self.line()),
        }
    }

    fn line(&self) -> &[u8] {
        let line = &self.input.buffered()[..self.held];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: Vec<u8>) -> Lines {
        let source = Box::new(std::io::Cursor::new(text));
        Lines::new(Input::new("test".to_owned(), source).unwrap())
    }

    #[test]
    fn line_ends_of_both_kinds_are_cut_and_the_last_may_be_missing() {
        let mut lines = lines(b"a\r\n\n b\rc \nd".to_vec());
        for expected in [&b"a"[..], b"", b" b\rc ", b"d"] {
            assert_eq!(lines.next().unwrap(), Some(expected));
        }
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let mut text = vec![b'x'; LINE_BYTES_MAX - 1];
        text.push(b'\n');
        text.extend(vec![b'y'; LINE_BYTES_MAX]);
        text.extend(b"\nafter");
        let mut lines = lines(text);
        assert_eq!(lines.next().unwrap().map(<[u8]>::len), Some(LINE_BYTES_MAX - 1));
        text_after(&mut lines);
    }

    fn text_after(lines: &mut Lines) {
        assert!(matches!(lines.next(), Err(TraceError::LongLine { line: 2, .. })));
        assert_eq!(lines.next().unwrap(), Some(&b"after"[..]));
        assert_eq!(lines.next().unwrap(), None);
    }

    /// A reader that never ends and holds no line end.
    #[test]
    fn an_endless_line_is_refused_without_keeping_it() {
        let source = Box::new(std::io::repeat(b'z'));
        let mut lines = Lines::new(Input::new("test".to_owned(), source).unwrap());
        assert!(matches!(lines.next(), Err(TraceError::LongLine { line: 1, .. })));
    }
}
