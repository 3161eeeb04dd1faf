//! A file seen through a sliding buffer, for reading it in order in bounded memory.

use std::path::Path;

use crate::{LogError, Result, vfs::File};

/// Read at once. Large enough that the system call does not count, small enough to stay in the cache.
pub(crate) const WINDOW_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub(crate) struct Window<'a> {
    file: &'a dyn File,
    path: &'a Path,
    file_bytes: u64,
    /// The file's bytes from offset `start` on.
    buffer: Vec<u8>,
    start: u64,
}

impl<'a> Window<'a> {
    /// Looks at the first `file_bytes` of a file.
    pub(crate) fn new(file: &'a dyn File, path: &'a Path, file_bytes: u64) -> Self {
        Self { file, path, file_bytes, buffer: Vec::new(), start: 0 }
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// The `count` bytes at `offset`; `None` if the file ends before.
    pub(crate) fn get(&mut self, offset: u64, count: usize) -> Result<Option<&[u8]>> {
        match offset.checked_add(count as u64) {
            Some(end) if end <= self.file_bytes => {}
            _ => return Ok(None),
        }
        let at = offset.wrapping_sub(self.start);
        let held = offset >= self.start && at + count as u64 <= self.buffer.len() as u64;
        if !held {
            self.fill(offset, count)?;
        }
        let at = (offset - self.start) as usize;
        Ok(self.buffer.get(at..at + count))
    }

    fn fill(&mut self, offset: u64, count: usize) -> Result<()> {
        let rest = usize::try_from(self.file_bytes - offset).unwrap_or(usize::MAX);
        self.start = offset;
        self.buffer.resize(count.max(WINDOW_BYTES).min(rest), 0);
        self.file.read_exact_at(&mut self.buffer, offset).map_err(|source| {
            self.buffer.clear(); // a later look must not take these bytes for the file's
            LogError::Read { path: self.path.to_owned(), source }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_within_the_file_is_what_the_file_holds() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..WINDOW_BYTES * 2 + 100).map(|at| (at * 31 / 8) as u8).collect();
        std::fs::write(path.path(), &bytes).unwrap();
        let mut window = Window::new(path.as_file(), path.path(), bytes.len() as u64);
        for (offset, count) in
            [(0, 10), (WINDOW_BYTES - 5, 10), (3, 0), (100, WINDOW_BYTES + 7), (bytes.len() - 1, 1)]
        {
            assert_eq!(window.get(offset as u64, count).unwrap(), Some(&bytes[offset..offset + count]));
        }
        assert_eq!(window.get(bytes.len() as u64, 1).unwrap(), None);
        assert_eq!(window.get(u64::MAX, 2).unwrap(), None);
    }
}
