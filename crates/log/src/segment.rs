//! One file of the log.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    LogError, Result,
    directory::Directory,
    format::{
        Kind, RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader, SegmentSalt, body_crc,
    },
    keydir::Location,
    locks::{read, write},
    vfs::{File, Open},
};

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) path: PathBuf,
    pub(crate) salt: SegmentSalt,
    file: Box<dyn File>,
    /// Bytes of the file that were written. What lies behind is still in the tail's memory.
    written: AtomicU64,
    /// Bytes of the file that are known to be on disk.
    synced: AtomicU64,
    /// Whether the directory's entry of this file is on disk: without it, synced bytes may belong to no name.
    entry_durable: AtomicBool,
}

impl Segment {
    /// Makes the file, with its header written but not synced.
    pub(crate) fn create(
        directory: &Directory,
        header: &SegmentHeader,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let path = directory.segment_path(header.number);
        let create = || {
            let file = directory.vfs().open(&path, Open::New)?;
            file.write_all_at(&header.encode(), 0)?;
            Ok(file)
        };
        match create() {
            Ok(file) => Ok(Self::new(header, path, file, SEGMENT_HEADER_BYTES as u64, false)),
            Err(source) => Err((path, source)),
        }
    }

    pub(crate) fn new(
        header: &SegmentHeader,
        path: PathBuf,
        file: Box<dyn File>,
        bytes: u64,
        entry_durable: bool,
    ) -> Self {
        Self {
            number: header.number,
            path,
            salt: header.salt(),
            file,
            written: AtomicU64::new(bytes),
            synced: AtomicU64::new(0),
            entry_durable: AtomicBool::new(entry_durable),
        }
    }

    pub(crate) fn file(&self) -> &dyn File {
        &*self.file
    }

    pub(crate) fn written_bytes(&self) -> u64 {
        // Acquire pairs with the release below: who sees the length also finds the bytes.
        self.written.load(Ordering::Acquire)
    }

    pub(crate) fn synced_bytes(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Appends. Only the holder of the append lock calls this.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let offset = self.written_bytes();
        self.file.write_all_at(bytes, offset)?;
        self.written.store(offset + bytes.len() as u64, Ordering::Release);
        Ok(())
    }

    /// Puts what was written, and the file's name, on disk.
    pub(crate) fn sync(&self, directory: &Directory) -> io::Result<()> {
        let written = self.written_bytes();
        self.file.sync_data()?;
        if !self.entry_durable.load(Ordering::Acquire) {
            directory.sync()?;
            self.entry_durable.store(true, Ordering::Release);
        }
        self.synced.fetch_max(written, Ordering::AcqRel);
        Ok(())
    }

    /// The value at `location`, once the whole record has proved to be the one that was written there for `key`.
    pub(crate) fn read_value(&self, key: &[u8], location: &Location) -> Result<Vec<u8>> {
        let damaged = || LogError::Damaged { path: self.path.clone(), offset: u64::from(location.offset) };
        let body_at = RECORD_HEADER_BYTES + key.len();
        let mut record = vec![0; body_at + location.value_len as usize];
        match self.file.read_exact_at(&mut record, u64::from(location.offset)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged()),
            Err(source) => {
                return Err(LogError::Read { path: self.path.clone(), source });
            }
        }
        let Some((header, body)) = record.split_first_chunk() else {
            return Err(damaged());
        };
        let intact =
            RecordHeader::decode(header, self.salt, u64::from(location.offset)).is_some_and(|header| {
                header.kind == Kind::Put
                    && usize::from(header.key_len) == key.len()
                    && header.value_len == location.value_len
                    && header.lsn == location.lsn
                    && header.body_crc == body_crc(body, &[])
                    && body.starts_with(key)
            });
        if !intact {
            return Err(damaged());
        }
        record.drain(..body_at);
        Ok(record)
    }
}

/// The segments by number, oldest first. Readers take an `Arc`, so a file that is deleted meanwhile stays readable.
#[derive(Debug)]
pub(crate) struct Segments(RwLock<VecDeque<Arc<Segment>>>);

impl Segments {
    pub(crate) fn new(segments: VecDeque<Arc<Segment>>) -> Self {
        Self(RwLock::new(segments))
    }

    pub(crate) fn get(&self, number: u32) -> Option<Arc<Segment>> {
        let segments = read(&self.0);
        let head = segments.front()?.number;
        segments.get(number.checked_sub(head)? as usize).cloned()
    }

    pub(crate) fn oldest(&self) -> Option<Arc<Segment>> {
        read(&self.0).front().cloned()
    }

    pub(crate) fn push(&self, segment: Arc<Segment>) {
        write(&self.0).push_back(segment);
    }

    pub(crate) fn pop_oldest(&self) -> Option<Arc<Segment>> {
        write(&self.0).pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        read(&self.0).len()
    }
}

#[cfg(test)]
impl Segment {
    /// The same segment on another file, for tests of what a device does to it.
    pub(crate) fn on(&self, path: &str) -> Self {
        let file = crate::vfs::Vfs::open(&crate::vfs::Os, path.as_ref(), Open::Existing).unwrap();
        Self {
            number: self.number,
            path: path.into(),
            salt: self.salt,
            file,
            written: AtomicU64::new(self.written_bytes()),
            synced: AtomicU64::new(self.synced_bytes()),
            entry_durable: AtomicBool::new(true),
        }
    }
}
