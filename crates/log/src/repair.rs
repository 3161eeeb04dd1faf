//! Makes a damaged segment one that the next strict opening accepts.
//!
//! Every intact record stays where it is, so its checksum and its successor's idea of this file's length stay right;
//! each lost range becomes one filler record. What was lost is at least one whole record, so the filler's header fits.
//! The tombstones among the intact records stay in their order, so what they deleted stays deleted.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    LogError, Result,
    directory::Directory,
    format::{
        ALIGN_BYTES, Kind, Lsn, RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader, flags,
    },
    vfs::{File, Open},
    window::WINDOW_BYTES,
};

/// Replaces the file at `path` by one of `bytes` with this header and fillers over `lost`. The file that was there is
/// kept as `.damaged`. A crash leaves either the one or the other under the old name.
pub(crate) fn rewrite(
    directory: &Directory,
    path: &Path,
    header: &SegmentHeader,
    bytes: u64,
    lost: &[(u64, u64)],
) -> Result<Box<dyn File>> {
    let vfs = directory.vfs();
    let copy_path = with_suffix(path, ".repaired");
    let rewrite = || {
        let copy = vfs.open(&copy_path, Open::OrCreate)?;
        copy_bytes(&*vfs.open(path, Open::Existing)?, &*copy)?;
        copy.set_len(bytes.next_multiple_of(ALIGN_BYTES))?;
        copy.write_all_at(&header.encode(), 0)?;
        for &(from, to) in lost.iter().filter(|&&(from, _)| from < bytes) {
            write_filler(&*copy, header, from, to)?;
        }
        copy.sync_all()?;
        keep_damaged(directory, path)?;
        vfs.rename(&copy_path, path)?;
        directory.sync()?;
        Ok(copy)
    };
    rewrite().map_err(failed(path))
}

/// Makes a segment in place of one that is missing: of the same length, holding nothing.
pub(crate) fn replace_missing(
    directory: &Directory,
    path: &Path,
    header: &SegmentHeader,
    bytes: u64,
) -> Result<Box<dyn File>> {
    let replace = || {
        let file = directory.vfs().open(path, Open::New)?;
        file.set_len(bytes)?;
        file.write_all_at(&header.encode(), 0)?;
        if bytes > SEGMENT_HEADER_BYTES as u64 {
            write_filler(&*file, header, SEGMENT_HEADER_BYTES as u64, bytes)?;
        }
        file.sync_all()?;
        Ok(file)
    };
    replace().map_err(failed(path))
}

fn write_filler(file: &dyn File, header: &SegmentHeader, from: u64, to: u64) -> io::Result<()> {
    let value_len = to.checked_sub(from + RECORD_HEADER_BYTES as u64).map(u32::try_from);
    let Some(Ok(value_len)) = value_len else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("bytes {from} to {to} cannot be covered by a filler record"),
        ));
    };
    let filler = RecordHeader {
        kind: Kind::Filler,
        flags: flags::MOVED,
        key_len: 0,
        value_len,
        lsn: Lsn(0),
        expires_at: 0,
        body_crc: 0,
        durable: 0,
    };
    file.write_all_at(&filler.encode(header.salt(), from), from)
}

/// Gives the file a second name that no later repair takes away.
fn keep_damaged(directory: &Directory, path: &Path) -> io::Result<()> {
    for attempt in 0_u32.. {
        let suffix = if attempt == 0 { ".damaged".to_owned() } else { format!(".damaged.{attempt}") };
        match directory.vfs().hard_link(path, &with_suffix(path, &suffix)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome,
        }
    }
    Ok(())
}

/// Makes `to` hold what `from` holds.
fn copy_bytes(from: &dyn File, to: &dyn File) -> io::Result<()> {
    to.set_len(0)?;
    copy_range(from, to, 0, from.len()?)
}

/// Copies the bytes from `at` to `end` to the same place of a file.
pub(crate) fn copy_range(from: &dyn File, to: &dyn File, mut at: u64, end: u64) -> io::Result<()> {
    let mut buffer =
        vec![0; usize::try_from(end.saturating_sub(at)).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES)];
    while at < end {
        let count = usize::try_from(end - at).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
        from.read_exact_at(&mut buffer[..count], at)?;
        to.write_all_at(&buffer[..count], at)?;
        at += count as u64;
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LogError {
    move |source| LogError::Write { path: path.to_owned(), source: Arc::new(source) }
}
