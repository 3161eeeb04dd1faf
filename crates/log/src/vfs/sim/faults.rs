//! What is wrong with the disk.

use std::io;

use super::{Shared, disk::Op, rng::Rng};

#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The number of changes after which the power is off.
    pub(super) power_off_at: Option<usize>,
    /// Successful syncs still to come, the seed of what the failing one loses, and whether the page cache loses it too.
    pub(super) fail_sync: Option<(usize, u64, bool)>,
    /// Bytes that all files together may take.
    pub(super) room_to: Option<u64>,
    pub(super) short: Option<Rng>,
    pub(super) neglect_syncs: bool,
    pub(super) neglect_dir_syncs: bool,
}

impl Faults {
    pub(super) fn check_power(&self, ops: usize) -> io::Result<()> {
        if self.power_off_at.is_some_and(|at| ops >= at) {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    /// How many of `bytes` a read or write gets to.
    pub(super) fn transfer(&mut self, bytes: usize) -> io::Result<usize> {
        let Some(rng) = self.short.as_mut().filter(|_| bytes > 0) else {
            return Ok(bytes);
        };
        match rng.below(8) {
            0 => Err(io::ErrorKind::Interrupted.into()),
            1..4 => Ok(1 + rng.below(bytes)),
            _ => Ok(bytes),
        }
    }
}

impl Shared {
    /// How many of `count` bytes at `offset` the disk has room for.
    pub(super) fn room_for(&self, node: usize, offset: u64, count: usize) -> io::Result<usize> {
        let Some(room_to) = self.faults.room_to else {
            return Ok(count);
        };
        // Everything up to the farthest byte ever written or allocated counts, holes included: simple, and on the safe side.
        let taken = self.disk.file(node)?.taken_bytes();
        let end = taken + room_to.saturating_sub(self.disk.used_bytes());
        let fits = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX).min(count);
        if fits == 0 && count > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(fits)
    }

    pub(super) fn sync(&mut self, node: usize) -> io::Result<()> {
        if let Some((after, seed, evicted)) = self.faults.fail_sync {
            self.faults.fail_sync = after.checked_sub(1).map(|after| (after, seed, evicted));
            if after == 0 {
                self.change(Op::FailSync { node, seed, evicted })?;
                return Err(io::Error::other("input/output error"));
            }
        }
        self.change(Op::Sync(node)).map(drop)
    }
}
