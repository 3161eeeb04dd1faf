//! The bugs that Bitcask really had (basho/bitcask and riak_kv, by their numbers), as tests of what must not happen here.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use nuthatch_log::{Log, LogError, Options};
use support::{content, options, read_files, record_offsets, scratch, segment, value};

fn eager() -> Options {
    options().dead_percent_max(10)
}

fn open(dir: &Path) -> Log {
    Log::open(dir, eager()).unwrap().0
}

/// Puts that stay, until the next segment begins.
fn fill_segment(log: &Log, name: u8) {
    let before = log.stats().segments;
    for round in 0..u8::MAX {
        if log.stats().segments > before {
            return;
        }
        log.put(&[name, round], &[round; 200], None).unwrap();
    }
}

/// Overwrites one key, until the next segment begins.
fn churn_segment(log: &Log) {
    let before = log.stats().segments;
    while log.stats().segments <= before {
        log.put(b"churn", &[7; 200], None).unwrap();
    }
}

/// bitcask#82: a tombstone was merged away while an older value survived in a file that was not merged.
#[test]
fn bitcask_82_a_deleted_key_stays_deleted_when_its_tombstone_is_compacted_and_its_value_is_not() {
    let dir = scratch();
    let log = Log::open(dir.path(), options().dead_percent_max(90)).unwrap().0;
    log.put(b"gone", b"old", None).unwrap();
    fill_segment(&log, b'a'); // ends the segment of the old value, which is all live but for it
    log.delete(b"gone").unwrap();
    churn_segment(&log);
    churn_segment(&log);
    log.close().unwrap();
    let oldest = fs::read(segment(dir.path(), 1)).unwrap();
    let log = open(dir.path());
    log.trim().unwrap();
    assert!(log.stats().compacted_bytes > 0);
    assert_eq!(
        fs::read(segment(dir.path(), 1)).unwrap(),
        oldest,
        "the old value must have survived, or nothing is shown"
    );
    log.close().unwrap();
    for _ in 0..2 {
        assert_eq!(value(&open(dir.path()), b"gone"), None);
    }
}

/// bitcask#148: a merged copy got a higher file id than the tombstone of its key, and won.
#[test]
fn bitcask_148_a_delete_that_races_compaction_wins() {
    let dir = scratch();
    let log = &open(dir.path());
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                log.trim().unwrap();
            }
        });
        for round in 0..600_u32 {
            let key = (round % 97).to_le_bytes();
            log.put(&key, &[1; 150], None).unwrap();
            log.put(b"churn", &round.to_le_bytes(), None).unwrap();
            if round >= 300 {
                log.delete(&key).unwrap();
                assert_eq!(value(log, key), None);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    log.trim().unwrap();
    let expected = content(log);
    assert_eq!(expected.len(), 1, "all but the churned key were deleted");
    log.flush().unwrap();
    let copy = scratch();
    support::write_files(copy.path(), &read_files(dir.path()));
    assert_eq!(content(&open(copy.path())), expected);
}

/// bitcask#156: after the fix of 82, tombstones were never dropped.
#[test]
fn bitcask_156_tombstones_are_dropped_in_the_end() {
    let dir = scratch();
    let log = open(dir.path());
    fill_segment(&log, b'a'); // stays the oldest and all live, so no tombstone ever comes to the head by itself
    let live = log.stats().live_bytes;
    for round in 0..4000_u32 {
        log.put(&round.to_le_bytes(), &[1; 20], None).unwrap();
        log.delete(&round.to_le_bytes()).unwrap();
    }
    log.trim().unwrap();
    let stats = log.stats();
    assert_eq!(stats.live_bytes, live);
    assert!(stats.disk_bytes < live * 2 + 3 * 4096, "{stats:?}");
    log.close().unwrap();
    assert_eq!(open(dir.path()).stats().live_bytes, live);
}

/// bitcask#212: a scan that was not led by a hint skipped the checksum, and took junk for keys.
#[test]
fn bitcask_212_junk_is_never_taken_for_a_key() {
    let dir = scratch();
    let log = open(dir.path());
    fill_segment(&log, b'a');
    log.put(b"last", b"value", None).unwrap();
    log.close().unwrap();
    let files = read_files(dir.path());
    for (name, bytes) in &files {
        // A record with plausible lengths, and bytes in place of its key.
        let record = record_offsets(bytes)[0];
        let mut junk = bytes.clone();
        junk[record + 32..record + 34].copy_from_slice(b"\xff\xff");
        support::write_files_but(dir.path(), &files, name, &junk);
        assert!(matches!(Log::open(dir.path(), eager()), Err(LogError::Damaged { .. })), "{name}");
        let (log, recovery) = Log::open(dir.path(), eager().salvage(true)).unwrap();
        assert!(content(&log).keys().all(|key| key == b"last" || key[0] == b'a'));
        assert_eq!(recovery.lost.len(), 1);
    }
}

/// riak_kv#1120: a corrupt file made its supervisor start it again for ever.
#[test]
fn riak_kv_1120_a_damaged_segment_is_named_once_and_the_rest_is_served() {
    let dir = scratch();
    let log = open(dir.path());
    fill_segment(&log, b'a');
    fill_segment(&log, b'b');
    let keys = log.len();
    log.close().unwrap();
    let path = segment(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let damaged = record_offsets(&bytes)[3];
    bytes[damaged + 40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Log::open(dir.path(), eager()).unwrap_err().to_string();
    assert!(error.contains(&format!("0000000001.seg: damaged at byte {damaged}")), "{error}");
    let (log, recovery) = Log::open(dir.path(), eager().salvage(true)).unwrap();
    assert_eq!((log.len(), recovery.lost.len(), recovery.lost[0].from), (keys - 1, 1, damaged as u64));
    log.close().unwrap();
    let (log, recovery) = Log::open(dir.path(), eager()).unwrap();
    assert_eq!((log.len(), recovery.lost.len()), (keys - 1, 0), "once is enough");
}

/// bitcask#255, #200: a merge that failed left a lock or half a file behind, and no merge worked again.
#[test]
fn bitcask_255_and_200_a_compaction_that_was_cut_short_is_simply_done_again() {
    let dir = scratch();
    let log = Log::open(dir.path(), options().dead_percent_max(90)).unwrap().0;
    fill_segment(&log, b'a');
    churn_segment(&log);
    churn_segment(&log);
    let expected = content(&log);
    log.close().unwrap();
    // What a crash in the middle leaves.
    for number in 1..4 {
        fs::write(segment(dir.path(), number).with_extension("seg.compacting"), b"NUTHATCH, but not whole")
            .unwrap();
    }
    let log = open(dir.path());
    assert!(
        fs::read_dir(dir.path())
            .unwrap()
            .all(|entry| entry.unwrap().path().extension() != Some("compacting".as_ref()))
    );
    // And what one at the end of it leaves: what was rewritten, under its temporary name.
    fs::write(segment(dir.path(), 2).with_extension("seg.compacting"), b"in the way").unwrap();
    log.trim().unwrap();
    let stats = log.stats();
    assert!(stats.compacted_bytes > 0 && !stats.trim_failed, "{stats:?}");
    assert_eq!(content(&log), expected);
    log.close().unwrap();
    assert_eq!(content(&open(dir.path())), expected);
}
