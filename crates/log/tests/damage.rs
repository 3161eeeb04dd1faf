//! No flipped byte ever yields a wrong value: it is the right one, or an error, or, in what the newest segment holds behind
//! its last claim to be on disk, counts as cut short.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
};

use nuthatch_log::{Batch, Log, LogError};
use support::{
    Content, MARK_BYTES, anchor, content, lengths, read_files, record_offsets, scratch, segment, untrimmed,
    write_files, write_files_but,
};

/// Overwrites, deletes and batches over three segments. Returns the content before and after the last batch.
fn write_history(dir: &Path) -> [Content; 2] {
    let log = Log::open(dir, untrimmed()).unwrap().0;
    anchor(&log);
    let mut state = content(&log);
    let mut before = Content::new();
    for round in 0..58_u32 {
        let keys = [[b'a', (round % 11) as u8], [b'b', (round % 5) as u8]];
        let value = vec![round as u8; 90];
        let mut batch = Batch::new();
        before.clone_from(&state);
        for key in &keys[..1 + round as usize % 2] {
            if round % 4 == 3 {
                batch.delete(key).unwrap();
                state.remove(&key[..]);
            } else {
                batch.put(key, &value, None).unwrap();
                state.insert(key.to_vec(), (value.clone(), None));
            }
        }
        log.append(&batch).unwrap();
    }
    assert_eq!(log.stats().segments, 3);
    log.close().unwrap();
    [before, state]
}

/// Every value that each key ever had.
fn ever_written(files: &support::Files) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let mut ever = BTreeMap::<_, BTreeSet<_>>::new();
    for bytes in files.values() {
        for &at in record_offsets(bytes).split_last().unwrap().1 {
            let (key, value) = lengths(bytes, at);
            let (key, value) = bytes[at + 32..at + 32 + key + value].split_at(key);
            ever.entry(key.to_vec()).or_default().insert(value.to_vec());
        }
    }
    ever
}

/// Whether this byte is one that fills a record up to the next multiple of 8.
fn is_padding(bytes: &[u8], at: usize) -> bool {
    let offsets = record_offsets(bytes);
    let record = offsets[..offsets.len() - 1].iter().rfind(|&&record| record <= at);
    record.is_some_and(|&record| {
        let (key, value) = lengths(bytes, record);
        at >= record + 32 + key + value
    })
}

#[test]
fn a_flipped_byte_anywhere_is_refused_or_harmless() {
    let dir = scratch();
    let [_, after] = write_history(dir.path());
    let files = read_files(dir.path());
    let (newest, newest_bytes) = files.last_key_value().unwrap();
    let mark = newest_bytes.len() - MARK_BYTES;
    let (mut refused, mut harmless) = (0, 0);
    for (name, bytes) in &files {
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            write_files_but(dir.path(), &files, name, &flipped);
            match Log::open(dir.path(), untrimmed()) {
                Err(LogError::Damaged { path, offset }) => {
                    assert!(path.ends_with(name), "flip in {name} at {at} is blamed on {}", path.display());
                    assert!(offset <= at as u64, "flip in {name} at {at}: {offset} is behind it");
                    assert_eq!(fs::read(&path).unwrap(), flipped, "a refusal must change nothing");
                    refused += 1;
                }
                Err(error) => unreachable!("flip in {name} at {at}: {error}"),
                Ok((log, recovery)) => {
                    let in_mark = name == newest && at >= mark;
                    assert!(in_mark || is_padding(bytes, at), "flip in {name} at {at} went unseen");
                    assert_eq!(recovery.torn_bytes > 0, in_mark);
                    assert_eq!(content(&log), after);
                    harmless += 1;
                }
            }
        }
    }
    assert!(refused > 9000 && harmless > MARK_BYTES, "{refused} {harmless}");
    write_files(dir.path(), &files);
    assert_eq!(content(&Log::open(dir.path(), untrimmed()).unwrap().0), after);
}

/// Without the mark of a clean end, what a later write found on disk is still vouched for, and only that.
#[test]
fn a_flipped_byte_before_the_last_sync_is_refused_and_behind_it_a_torn_tail() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    let batch = |key: &[u8]| {
        log.put(key, &[7; 40], None).unwrap();
        log.commit(log.last_lsn()).unwrap();
    };
    batch(b"synced");
    log.flush().unwrap();
    batch(b"written");
    batch(b"written too");
    log.close().unwrap();
    let mut files = read_files(dir.path());
    let (name, mut bytes) = files.pop_first().unwrap();
    bytes.truncate(bytes.len() - MARK_BYTES);
    let unsynced = record_offsets(&bytes)[1];
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        write_files_but(dir.path(), &files, &name, &flipped);
        match Log::open(dir.path(), untrimmed()) {
            Err(LogError::Damaged { .. }) => assert!(at < unsynced, "flip at {at}"),
            Err(error) => unreachable!("flip at {at}: {error}"),
            Ok(_) if is_padding(&bytes, at) => {}
            Ok((log, recovery)) => {
                assert!(at >= unsynced && recovery.torn_bytes > 0, "flip at {at}");
                assert!(log.contains(b"synced").unwrap() && !log.contains(b"written too").unwrap());
            }
        }
    }
}

