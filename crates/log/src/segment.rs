//! One file of the log.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::{
    LogError, Result,
    directory::Directory,
    format::{Kind, RECORD_HEADER_BYTES, RecordHeader, SegmentHeader, SegmentSalt, body_crc},
    keydir::Location,
    locks::{read, write},
    vfs::{File, Open},
    write::step_bytes,
};

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) path: PathBuf,
    pub(crate) salt: SegmentSalt,
    /// Made when the first bytes are written.
    file: OnceLock<Box<dyn File>>,
    /// Bytes of the file that were written. What lies behind is still in the tail's memory.
    written: AtomicU64,
    /// The file's length: what was written, and zeros.
    allotted: AtomicU64,
    /// The file was cut, which only a full sync puts on disk.
    length_dirty: AtomicBool,
    /// Bytes of the file that are known to be on disk.
    synced: AtomicU64,
    /// Whether the directory's entry of this file is on disk: without it, synced bytes may belong to no name.
    entry_durable: AtomicBool,
}

impl Segment {
    /// A segment without a file.
    pub(crate) fn unmade(directory: &Directory, header: &SegmentHeader) -> Self {
        Self {
            number: header.number,
            path: directory.segment_path(header.number),
            salt: header.salt(),
            file: OnceLock::new(),
            written: AtomicU64::new(0),
            allotted: AtomicU64::new(0),
            length_dirty: AtomicBool::new(false),
            synced: AtomicU64::new(0),
            entry_durable: AtomicBool::new(false),
        }
    }

    /// Makes the file, with its header written but not synced.
    pub(crate) fn create(
        directory: &Directory,
        header: &SegmentHeader,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let segment = Self::unmade(directory, header);
        match segment.write(directory, &header.encode(), 0, 0) {
            Ok(()) => Ok(segment),
            Err(source) => Err((segment.path, source)),
        }
    }

    /// A segment that is there, with `bytes` in it.
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
            file: OnceLock::from(file),
            written: AtomicU64::new(bytes),
            allotted: AtomicU64::new(bytes),
            length_dirty: AtomicBool::new(false),
            synced: AtomicU64::new(0),
            entry_durable: AtomicBool::new(entry_durable),
        }
    }

    pub(crate) fn file(&self) -> io::Result<&dyn File> {
        self.file.get().map(|file| &**file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn make_file(&self, directory: &Directory) -> io::Result<&dyn File> {
        if self.file.get().is_none() {
            // Only the holder of the writing lock is here, so nobody else has set it meanwhile.
            let _ = self.file.set(directory.vfs().open(&self.path, Open::New)?);
        }
        self.file()
    }

    pub(crate) fn written_bytes(&self) -> u64 {
        // Acquire pairs with the release below: who sees the length also finds the bytes.
        self.written.load(Ordering::Acquire)
    }

    pub(crate) fn synced_bytes(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Appends, and if the file has to grow for that, by more than is needed, but not beyond `ahead`. Only the holder of the
    /// writing lock calls this. After an error, the same bytes may be written again.
    pub(crate) fn write(
        &self,
        directory: &Directory,
        bytes: &[u8],
        offset: u64,
        ahead: u64,
    ) -> io::Result<()> {
        let file = self.make_file(directory)?;
        let end = offset + bytes.len() as u64;
        let room = end.next_multiple_of(step_bytes(ahead)).min(ahead);
        if room > end && end > self.allotted.load(Ordering::Relaxed) {
            // If there is no room for more than is needed, then so be it.
            if file.write_all_at(&vec![0; (room - end) as usize], end).is_ok() {
                self.allotted.store(room, Ordering::Relaxed);
            }
        }
        file.write_all_at(bytes, offset)?;
        self.allotted.fetch_max(end, Ordering::Relaxed);
        self.written.store(end, Ordering::Release);
        Ok(())
    }

    /// Gives back what the file has beyond what was written.
    pub(crate) fn cut(&self) -> io::Result<()> {
        let written = self.written_bytes();
        if self.allotted.load(Ordering::Relaxed) > written {
            self.file()?.set_len(written)?;
            self.allotted.store(written, Ordering::Relaxed);
            self.length_dirty.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Puts what was written, and the file's name, on disk.
    pub(crate) fn sync(&self, directory: &Directory) -> io::Result<()> {
        let written = self.written_bytes();
        let file = self.file()?;
        if self.length_dirty.swap(false, Ordering::AcqRel) {
            file.sync_all()?;
        } else {
            file.sync_data()?;
        }
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
        let read = self.file().and_then(|file| file.read_exact_at(&mut record, u64::from(location.offset)));
        match read {
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
            file: OnceLock::from(file),
            written: AtomicU64::new(self.written_bytes()),
            allotted: AtomicU64::new(0),
            length_dirty: AtomicBool::new(false),
            synced: AtomicU64::new(self.synced_bytes()),
            entry_durable: AtomicBool::new(true),
        }
    }

    /// The same segment, to be made at a place where it is already.
    pub(crate) fn unopened(&self) -> Self {
        Self { file: OnceLock::new(), path: self.path.clone(), ..self.on("/dev/null") }
    }
}
