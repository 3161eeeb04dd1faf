//! The log's directory: who may use it, which segments it holds, and when its entries are on disk.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process,
};

use crate::{LogError, Result};

#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Open for fsync.
    handle: File,
}

/// The right to use a directory, held by this process alone until dropped.
///
/// The file itself stays: to delete it would let two processes each lock a file of their own.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
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
    pub(crate) fn open(path: &Path) -> Result<(Self, Lock)> {
        let refused = |source| LogError::Directory { path: path.to_owned(), source };
        create(path).map_err(refused)?;
        let lock = lock(path)?;
        let handle = File::open(path).map_err(refused)?;
        let directory = Self { path: path.to_owned(), handle };
        Ok((directory, lock))
    }

    pub(crate) fn segment_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:010}.seg"))
    }

    /// Puts created, renamed and deleted entries on disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }

    /// The numbers of the segments, ascending. Files with other names are left alone.
    pub(crate) fn segment_numbers(&self) -> Result<Vec<u32>> {
        let refused = |source| LogError::Directory { path: self.path.clone(), source };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(refused)? {
            let name = entry.map_err(refused)?.file_name();
            numbers.extend(name.to_str().and_then(segment_number));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Makes the directory and those above it, and puts their entries on disk: a synced segment in a directory that a power
/// cut takes away is lost all the same.
fn create(path: &Path) -> io::Result<()> {
    let missing: Vec<_> =
        path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    fs::create_dir_all(path)?;
    for made in missing {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".seg")?;
    if digits.len() != 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&number| number > 0)
}

/// Takes the lock and writes our pid into it, for the message to who comes second.
fn lock(dir: &Path) -> Result<Lock> {
    let path = dir.join("LOCK");
    let refused = |source| LogError::Directory { path: path.clone(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LogError::Locked { dir: dir.to_owned(), pid: holder(&mut file) });
        }
        Err(TryLockError::Error(source)) => return Err(refused(source)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", process::id())).map_err(refused)?;
    Ok(Lock { file })
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ten_digits_and_seg_name_a_segment() {
        assert_eq!(segment_number("0000000012.seg"), Some(12));
        for name in
            ["0000000000.seg", "12.seg", "+000000012.seg", "0000000012.seg.damaged", "LOCK", "9999999999.seg"]
        {
            assert_eq!(segment_number(name), None, "{name}");
        }
    }
}
