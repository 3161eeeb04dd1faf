//! One file of the log.

use std::{
    collections::BTreeMap,
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
    format::{Kind, Lsn, RECORD_HEADER_BYTES, RecordHeader, SegmentHeader, SegmentSalt, body_crc},
    locks::{read, write},
    vfs::{File, Open},
    write::step_bytes,
};

#[derive(Debug)]
pub(crate) struct Segment {
    /// By which places name it, in this process only: the number, unless compaction wrote it just now.
    pub(crate) id: u32,
    pub(crate) header: SegmentHeader,
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
            id: header.number,
            header: *header,
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

    /// Makes the file, with its header on disk, but not its name.
    pub(crate) fn create(
        directory: &Directory,
        header: &SegmentHeader,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let segment = Self::unmade(directory, header);
        // Without it, who opens the log after a power cut could not tell whose records these are.
        let made =
            segment.write(directory, &header.encode(), 0, 0).and_then(|()| segment.file()?.sync_data());
        match made {
            Ok(()) => Ok(segment),
            Err(source) => Err((segment.path, source)),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        self.header.number
    }

    /// It holds nothing that a delete before this LSN hides.
    pub(crate) fn cleaned_before(&self) -> Lsn {
        self.header.cleaned_before()
    }

    /// The same file, all of it on disk, under its final name and an id of its own.
    pub(crate) fn renamed(self, path: PathBuf, id: u32) -> Self {
        Self { id, path, ..self }
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
            id: header.number,
            header: *header,
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
            // If there is no room for more than is needed, then so be it. The file may have grown by a part of it.
            let _ = file.write_all_at(&vec![0; (room - end) as usize], end);
            self.allotted.store(room, Ordering::Relaxed);
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

    /// The value at `offset`, once the whole record has proved to be the one that was written there for `key`, with what
    /// `expected` says.
    pub(crate) fn read_value(&self, key: &[u8], offset: u32, expected: &RecordHeader) -> Result<Vec<u8>> {
        let offset = u64::from(offset);
        let damaged = || LogError::Damaged { path: self.path.clone(), offset };
        let body_at = RECORD_HEADER_BYTES + key.len();
        let mut record = vec![0; body_at + expected.value_len as usize];
        let read = self.file().and_then(|file| file.read_exact_at(&mut record, offset));
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
        let intact = RecordHeader::decode(header, self.salt, offset).is_some_and(|header| {
            header.kind == Kind::Put
                && usize::from(header.key_len) == key.len()
                && header.value_len == expected.value_len
                && header.lsn == expected.lsn
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

/// The segments. Readers take an `Arc`, so a file that is deleted meanwhile stays readable.
#[derive(Debug)]
pub(crate) struct Segments(RwLock<Lists>);

#[derive(Debug, Default)]
struct Lists {
    /// Where records are looked for. While a segment is replaced, both the old and the new one are here.
    by_id: BTreeMap<u32, Arc<Segment>>,
    /// Those that make up the log, by number, oldest first.
    by_number: BTreeMap<u32, Arc<Segment>>,
}

impl Lists {
    fn add(&mut self, segment: Arc<Segment>) {
        self.by_id.insert(segment.id, Arc::clone(&segment));
        self.by_number.insert(segment.number(), segment);
    }
}

impl Segments {
    pub(crate) fn new(segments: impl IntoIterator<Item = Arc<Segment>>) -> Self {
        let mut lists = Lists::default();
        segments.into_iter().for_each(|segment| lists.add(segment));
        Self(RwLock::new(lists))
    }

    pub(crate) fn get(&self, id: u32) -> Option<Arc<Segment>> {
        read(&self.0).by_id.get(&id).cloned()
    }

    pub(crate) fn oldest(&self) -> Option<Arc<Segment>> {
        read(&self.0).by_number.values().next().cloned()
    }

    /// All, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        read(&self.0).by_number.values().cloned().collect()
    }

    /// All, with those that are about to take the place of others.
    pub(crate) fn with_introduced(&self) -> Vec<Arc<Segment>> {
        read(&self.0).by_id.values().cloned().collect()
    }

    pub(crate) fn push(&self, segment: Arc<Segment>) {
        write(&self.0).add(segment);
    }

    /// Lets records in `segment` be found, which is not part of the log yet.
    pub(crate) fn introduce(&self, segment: Arc<Segment>) {
        write(&self.0).by_id.insert(segment.id, segment);
    }

    /// `segment` takes the place of those that it stands for.
    pub(crate) fn replace(&self, segment: Arc<Segment>) {
        let mut lists = write(&self.0);
        let replaced: Vec<u32> =
            lists.by_number.range(segment.header.first..=segment.number()).map(|(_, old)| old.id).collect();
        for id in replaced {
            if let Some(old) = lists.by_id.remove(&id) {
                lists.by_number.remove(&old.number());
            }
        }
        lists.add(segment);
    }

    pub(crate) fn pop_oldest(&self) -> Option<Arc<Segment>> {
        let mut lists = write(&self.0);
        let (_, oldest) = lists.by_number.pop_first()?;
        lists.by_id.remove(&oldest.id);
        Some(oldest)
    }

    pub(crate) fn len(&self) -> usize {
        read(&self.0).by_number.len()
    }
}

#[cfg(test)]
impl Segment {
    /// The same segment on another file, for tests of what a device does to it.
    pub(crate) fn on(&self, path: &str) -> Self {
        let file = crate::vfs::Vfs::open(&crate::vfs::Os, path.as_ref(), Open::Existing).unwrap();
        Self {
            id: self.id,
            header: self.header,
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
