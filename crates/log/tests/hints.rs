//! Hints make opening faster and change nothing else, whatever becomes of them.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use nuthatch_log::{Batch, Log, LogError, Lsn, Options};
use support::{Content, TWO_BITS_OF_TAG, anchor, content, read_files, scratch, segment, untrimmed};

type Everything = BTreeMap<String, Vec<u8>>;

/// What an opening comes to.
#[derive(Debug, PartialEq)]
struct Opened {
    content: Content,
    records: u64,
    last_lsn: Lsn,
    disk_bytes: u64,
    live_bytes: u64,
}

fn hinted() -> Options {
    untrimmed().hint_bytes_min(0)
}

fn open(dir: &Path, options: &Options) -> Result<Opened, LogError> {
    let (log, recovery) = Log::open(dir, options.clone())?;
    assert_eq!((recovery.torn_bytes, recovery.lost.len(), recovery.keys), (0, 0, log.len()));
    let opened = Opened {
        content: content(&log),
        records: recovery.records,
        last_lsn: log.last_lsn(),
        disk_bytes: log.stats().disk_bytes,
        live_bytes: log.stats().live_bytes,
    };
    Ok(opened)
}

fn read_everything(dir: &Path) -> Everything {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn write_everything(dir: &Path, files: &Everything) {
    fs::read_dir(dir).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
    files.iter().for_each(|(name, bytes)| fs::write(dir.join(name), bytes).unwrap());
}

fn is_hint(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "hint")
}

/// Overwrites, deletes, batches, expiry on both sides of the clock, and a clear, over some segments.
fn write_history(dir: &Path, options: &Options) -> Everything {
    let log = Log::open(dir, options.clone()).unwrap().0;
    log.put(b"cleared", b"away", None).unwrap();
    log.clear().unwrap();
    anchor(&log); // no segment behind it is dropped in the background
    for round in 0..150_u32 {
        let key = |of: u32| [b'k', (round * 7 % of) as u8];
        log.put(
            &key(40),
            &round.to_le_bytes().repeat(10),
            (round % 3 == 0).then_some(u64::from(900 + round)),
        )
        .unwrap();
        if round % 5 == 0 {
            log.delete(&key(30)).unwrap();
        }
        let (one, two) = ([b'b', (round % 9) as u8], round.to_le_bytes());
        let mut batch = Batch::new();
        batch.put(&one, b"1", None).unwrap().delete(&one).unwrap().put(&one, &two, None).unwrap();
        log.append(&batch).unwrap();
    }
    log.close().unwrap();
    read_everything(dir)
}

#[test]
fn a_hint_that_is_missing_cut_or_damaged_changes_nothing() {
    for hash_mask in [u64::MAX, TWO_BITS_OF_TAG] {
        let dir = scratch();
        let options = hinted().hash_mask(hash_mask);
        let files = write_history(dir.path(), &options);
        let hints: Vec<_> = files.keys().filter(|name| is_hint(name)).cloned().collect();
        let segments = files.keys().filter(|name| name.ends_with(".seg")).count();
        assert!(segments >= 4 && hints.len() == segments, "{:?}", files.keys());
        let expected = {
            let without = files.iter().filter(|(name, _)| !is_hint(name));
            write_everything(
                dir.path(),
                &without.map(|(name, bytes)| (name.clone(), bytes.clone())).collect(),
            );
            open(dir.path(), &untrimmed().hash_mask(hash_mask)).unwrap()
        };
        let check = |what: &str, files: &Everything| {
            write_everything(dir.path(), files);
            assert_eq!(open(dir.path(), &options).unwrap(), expected, "{what}");
        };
        check("all", &files);
        for (at, hint) in hints.iter().enumerate() {
            let mut changed = files.clone();
            let bytes = changed.remove(hint).unwrap();
            check("one is missing", &changed);
            for cut in (0..bytes.len()).step_by(13).chain([bytes.len() - 1]) {
                changed.insert(hint.clone(), bytes[..cut].to_vec());
                check("cut", &changed);
            }
            for byte in (at % 7..bytes.len()).step_by(7) {
                let mut flipped = bytes.clone();
                flipped[byte] ^= 1 << (byte % 8);
                changed.insert(hint.clone(), flipped);
                check("flipped", &changed);
            }
            changed.insert(hint.clone(), [&bytes[..], b"more"].concat());
            check("longer", &changed);
            changed.insert(hint.clone(), files[&hints[(at + 1) % hints.len()]].clone());
            check("another segment's", &changed);
            changed.insert(hint.clone(), Vec::new());
            check("empty", &changed);
        }
        // Of another store, of the same history.
        let other = scratch();
        let foreign = write_history(other.path(), &options);
        let mut changed = files.clone();
        changed.extend(foreign.into_iter().filter(|(name, _)| is_hint(name)));
        check("of another store", &changed);
    }
}

