//! Snapshots in files: a file under the name is always a whole one.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, Hash},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::{Restored, Saved, SnapshotError};
use crate::Cache;

/// Names tried for the file that is written first: others may be writing beside us, or may have been killed while they did.
const NAMES: u32 = 1000;

impl<K, V, S> Cache<K, V, S> {
    /// Writes a [snapshot](Self::snapshot) to the file at `path`, in place of the one that is there.
    ///
    /// It is written to a new file beside it, synced and then renamed: a crash at any moment, or an error, leaves the old
    /// snapshot or the new one under this name, whole. A process that is killed meanwhile leaves the other file behind, its
    /// name that of the snapshot with `.partial` and a number.
    ///
    /// # Errors
    ///
    /// If the operating system refuses; the error says what, and with which file.
    pub fn snapshot_to(
        &self,
        path: impl AsRef<Path>,
        encode: impl FnMut(&K, &V, &mut Vec<u8>),
    ) -> Result<Saved, SnapshotError>
    where
        K: Clone,
        V: Clone,
    {
        let path = path.as_ref();
        let (mut file, partial) = Partial::create(path)?;
        let saved = self.snapshot(&mut file, encode)?;
        file.sync_all().map_err(refused("sync", &partial.0))?;
        drop(file);
        fs::rename(&partial.0, path).map_err(refused("rename", &partial.0))?;
        std::mem::forget(partial);
        sync_folder(path)?;
        Ok(saved)
    }

    /// [Restores](Self::restore) the snapshot in the file at `path`.
    ///
    /// # Errors
    ///
    /// If there is no such file ([`SnapshotError::File`]), or as [`restore`](Self::restore).
    pub fn restore_from(
        &self,
        path: impl AsRef<Path>,
        decode: impl FnMut(&[u8]) -> Option<(K, V)>,
    ) -> Result<Restored, SnapshotError>
    where
        K: Hash + Eq,
        S: BuildHasher,
    {
        let path = path.as_ref();
        let file = File::open(path).map_err(refused("open", path))?;
        self.restore(&mut BufReader::new(file), decode)
    }
}

/// A file that is removed unless it is forgotten.
struct Partial(PathBuf);

impl Partial {
    fn create(path: &Path) -> Result<(File, Self), SnapshotError> {
        let mut number = 0;
        loop {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".partial{number}"));
            let beside = PathBuf::from(name);
            match OpenOptions::new().write(true).create_new(true).open(&beside) {
                Ok(file) => return Ok((file, Self(beside))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < NAMES => number += 1,
                Err(error) => return Err(refused("create", &beside)(error)),
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // the error that brought us here says more
    }
}

fn refused(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SnapshotError {
    move |source| SnapshotError::File { attempt, path: path.to_owned(), source }
}

/// The new name lasts only once the folder is synced. Where folders cannot be opened, the system sees to it.
fn sync_folder(path: &Path) -> Result<(), SnapshotError> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused("sync", folder))
}
