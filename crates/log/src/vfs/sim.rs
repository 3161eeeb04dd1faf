//! A file system in memory that knows what a power cut may do to it. For tests, of this crate and of those that stand on it.
//!
//! It keeps two states of everything, that of the disk and that of the page cache, and between them the changes that no sync
//! has settled. It keeps also the list of all changes ever made, so that one run of a history gives every moment of it:
//! [`Sim::moments`] goes through them, and [`Moment::survivor`] makes of each what a power cut there may leave:
//!
//! * of the writes to a sector any number, counted from the first, and each sector for itself: a write is torn at any sector;
//! * of the lengths that the file has had since its sync any one, whatever of the bytes is there;
//! * of the directory's changes any subset: a rename is whole or not at all, and that is all.
//!
//! Nothing here reads a clock or draws a random number but from a seed: the same calls give the same bytes.

use std::{
    ffi::OsString,
    fs::TryLockError,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{File, Open, Vfs};

mod disk;
mod faults;
mod moment;
mod rng;
mod survive;

use disk::{Disk, Op};
use faults::Faults;
pub use moment::{Moment, Moments};
pub use rng::Rng;
pub use survive::Survival;

/// A simulated disk and one process that uses it. Clones are the same process.
#[derive(Clone, Debug, Default)]
pub struct Sim {
    shared: Arc<Mutex<Shared>>,
    /// Which process on the disk this is; earlier ones are dead.
    life: u64,
}

#[derive(Debug, Default)]
struct Shared {
    /// What was there when the list of changes began.
    base: Disk,
    ops: Vec<Op>,
    disk: Disk,
    life: u64,
    locked: Vec<usize>,
    faults: Faults,
}

impl Sim {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn on(disk: Disk) -> Self {
        let shared = Shared { base: disk.clone(), disk, ..Shared::default() };
        Self { shared: Arc::new(Mutex::new(shared)), life: 0 }
    }

    /// How many changes and syncs the disk has seen.
    #[must_use]
    pub fn ops(&self) -> usize {
        self.shared().ops.len()
    }

    /// Every moment of the history so far, before its first change to after its last.
    #[must_use]
    pub fn moments(&self) -> Moments {
        let shared = self.shared();
        Moments::new(shared.base.clone(), shared.ops.clone())
    }

    /// The disk as it is now.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment::new(self.shared().disk.clone())
    }

    /// Kills the process, from now on deaf to the disk, and returns the next one. Nothing is lost but what was never
    /// written, and locks. The disk stays as it is, with its lies and without room; failures that were planned are off.
    #[must_use]
    pub fn kill(&self) -> Self {
        let mut shared = self.shared();
        shared.life += 1;
        shared.locked.clear();
        shared.faults.power_off_at = None;
        shared.faults.fail_sync = None;
        Self { shared: Arc::clone(&self.shared), life: shared.life }
    }

    /// After so many more changes and syncs every call fails, and nothing changes any more.
    pub fn power_off_after(&self, ops: usize) {
        let mut shared = self.shared();
        shared.faults.power_off_at = Some(shared.ops.len() + ops);
    }

    /// Lets the sync after `syncs` more ones fail, of a file or a directory. The changes of a file that it was to settle are
    /// forgotten (some of them reached the disk, by `seed`), and later syncs report success; those of a directory wait for
    /// the next one.
    ///
    /// `evicted`: whether the page cache forgets them too, so that the process reads what is on the disk.
    pub fn fail_sync_after(&self, syncs: usize, seed: u64, evicted: bool) {
        self.shared().faults.fail_sync = Some((syncs, seed, evicted));
    }

    /// The disk takes so many more bytes (`None`: any number). Then writes are cut short and after that refused.
    pub fn set_room(&self, bytes: Option<u64>) {
        let mut shared = self.shared();
        shared.faults.room_to = bytes.map(|bytes| shared.disk.used_bytes() + bytes);
    }

    /// Reads and writes may transfer less than asked for, or be interrupted, by `seed`.
    pub fn transfer_short(&self, seed: u64) {
        self.shared().faults.short = Some(Rng::new(seed));
    }

    /// A lie for negative controls: from now on syncs of files do nothing.
    pub fn neglect_syncs(&self) {
        self.shared().faults.neglect_syncs = true;
    }

    /// A lie for negative controls: from now on syncs of directories do nothing.
    pub fn neglect_dir_syncs(&self) {
        self.shared().faults.neglect_dir_syncs = true;
    }

    /// Lets a byte rot, on the disk and in the page cache.
    ///
    /// # Errors
    ///
    /// `NotFound`, and `InvalidInput` if the file has no such byte.
    pub fn flip(&self, path: &Path, offset: u64, mask: u8) -> io::Result<()> {
        let mut shared = self.shared();
        let node = shared.disk.find(path)?;
        shared.change(Op::Flip { node, at: offset, mask }).map(drop)
    }

    /// The bytes of a file, as a process reads them.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let shared = self.shared();
        let node = shared.disk.find(path)?;
        Ok(shared.disk.file(node)?.bytes().to_vec())
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if this process is dead or the power is off.
    fn alive(&self) -> io::Result<MutexGuard<'_, Shared>> {
        let shared = self.shared();
        if shared.life != self.life {
            return Err(io::Error::other("the process was killed"));
        }
        shared.faults.check_power(shared.ops.len())?;
        Ok(shared)
    }
}

