//! When hints are written, read and removed.
//!
//! A sealed segment gets one from the trimming thread; closing adds those that are missing, the newest segment's included, whose hint
//! then covers what was there. Nothing waits for a hint to be on disk, and nobody is told if it cannot be written. A segment that is short
//! has none: to read it takes no longer.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{
    Result, directory::Directory, engine::Engine, format::SegmentHeader, hint::Hint, judge::Source,
    keydir::Keydir, locks::lock, segment::Segment, vfs::Open,
};

/// How many bytes of each segment, by id, its hint covers.
#[derive(Debug, Default)]
pub(crate) struct Hinted(Mutex<BTreeMap<u32, u64>>);

impl Hinted {
    pub(crate) fn new(hinted: BTreeMap<u32, u64>) -> Self {
        Self(Mutex::new(hinted))
    }
}

impl Engine {
    /// Writes the hints that are missing of all segments that are on disk, but for the newest unless `newest`. Failing is
    /// nobody's loss.
    pub(crate) fn write_hints(&self, newest: bool) {
        let _alone = lock(&self.trimming);
        let active = lock(&self.tail).active.id;
        let segments = self.segments.all();
        let ids: Vec<u32> = segments.iter().map(|segment| segment.id).collect();
        lock(&self.hinted.0).retain(|id, _| ids.contains(id));
        for segment in segments {
            // Synced, so that no hint outlives what it speaks of; whole, so that it ends where a batch does.
            let bytes = segment.written_bytes();
            let wanted = bytes >= self.options.hint_bytes_min
                && (segment.id != active || newest)
                && lock(&self.hinted.0).get(&segment.id) != Some(&bytes);
            if wanted && !self.poisoned() && self.write_hint(&segment, bytes).is_ok_and(|written| written) {
                lock(&self.hinted.0).insert(segment.id, bytes);
            }
            if self.stopping() && !newest {
                return;
            }
        }
    }

    fn write_hint(&self, segment: &Arc<Segment>, bytes: u64) -> Result<bool> {
        let source = Source::of(segment)?;
        let Some(hint) = Hint::build(&self.keydir, &source, &segment.header, bytes)? else {
            return Ok(false);
        };
        let path = self.directory.hint_path(segment.number());
        let write = || {
            let file = self.directory.vfs().open(&path, Open::OrCreate)?;
            file.set_len(0)?;
            file.write_all_at(&hint.encode(), 0)
        };
        Ok(write().is_ok())
    }

    fn poisoned(&self) -> bool {
        self.poison.check().is_err()
    }
}

/// The hint of a segment of which `bytes` are there, if it has one that fits. One that does not is removed: it must not come to
/// fit later.
pub(crate) fn read(
    directory: &Directory,
    keydir: &Keydir,
    source: &Source<'_>,
    segment: &SegmentHeader,
    bytes: u64,
) -> Result<Option<Hint>> {
    let path = directory.hint_path(segment.number);
    let Some(hint) = read_file(directory, &path) else {
        return Ok(None);
    };
    let hint = Hint::decode(hint);
    if let Some(hint) = hint
        && hint.fits(keydir, source, segment, bytes)?
    {
        return Ok(Some(hint));
    }
    let _ = directory.vfs().remove(&path);
    Ok(None)
}

/// `None` if there is no such file, or it cannot be read.
fn read_file(directory: &Directory, path: &Path) -> Option<Vec<u8>> {
    let file = directory.vfs().open(path, Open::Existing).ok()?;
    let mut bytes = vec![0; usize::try_from(file.len().ok()?).ok()?];
    file.read_exact_at(&mut bytes, 0).ok()?;
    Some(bytes)
}
