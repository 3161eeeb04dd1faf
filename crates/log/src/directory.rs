//! The log's directory: who may use it, which segments it holds, and when its entries are on disk.

use std::{
    ffi::OsString,
    fs::TryLockError,
    io,
    path::{Path, PathBuf},
    process,
    sync::Arc,
};

use crate::{
    LogError, Result,
    vfs::{File, Open, Vfs},
};

#[derive(Debug)]
pub(crate) struct Directory {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
}

/// The right to use a directory, held by this process alone until dropped.
///
/// The file itself stays: to delete it would let two processes each lock a file of their own.
#[derive(Debug)]
pub(crate) struct Lock {
    file: Box<dyn File>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do, but for a child process that is just being started by another thread: until it runs
        // its own program it has a copy of every open file, and with it the lock.
        let _ = self.file.unlock();
    }
}

impl Directory {
    /// Makes the directory if there is none, and locks it.
    pub(crate) fn open(vfs: Arc<dyn Vfs>, path: &Path) -> Result<(Self, Lock)> {
        let refused = |source| LogError::Directory { path: path.to_owned(), source };
        create(&*vfs, path).map_err(refused)?;
        let lock = lock(&*vfs, path)?;
        Ok((Self { vfs, path: path.to_owned() }, lock))
    }

    pub(crate) fn vfs(&self) -> &dyn Vfs {
        &*self.vfs
    }

    pub(crate) fn segment_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:010}.seg"))
    }

    /// Where a rewritten segment is until it is complete.
    pub(crate) fn hint_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:010}.hint"))
    }

    /// Deletes a segment and, if it has one, its hint.
    pub(crate) fn remove_segment(&self, path: &Path) -> Result<()> {
        let _ = self.vfs.remove(&path.with_extension("hint")); // one that stays fits no segment
        self.remove(path)
    }

    /// Deletes all hints.
    pub(crate) fn remove_hints(&self) -> Result<()> {
        for number in self.numbers(".hint")? {
            self.remove(&self.hint_path(number))?;
        }
        self.sync().map_err(|source| LogError::Directory { path: self.path.clone(), source })
    }

    pub(crate) fn compacting_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:010}.seg.compacting"))
    }

    /// Deletes rewritten segments that a crash or a stop kept from becoming complete.
    pub(crate) fn remove_incomplete(&self) -> Result<()> {
        let refused = |source| LogError::Directory { path: self.path.clone(), source };
        for name in self.vfs.list(&self.path).map_err(refused)? {
            if Path::new(&name).extension().is_some_and(|extension| extension == "compacting") {
                self.remove(&self.path.join(name))?;
            }
        }
        Ok(())
    }

    /// Puts created, renamed and deleted entries on disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.vfs.sync_dir(&self.path)
    }

    /// Deletes a file of this directory.
    pub(crate) fn remove(&self, path: &Path) -> Result<()> {
        self.vfs.remove(path).map_err(|source| LogError::Directory { path: path.to_owned(), source })
    }

    /// The numbers of the segments, ascending. Files with other names are left alone.
    pub(crate) fn segment_numbers(&self) -> Result<Vec<u32>> {
        self.numbers(".seg")
    }

    fn numbers(&self, extension: &str) -> Result<Vec<u32>> {
        let refused = |source| LogError::Directory { path: self.path.clone(), source };
        let names = self.vfs.list(&self.path).map_err(refused)?;
        let number = |name: &OsString| name.to_str().and_then(|name| numbered(name, extension));
        let mut numbers: Vec<_> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Makes the directory and those above it, and puts their entries on disk: a synced segment in a directory that a power
/// cut takes away is lost all the same.
fn create(vfs: &dyn Vfs, path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return vfs.list(path).map(drop),
    };
    let made = match vfs.create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(vfs, parent)?;
            vfs.create_dir(path)
        }
        made => made,
    };
    match made {
        Ok(()) => vfs.sync_dir(parent),
        // Whatever the system says to making a directory that is there, or cannot be made: if it can be listed, fine.
        Err(error) => vfs.list(path).map(drop).map_err(|listing| match error.kind() {
            io::ErrorKind::AlreadyExists => listing,
            _ => error,
        }),
    }
}

fn numbered(name: &str, extension: &str) -> Option<u32> {
    let digits = name.strip_suffix(extension)?;
    if digits.len() != 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&number| number > 0)
}

/// Takes the lock and writes our pid into it, for the message to who comes second.
fn lock(vfs: &dyn Vfs, dir: &Path) -> Result<Lock> {
    let path = dir.join("LOCK");
    let refused = |source| LogError::Directory { path: path.clone(), source };
    let file = vfs.open(&path, Open::OrCreate).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LogError::Locked { dir: dir.to_owned(), pid: holder(&*file) });
        }
        Err(TryLockError::Error(source)) => return Err(refused(source)),
    }
    let pid = format!("{}\n", process::id());
    file.set_len(0).and_then(|()| file.write_all_at(pid.as_bytes(), 0)).map_err(refused)?;
    Ok(Lock { file })
}

fn holder(file: &dyn File) -> Option<u32> {
    let mut text = [0; 16];
    let read = file.read_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text[..read]).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ten_digits_and_seg_name_a_segment() {
        assert_eq!(numbered("0000000012.seg", ".seg"), Some(12));
        for name in
            ["0000000000.seg", "12.seg", "+000000012.seg", "0000000012.seg.damaged", "LOCK", "9999999999.seg"]
        {
            assert_eq!(numbered(name, ".seg"), None, "{name}");
        }
    }
}
