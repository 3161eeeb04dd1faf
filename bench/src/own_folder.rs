//! Where benchmarks keep their files.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustix::fs::statfs;

/// Where this program lies: its siblings were built with it, and its disk is a real one where that of temporary files
/// may be memory, on which a sync costs nothing.
pub(crate) fn own_folder() -> anyhow::Result<PathBuf> {
    let program = env::current_exe().context("cannot tell where this program lies")?;
    let folder = program.parent().context("this program lies nowhere")?;
    Ok(folder.to_owned())
}

/// What `statfs` calls file systems that are memory: tmpfs and ramfs.
const MEMORY_FILE_SYSTEMS: [u64; 2] = [0x0102_1994, 0x8584_58f6];
const KNOWN_FILE_SYSTEMS: [(u64, &str); 5] = [
    (0xef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x794c_7630, "overlayfs"),
    (0x2fc1_2fc1, "zfs"),
];

/// The kind of file system that `folder` lies on.
///
/// # Errors
///
/// It is memory, where durable costs nothing and a benchmark of it would mean nothing.
pub(crate) fn real_file_system(folder: &Path) -> anyhow::Result<String> {
    let kind =
        statfs(folder).with_context(|| format!("cannot tell the file system of {}", folder.display()))?;
    let kind = u64::try_from(kind.f_type).unwrap_or_default();
    if MEMORY_FILE_SYSTEMS.contains(&kind) {
        bail!("{} is memory, not a disk; build into a folder on a disk (CARGO_TARGET_DIR)", folder.display());
    }
    let known = KNOWN_FILE_SYSTEMS.iter().find(|(number, _)| *number == kind);
    Ok(known.map_or_else(|| format!("a file system of kind {kind:#x}"), |(_, name)| (*name).to_owned()))
}
