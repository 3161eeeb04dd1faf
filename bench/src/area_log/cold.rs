//! Files whose pages the system has forgotten.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::Context;
use rustix::fs::{Advice, fadvise};

/// Has the system write back and forget the cached pages of every file in `folder` and below: `fsync`, then
/// `posix_fadvise(DONTNEED)`. How well that worked, the bytes tell that come from the disk afterwards.
pub(super) fn drop_cached_pages(folder: &Path) -> anyhow::Result<()> {
    let listed = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in listed {
        let path = entry?.path();
        if path.is_dir() {
            drop_cached_pages(&path)?;
            continue;
        }
        // A store may delete a file meanwhile.
        let Ok(file) = File::open(&path) else { continue };
        file.sync_all()?;
        fadvise(&file, 0, None, Advice::DontNeed)
            .with_context(|| format!("cannot drop {} from the page cache", path.display()))?;
    }
    Ok(())
}