impl Shared {
    fn change(&mut self, op: Op) -> io::Result<Option<usize>> {
        let node = self.disk.apply(&op)?;
        self.ops.push(op);
        Ok(node)
    }
}

impl Vfs for Sim {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn File>> {
        let mut shared = self.alive()?;
        let node = match (shared.disk.find(path), how) {
            (Ok(_), Open::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Ok(node), _) => node,
            (Err(error), Open::OrCreate | Open::New) if error.kind() == io::ErrorKind::NotFound => {
                shared.change(Op::Create(path.to_owned()))?.ok_or(io::ErrorKind::NotFound)?
            }
            (Err(error), _) => return Err(error),
        };
        shared.disk.file(node)?;
        Ok(Box::new(SimFile { sim: self.clone(), node, locked: AtomicBool::new(false) }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.alive()?.change(Op::CreateDir(path.to_owned())).map(drop)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        let shared = self.alive()?;
        let node = shared.disk.find(dir)?;
        Ok(shared.disk.dir(node)?.names().cloned().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.alive()?.change(Op::Rename(from.to_owned(), to.to_owned())).map(drop)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.alive()?.change(Op::Link(from.to_owned(), to.to_owned())).map(drop)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.alive()?.change(Op::Remove(path.to_owned())).map(drop)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut shared = self.alive()?;
        let node = shared.disk.find(dir)?;
        shared.disk.dir(node)?;
        if shared.faults.neglect_dir_syncs {
            return Ok(());
        }
        shared.sync(node)
    }
}

#[derive(Debug)]
struct SimFile {
    sim: Sim,
    node: usize,
    locked: AtomicBool,
}

impl File for SimFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut shared = self.sim.alive()?;
        let count = shared.faults.transfer(bytes.len())?;
        Ok(shared.disk.file(self.node)?.read(&mut bytes[..count], offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut shared = self.sim.alive()?;
        let count = shared.faults.transfer(bytes.len())?;
        let count = shared.room_for(self.node, offset, count)?;
        if count > 0 {
            shared.change(Op::Write { node: self.node, at: offset, bytes: bytes[..count].into() })?;
        }
        Ok(count)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.sim.alive()?.disk.file(self.node)?.bytes().len() as u64)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.sim.alive()?.change(Op::Len { node: self.node, bytes, room: false }).map(drop)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut shared = self.sim.alive()?;
        let whole = usize::try_from(bytes).map_err(io::Error::other)?;
        if shared.room_for(self.node, 0, whole)? < whole {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let bytes = bytes.max(shared.disk.file(self.node)?.bytes().len() as u64);
        shared.change(Op::Len { node: self.node, bytes, room: true }).map(drop)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut shared = self.sim.alive()?;
        if shared.faults.neglect_syncs {
            return Ok(());
        }
        shared.sync(self.node)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn try_lock(&self) -> Result<(), TryLockError> {
        let mut shared = self.sim.alive().map_err(TryLockError::Error)?;
        if !self.locked.load(Ordering::Relaxed) {
            if shared.locked.contains(&self.node) {
                return Err(TryLockError::WouldBlock);
            }
            shared.locked.push(self.node);
            self.locked.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn unlock(&self) -> io::Result<()> {
        let mut shared = self.sim.alive()?;
        if self.locked.swap(false, Ordering::Relaxed) {
            shared.locked.retain(|&node| node != self.node);
        }
        Ok(())
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let _ = self.unlock();
    }
}
