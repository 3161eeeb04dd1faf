//! A file system whose files are read from the disk and whose changes stay in memory: opening a log on it shows what opening
//! it would do, and leaves every byte as it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{self, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use nuthatch_log::vfs::{File, Open, Vfs};

/// What was changed. Only segments and the lock are seen of what lies on the disk: whatever else a log keeps beside them is
/// made from them, and shall not be believed by who wants to know whether they are sound.
pub(super) struct Overlay {
    names: Mutex<BTreeMap<PathBuf, Name>>,
    read: Arc<dyn Fn(u64) + Send + Sync>,
}

/// What became of a name.
enum Name {
    Removed,
    Taken(Arc<Content>),
}

/// A file, whatever its names.
struct Content {
    /// On the disk; `None`: made here.
    base: Option<fs::File>,
    changes: Mutex<Changes>,
}

struct Changes {
    bytes: u64,
    /// So much of what is on the disk still counts; what the file has grown by since reads as zeros.
    base_bytes: u64,
    /// What was written, in its order: later writes hide earlier ones.
    writes: Vec<(u64, Vec<u8>)>,
}

impl Overlay {
    /// `read` is told how many bytes come from the disk, each time that some do.
    pub(super) fn new(read: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { names: Mutex::default(), read: Arc::new(read) }
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of this name, which is remembered from here on.
    fn find(names: &mut BTreeMap<PathBuf, Name>, path: &Path) -> io::Result<Arc<Content>> {
        match names.get(path) {
            Some(Name::Taken(content)) => return Ok(Arc::clone(content)),
            Some(Name::Removed) => return Err(io::ErrorKind::NotFound.into()),
            None if !is_seen(path) => return Err(io::ErrorKind::NotFound.into()),
            None => {}
        }
        let base = fs::File::open(path)?;
        let bytes = base.metadata()?.len();
        let content = Content::new(Some(base), bytes);
        names.insert(path.to_owned(), Name::Taken(Arc::clone(&content)));
        Ok(content)
    }
}

fn is_seen(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg") || path.ends_with("LOCK")
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Overlay")
    }
}

