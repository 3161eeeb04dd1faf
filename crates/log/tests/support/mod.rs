//! What the tests share: small logs, their content as a map, and their files as bytes.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]
#![allow(clippy::allow_attributes, reason = "whether the above fire depends on the test")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use nuthatch_log::{Log, Options, Recovery, SyncMode};

/// Key to value and expiry.
pub(crate) type Content = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>;

/// File name to bytes, of all segments.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The smallest segments there are, so that little data makes many; a clock that stands still at 1000.
pub(crate) fn options() -> Options {
    Options::new().segment_bytes(4096).sync(SyncMode::Never).clock(|| 1000)
}

/// As `options`, and after `anchor` nothing is trimmed in a short history.
pub(crate) fn untrimmed() -> Options {
    options().dead_percent_max(90)
}

/// A mask of hashes that leaves one shard and four tags.
pub(crate) const TWO_BITS_OF_TAG: u64 = 3 << 50;

/// A directory in memory if the system has one: the exhaustive tests open thousands of logs, and would do little else
/// than wait for syncs whose effect they cannot see.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn open(dir: &Path) -> (Log, Recovery) {
    Log::open(dir, options()).unwrap()
}

/// Writes a value that stays, so that the first segment always holds something that counts.
pub(crate) fn anchor(log: &Log) {
    log.put(b"anchor", &[7; 1500], None).unwrap();
}

pub(crate) fn value(log: &Log, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    log.get(key.as_ref()).unwrap().map(|entry| entry.value)
}

/// Everything in the log, by a scan and a get of each key.
pub(crate) fn content(log: &Log) -> Content {
    let mut content = Content::new();
    let mut cursor = 0;
    loop {
        let (next, keys) = log.scan(cursor, 10).unwrap();
        for key in keys {
            // Trimming may have dropped it since, if it has expired.
            if let Some(entry) = log.get(&key).unwrap() {
                content.insert(key.into(), (entry.value, entry.expires_at));
            }
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    content
}

pub(crate) fn segment(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:010}.seg"))
}

pub(crate) fn read_files(dir: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            files.insert(path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Makes `dir` hold these segments and nothing else.
pub(crate) fn write_files(dir: &Path, files: &Files) {
    for entry in fs::read_dir(dir).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).unwrap();
    }
}

/// As `write_files`, with one file changed. Not by writing it twice: ext4 syncs a file that is cut and written again.
pub(crate) fn write_files_but(dir: &Path, files: &Files, name: &str, bytes: &[u8]) {
    let mut files = files.clone();
    files.insert(name.to_owned(), bytes.to_owned());
    write_files(dir, &files);
}

/// What the mark of a clean end takes.
pub(crate) const MARK_BYTES: usize = 32;

/// Lengths of key and value of the record at `at`.
pub(crate) fn lengths(bytes: &[u8], at: usize) -> (usize, usize) {
    let key = u16::from_le_bytes([bytes[at + 12], bytes[at + 13]]);
    let value = u32::from_le_bytes(bytes[at + 14..at + 18].try_into().unwrap());
    (key as usize, value as usize)
}

/// Offsets at which the records of a segment begin, and its end. Reads lengths only.
pub(crate) fn record_offsets(bytes: &[u8]) -> Vec<usize> {
    let (mut at, mut offsets) = (64, Vec::new());
    while at < bytes.len() {
        offsets.push(at);
        let (key, value) = lengths(bytes, at);
        at += (32 + key + value).next_multiple_of(8);
    }
    assert_eq!(at, bytes.len());
    offsets.push(at);
    offsets
}
