//! The file system as the log sees it: a small seam, so that tests can put a disk under the log that fails, fills up and
//! loses power on request.
//!
//! Two types implement it: [`Os`], the operating system, and with the feature `simulated` a file system in memory that
//! knows what a power cut may do to it. The whole crate goes through it; nothing else of it touches a file.
//!
//! # What survives a power cut
//!
//! | after | on disk for sure |
//! |---|---|
//! | [`File::write_at`], [`File::set_len`], [`File::allocate`] | nothing: each sector of each write, and the length, may or may not be there |
//! | [`File::sync_data`] | bytes, and as much of the length as is needed to read them; not the file's name |
//! | [`File::sync_all`] | bytes, length and all else that belongs to the file; not its name |
//! | [`Vfs::open`] that made the file, [`Vfs::create_dir`], [`Vfs::rename`], [`Vfs::hard_link`], [`Vfs::remove`] | nothing: the name may be the old or the new one |
//! | [`Vfs::sync_dir`] | the names in that directory; not the bytes of the files |
//!
//! A process that dies loses none of these; only what it never handed over.
//!
//! **A sync that failed says nothing about the bytes, then or later.** Linux may drop the pages that it could not write and
//! report success the next time (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020). So a file
//! whose sync failed takes no more writes.

use std::{ffi::OsString, fmt, fs::TryLockError, io, path::Path};

mod os;
#[cfg(feature = "simulated")]
pub mod sim;

pub use os::Os;

/// Names and files. All calls block; any number of threads may make them.
pub trait Vfs: fmt::Debug + Send + Sync {
    /// Opens a file for reading and writing at any offset.
    ///
    /// # Errors
    ///
    /// `NotFound` or `AlreadyExists`, as `how` says; what the system says.
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn File>>;

    /// Makes a directory in one that exists.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if the name is taken by whatever; `NotFound` if there is no such parent.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    ///
    /// # Errors
    ///
    /// `NotFound`, `NotADirectory`; what the system says.
    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>>;

    /// Gives a file another name, whose holder, if there is one, loses it in the same moment: also a power cut leaves
    /// either the one or the other under that name.
    ///
    /// # Errors
    ///
    /// `NotFound`; what the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`, `NotFound`; what the system says, for example that it knows no such links.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a file's name away. Who has it open goes on reading and writing it.
    ///
    /// # Errors
    ///
    /// `NotFound`; what the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Puts on disk which names the directory holds.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file, closed when dropped. Offsets are given with each call, so threads do not disturb each other.
#[expect(clippy::len_without_is_empty, reason = "a file that nobody asks whether it is empty")]
pub trait File: fmt::Debug + Send + Sync {
    /// Reads at `offset` and returns how many bytes it read: fewer than asked for at any time, 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at `offset`, and returns how many bytes it wrote: perhaps fewer than given. Beyond the end the file grows;
    /// what is left out reads as zeros.
    ///
    /// # Errors
    ///
    /// What the system says. Some of the bytes may be written all the same.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// The file's length in bytes.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn len(&self) -> io::Result<u64>;

    /// Cuts the file, or makes it longer by zeros that take no room on the disk.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Takes room on the disk for the first `bytes` and makes the file at least as long. New bytes read as zeros; those
    /// that are there stay. Where the system cannot take room, only the length changes.
    ///
    /// # Errors
    ///
    /// `StorageFull`; what the system says.
    fn allocate(&self, bytes: u64) -> io::Result<()>;

    /// Puts on disk what was written before the call, by whomever, and the length that reading it takes.
    ///
    /// # Errors
    ///
    /// What the system says; see the [module's text](self) for what is then known: nothing.
    fn sync_data(&self) -> io::Result<()>;

    /// As [`sync_data`](Self::sync_data), and all else that belongs to the file.
    ///
    /// # Errors
    ///
    /// Those of [`sync_data`](Self::sync_data).
    fn sync_all(&self) -> io::Result<()>;

    /// Locks the file against every other opening of it, in this process and others, until [`unlock`](Self::unlock) or
    /// until the process ends.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it is locked; what the system says.
    fn try_lock(&self) -> Result<(), TryLockError>;

    /// Gives the lock up.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn unlock(&self) -> io::Result<()>;

    /// Reads until `bytes` is full.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the file ends before; those of [`read_at`](Self::read_at).
    fn read_exact_at(&self, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.read_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    bytes = &mut bytes[read..];
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// `WriteZero` if the system takes no more; those of [`write_at`](Self::write_at). Some of the bytes may be written.
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether [`Vfs::open`] makes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It must be there.
    Existing,
    /// It is made if it is not there.
    OrCreate,
    /// It must not be there.
    New,
}