impl Vfs for Overlay {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn File>> {
        let mut names = self.names();
        let content = match (Self::find(&mut names, path), how) {
            (Ok(_), Open::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Err(error), Open::OrCreate | Open::New) if error.kind() == io::ErrorKind::NotFound => {
                let content = Content::new(None, 0);
                names.insert(path.to_owned(), Name::Taken(Arc::clone(&content)));
                content
            }
            (found, _) => found?,
        };
        Ok(Box::new(Handle { content, read: Arc::clone(&self.read) }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let taken = fs::symlink_metadata(path).map(|_| io::ErrorKind::AlreadyExists.into());
        Err(taken.unwrap_or_else(|error| error))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        let names = self.names();
        let mut listed = BTreeSet::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if is_seen(&path) && !matches!(names.get(&path), Some(Name::Removed)) {
                listed.extend(path.file_name().map(ToOwned::to_owned));
            }
        }
        let taken =
            names.iter().filter(|(path, name)| path.parent() == Some(dir) && matches!(name, Name::Taken(_)));
        listed.extend(taken.filter_map(|(path, _)| path.file_name().map(ToOwned::to_owned)));
        Ok(listed.into_iter().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut names = self.names();
        let content = Self::find(&mut names, from)?;
        names.insert(from.to_owned(), Name::Removed);
        names.insert(to.to_owned(), Name::Taken(content));
        Ok(())
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut names = self.names();
        if Self::find(&mut names, to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let content = Self::find(&mut names, from)?;
        names.insert(to.to_owned(), Name::Taken(content));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut names = self.names();
        Self::find(&mut names, path)?;
        names.insert(path.to_owned(), Name::Removed);
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl Content {
    fn new(base: Option<fs::File>, bytes: u64) -> Arc<Self> {
        let changes = Changes { bytes, base_bytes: bytes, writes: Vec::new() };
        Arc::new(Self { base, changes: Mutex::new(changes) })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open file.
struct Handle {
    content: Arc<Content>,
    read: Arc<dyn Fn(u64) + Send + Sync>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl File for Handle {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let changes = self.content.changes();
        let wanted = changes.bytes.saturating_sub(offset).min(bytes.len() as u64);
        let bytes = &mut bytes[..usize::try_from(wanted).unwrap_or(0)];
        bytes.fill(0);
        let in_base = changes.base_bytes.saturating_sub(offset).min(wanted);
        if let (Some(base), 1..) = (&self.content.base, in_base) {
            let from_base = &mut bytes[..usize::try_from(in_base).unwrap_or(0)];
            FileExt::read_exact_at(base, from_base, offset)?;
            (self.read)(in_base);
        }
        for (start, written) in &changes.writes {
            let (from, to) = ((*start).max(offset), (start + written.len() as u64).min(offset + wanted));
            if from < to {
                let place = |at: u64, start: u64| usize::try_from(at - start).unwrap_or(usize::MAX);
                bytes[place(from, offset)..place(to, offset)]
                    .copy_from_slice(&written[place(from, *start)..place(to, *start)]);
            }
        }
        Ok(bytes.len())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut changes = self.content.changes();
        changes.bytes = changes.bytes.max(offset + bytes.len() as u64);
        changes.writes.push((offset, bytes.to_owned()));
        Ok(bytes.len())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.content.changes().bytes)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut changes = self.content.changes();
        changes.base_bytes = changes.base_bytes.min(bytes);
        changes.bytes = bytes;
        changes.writes.retain_mut(|(start, written)| {
            written.truncate(usize::try_from(bytes.saturating_sub(*start)).unwrap_or(usize::MAX));
            !written.is_empty()
        });
        Ok(())
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut changes = self.content.changes();
        changes.bytes = changes.bytes.max(bytes);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    /// The real lock: what a running server changes under the reader would look like damage.
    fn try_lock(&self) -> Result<(), TryLockError> {
        self.content.base.as_ref().map_or(Ok(()), fs::File::try_lock)
    }

    fn unlock(&self) -> io::Result<()> {
        self.content.base.as_ref().map_or(Ok(()), fs::File::unlock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_reads_as_changed_and_lies_as_it_lay() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.seg");
        fs::write(&path, b"0123456789")?;
        let overlay = Overlay::new(|_| ());
        let file = overlay.open(&path, Open::Existing)?;
        file.write_at(b"abc", 2)?;
        file.write_at(b"X", 3)?;
        file.set_len(5)?;
        file.allocate(8)?;
        file.write_at(b"end", 9)?;
        let mut bytes = [9; 20];
        let read = file.read_at(&mut bytes, 1)?;
        assert_eq!(&bytes[..read], b"1aXc\0\0\0\0end".as_slice());
        assert_eq!((file.read_at(&mut bytes, 12)?, file.len()?), (0, 12));
        assert_eq!(fs::read(&path)?, b"0123456789");
        Ok(())
    }

    #[test]
    fn names_come_and_go_in_memory_alone() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let at = |name: &str| dir.path().join(name);
        for name in ["1.seg", "2.seg", "hint"] {
            fs::write(at(name), name)?;
        }
        let overlay = Overlay::new(|_| ());
        overlay.hard_link(&at("1.seg"), &at("1.seg.damaged"))?;
        overlay.rename(&at("2.seg"), &at("1.seg"))?;
        overlay.open(&at("3.seg"), Open::New)?;
        overlay.remove(&at("3.seg"))?;
        assert_eq!(overlay.list(dir.path())?, ["1.seg", "1.seg.damaged"]);
        let mut bytes = [0; 5];
        overlay.open(&at("1.seg"), Open::Existing)?.read_at(&mut bytes, 0)?;
        assert_eq!(&bytes, b"2.seg");
        for gone in ["2.seg", "3.seg", "hint"] {
            let opened = overlay.open(&at(gone), Open::Existing).map_err(|error| error.kind());
            assert_eq!(opened.err(), Some(io::ErrorKind::NotFound), "{gone}");
        }
        assert_eq!(fs::read(at("2.seg"))?, b"2.seg");
        assert!(!at("1.seg.damaged").exists());
        Ok(())
    }
}