/// The hint that closing leaves covers the start of the newest segment; what was appended since is read.
#[test]
fn a_hint_of_the_newest_segment_serves_when_the_segment_has_grown() {
    let dir = scratch();
    let options = hinted().segment_bytes(64 << 10);
    write_history(dir.path(), &options);
    let log = Log::open(dir.path(), options.clone()).unwrap().0;
    log.put(b"kept", b"since", None).unwrap();
    log.delete(b"b\x01").unwrap();
    let meaning = content(&log);
    log.flush().unwrap();
    let killed = read_everything(dir.path()); // before closing writes another hint
    let last_lsn = log.last_lsn();
    log.close().unwrap();
    write_everything(dir.path(), &killed);
    let with_hints = open(dir.path(), &options).unwrap();
    write_everything(dir.path(), &killed);
    let without = open(dir.path(), &untrimmed()).unwrap();
    assert_eq!((&with_hints.content, with_hints.last_lsn), (&meaning, last_lsn));
    assert_eq!(with_hints, without);
}

/// A segment that lost its end and grew again is not the one that was hinted at.
#[test]
fn a_hint_does_not_come_to_fit_again() {
    let dir = scratch();
    let options = hinted().segment_bytes(64 << 10);
    let files = write_history(dir.path(), &options);
    let (hint, newest) = files.iter().rfind(|(name, _)| is_hint(name)).unwrap();
    let path = dir.path().join(hint.replace(".hint", ".seg"));
    let cut = support::record_offsets(&fs::read(&path).unwrap())[20];
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(cut as u64).unwrap();
    let log = Log::open(dir.path(), untrimmed().segment_bytes(64 << 10)).unwrap().0;
    for key in 0..200_u8 {
        log.put(&[b'g', key], &[7; 100], None).unwrap();
    }
    let meaning = content(&log);
    drop(log);
    fs::write(dir.path().join(hint), newest).unwrap();
    assert_eq!(open(dir.path(), &options).unwrap().content, meaning);
}

#[test]
fn a_salvage_reads_everything_and_removes_the_hints() {
    let dir = scratch();
    let files = write_history(dir.path(), &hinted());
    let path = segment(dir.path(), 3);
    let mut bytes = fs::read(&path).unwrap();
    let at = support::record_offsets(&bytes)[3];
    bytes[at + 33] ^= 1;
    fs::write(&path, &bytes).unwrap();
    // With its hint the segment is not read: the damage is found by who reads the record.
    let log = Log::open(dir.path(), hinted()).unwrap().0;
    assert!(log.stats().keys > 0);
    drop(log);
    let (log, recovery) = Log::open(dir.path(), hinted().salvage(true)).unwrap();
    assert_eq!(recovery.lost.len(), 1);
    let salvaged = content(&log);
    drop(log);
    assert_eq!(open(dir.path(), &hinted()).unwrap().content, salvaged);
    assert!(files.len() > 3 && !read_files(dir.path()).is_empty());
}
