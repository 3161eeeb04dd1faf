//! What was written is there after closing and opening again.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

use nuthatch_log::{Batch, Log, LogError, Lsn, Options, SyncMode};

fn open(dir: &tempfile::TempDir) -> Log {
    Log::open(dir.path(), Options::new().sync(SyncMode::Never)).unwrap().0
}

fn value(log: &Log, key: &[u8]) -> Option<Vec<u8>> {
    log.get(key).unwrap().map(|entry| entry.value)
}

#[test]
fn puts_deletes_and_batches_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir);
    log.put(b"a", b"1", None).unwrap();
    log.put(b"b", b"2", Some(u64::MAX)).unwrap();
    log.put(b"a", b"3", None).unwrap();
    log.delete(b"b").unwrap();
    let mut batch = Batch::new();
    batch.put(b"c", b"", Some(1 << 60)).unwrap().delete(b"a").unwrap().put(b"d", b"4", None).unwrap();
    let lsn = log.append(&batch).unwrap();
    assert_eq!(lsn, Lsn(7));
    log.close().unwrap();

    let (log, recovery) = Log::open(dir.path(), Options::new()).unwrap();
    assert_eq!((recovery.records, recovery.keys, recovery.torn_bytes), (7, 2, 0));
    assert_eq!((value(&log, b"a"), value(&log, b"b")), (None, None));
    assert_eq!(value(&log, b"d"), Some(b"4".to_vec()));
    let c = log.get(b"c").unwrap().unwrap();
    assert_eq!((c.value.as_slice(), c.expires_at, c.lsn), (&b""[..], Some(1 << 60), Lsn(5)));
    assert_eq!(log.last_lsn(), Lsn(7));
}

#[test]
fn a_value_is_readable_before_it_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir);
    log.put(b"key", b"value", Some(9)).unwrap();
    assert_eq!(value(&log, b"key"), Some(b"value".to_vec()));
    let meta = log.meta(b"key").unwrap().unwrap();
    assert_eq!((meta.expires_at, meta.value_len, meta.lsn), (Some(9), 5, Lsn(1)));
    log.commit(Lsn(1)).unwrap();
    assert_eq!(value(&log, b"key"), Some(b"value".to_vec()));
}

#[test]
fn lengths_beyond_the_limits_are_refused_and_those_at_the_limits_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir);
    let long = vec![7; 65_536];
    assert!(matches!(log.put(&long, b"", None), Err(LogError::KeyLength { bytes: 65_536 })));
    assert!(matches!(log.delete(&long), Err(LogError::KeyLength { .. })));
    log.put(&long[1..], b"v", None).unwrap();
    log.put(b"", b"", None).unwrap();
    drop(log);
    let log = open(&dir);
    assert_eq!(value(&log, &long[1..]), Some(b"v".to_vec()));
    assert_eq!(value(&log, b""), Some(Vec::new()));
    log.delete(b"").unwrap();
    drop(log);
    assert_eq!(value(&open(&dir), b""), None);
}

#[test]
fn a_batch_larger_than_a_segment_gets_one_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new().segment_bytes(4096);
    let log = Log::open(dir.path(), options.clone()).unwrap().0;
    let big = vec![3; 3 << 20];
    log.put(b"small", b"1", None).unwrap();
    log.put(b"big", &big, None).unwrap();
    log.put(b"after", b"2", None).unwrap();
    assert_eq!(log.stats().segments, 3);
    assert_eq!(value(&log, b"big").as_ref(), Some(&big));
    log.close().unwrap();
    let (log, recovery) = Log::open(dir.path(), options).unwrap();
    assert_eq!((recovery.keys, recovery.segments), (3, 3));
    assert_eq!(value(&log, b"big"), Some(big));
}

/// Opening drops what has expired by the clock it is given; nothing else does unasked.
#[test]
fn expired_entries_stay_until_forgotten_or_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir);
    log.put(b"old", b"1", None).unwrap();
    log.put(b"old", b"2", Some(100)).unwrap();
    log.put(b"new", b"3", Some(200)).unwrap();
    assert!(log.contains(b"old").unwrap());
    assert!(!log.forget_expired(b"new", 199).unwrap());
    assert!(log.forget_expired(b"new", 200).unwrap());
    assert!(!log.contains(b"new").unwrap());
    drop(log);
    let (log, recovery) = Log::open(dir.path(), Options::new().clock(|| 150)).unwrap();
    assert_eq!(
        recovery.keys, 1,
        "old must not fall back to its older value; new is not over yet by this clock"
    );
    assert_eq!((log.contains(b"old").unwrap(), log.contains(b"new").unwrap()), (false, true));
}

#[test]
fn lsns_go_on_after_reopening_and_after_clear() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir);
    log.put(b"a", b"1", None).unwrap();
    let cleared = log.clear().unwrap();
    assert_eq!((cleared, log.len()), (Lsn(2), 0));
    assert_eq!(log.clear().unwrap(), Lsn(2), "nothing to clear");
    drop(log);
    let log = open(&dir);
    assert_eq!(log.put(b"b", b"1", None).unwrap(), Lsn(3));
    assert_eq!(log.len(), 1);
}

#[test]
fn clear_gives_the_space_back_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), Options::new().segment_bytes(4096)).unwrap().0;
    for key in 0..1000_u32 {
        log.put(&key.to_le_bytes(), &[0; 100], None).unwrap();
    }
    log.clear().unwrap();
    let stats = log.stats();
    assert_eq!((stats.segments, stats.keys, stats.live_bytes), (1, 0, 0));
    assert!(stats.disk_bytes < 128 && stats.reclaimed_bytes > 100_000);
    let files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 2, "LOCK and one segment");
}