/// The files rot under a log that is open: its reads trust nothing that was checked before.
#[test]
fn whatever_byte_rots_under_an_open_log_a_read_gives_the_right_value_or_an_error() {
    let dir = scratch();
    let [_, after] = write_history(dir.path());
    let files = read_files(dir.path());
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    // Those that were deleted or never there, too.
    let keys = (0..11).map(|n| vec![b'a', n]).chain((0..5).map(|n| vec![b'b', n]));
    let keys = keys.chain([b"anchor".to_vec(), b"never".to_vec()]).collect::<Vec<Vec<u8>>>();
    let mut refused = BTreeMap::<&[u8], usize>::new();
    for (name, bytes) in &files {
        let file = OpenOptions::new().write(true).open(dir.path().join(name)).unwrap();
        for at in 0..bytes.len() {
            file.write_all_at(&[bytes[at] ^ (1 << (at % 8))], at as u64).unwrap();
            for key in &keys {
                match log.get(key) {
                    Ok(found) => {
                        let expected = after.get(key).map(|(value, _)| value);
                        let found = found.map(|entry| entry.value);
                        assert_eq!(found.as_ref(), expected, "flip in {name} at {at}: {key:?}");
                    }
                    Err(LogError::Damaged { path, offset }) => {
                        assert!(
                            path.ends_with(name) && offset <= at as u64,
                            "flip in {name} at {at}: {key:?}"
                        );
                        *refused.entry(key).or_default() += 1;
                    }
                    Err(error) => unreachable!("flip in {name} at {at}: {error}"),
                }
            }
            file.write_all_at(&bytes[at..=at], at as u64).unwrap();
        }
    }
    for (key, (value, _)) in &after {
        // Header, key and value of its record, all of them and nothing else.
        assert_eq!(refused.get(&key[..]), Some(&(32 + key.len() + value.len())), "{key:?}");
    }
    assert_eq!(content(&log), after);
}

#[test]
fn salvage_keeps_what_precedes_and_follows_a_flipped_byte() {
    let dir = scratch();
    let [_, after] = write_history(dir.path());
    let files = read_files(dir.path());
    let ever = ever_written(&files);
    // Every seventh byte: seven does not divide the records' length, so all their bytes have their turn.
    for (name, bytes) in &files {
        for at in (0..bytes.len()).step_by(7) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            write_files_but(dir.path(), &files, name, &flipped);
            let (log, recovery) = Log::open(dir.path(), untrimmed().salvage(true)).unwrap();
            let salvaged = content(&log);
            for (key, (value, _)) in &salvaged {
                assert!(ever[key].contains(value), "flip in {name} at {at}: {key:?} was never {value:?}");
            }
            let differing = after.iter().filter(|(key, value)| salvaged.get(*key) != Some(value)).count()
                + salvaged.keys().filter(|key| !after.contains_key(*key)).count();
            assert!(differing <= 2, "flip in {name} at {at}: more than one batch is lost");
            let refused_without = recovery.torn_bytes == 0 && !is_padding(bytes, at);
            if refused_without {
                let kept = fs::read(dir.path().join(format!("{name}.damaged"))).unwrap();
                assert_eq!(kept, flipped, "the damaged file is kept as it was");
            }
            if at >= 64 && refused_without {
                assert_eq!(recovery.lost.len(), 1);
                let lost = &recovery.lost[0];
                assert!(lost.path.ends_with(name) && (lost.from..lost.to).contains(&(at as u64)));
            }
            log.put(b"next", b"value", None).unwrap();
            drop(log);
            let (log, recovery) = Log::open(dir.path(), untrimmed()).unwrap();
            assert_eq!((recovery.torn_bytes, recovery.lost.len()), (0, 0));
            let mut expected = salvaged;
            expected.insert(b"next".to_vec(), (b"value".to_vec(), None));
            assert_eq!(content(&log), expected, "flip in {name} at {at}: strict opening after salvage");
        }
    }
}

#[test]
fn a_byte_that_rots_under_an_open_log_is_an_error_and_not_a_value() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    log.put(b"other", b"fine", None).unwrap();
    log.put(b"key", b"value", Some(77)).unwrap();
    log.flush().unwrap();
    let path = segment(dir.path(), 1);
    let bytes = fs::read(&path).unwrap();
    let from = record_offsets(&bytes)[1];
    let end = from + 32 + b"key".len() + b"value".len();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for at in from..end {
        for bit in 0..8 {
            file.write_all_at(&[bytes[at] ^ (1 << bit)], at as u64).unwrap();
            let damaged = log.get(b"key");
            assert!(
                matches!(&damaged, Err(LogError::Damaged { path: p, offset }) if *p == path && *offset == from as u64),
                "byte {at} bit {bit}: {damaged:?}"
            );
        }
        file.write_all_at(&bytes[at..=at], at as u64).unwrap();
    }
    assert_eq!(log.get(b"key").unwrap().unwrap().value, b"value");
    file.set_len(end as u64 - 1).unwrap();
    let message = log.get(b"key").unwrap_err().to_string();
    assert!(
        message.contains("0000000001.seg: damaged at byte") && message.contains("nuthatch log repair"),
        "{message}"
    );
    assert_eq!(log.get(b"other").unwrap().unwrap().value, b"fine", "damage stays where it is");
}

/// A valid record of the same length and LSN in the right place, but of another key: a misdirected write of a store
/// that was copied and went on differently.
#[test]
fn a_valid_record_of_another_key_is_not_taken_for_the_value() {
    let (dir, twin_dir) = (scratch(), scratch());
    drop(Log::open(dir.path(), untrimmed()).unwrap());
    write_files(twin_dir.path(), &read_files(dir.path()));
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    let twin = Log::open(twin_dir.path(), untrimmed()).unwrap().0;
    log.put(b"key", b"value", None).unwrap();
    twin.put(b"kez", b"other", None).unwrap();
    log.flush().unwrap();
    twin.flush().unwrap();
    fs::copy(segment(twin_dir.path(), 1), segment(dir.path(), 1)).unwrap();
    assert!(matches!(log.get(b"key"), Err(LogError::Damaged { offset: 64, .. })));
}
