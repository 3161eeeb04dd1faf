//! A write under the condition that nobody else's came first.

mod support;

use std::thread;

use nuthatch_log::{Log, LogError, Lsn};
use support::{options, record_offsets, scratch, segment, value};

#[test]
fn a_write_is_made_only_if_the_last_one_is_the_expected_one() {
    let dir = scratch();
    let log = Log::open(dir.path(), options()).unwrap().0;
    let first = log.compare_and_put(b"key", None, b"one", None).unwrap().unwrap();
    for expected in [None, Some(Lsn(first.0 + 1)), Some(Lsn(0))] {
        let conflict = log.compare_and_put(b"key", expected, b"two", None).unwrap().unwrap_err();
        assert_eq!(conflict.current, Some(first));
    }
    assert_eq!(log.last_lsn(), first, "a conflict appends nothing");
    let second = log.compare_and_put(b"key", Some(first), b"two", Some(77)).unwrap().unwrap();
    assert_eq!(log.compare_and_delete(b"key", first).unwrap().unwrap_err().current, Some(second));
    assert_eq!(value(&log, b"key"), Some(b"two".to_vec()));
    log.compare_and_delete(b"key", second).unwrap().unwrap();
    assert_eq!(log.compare_and_put(b"key", Some(second), b"", None).unwrap().unwrap_err().current, None);
}

/// The LSN is that of the write, also after compaction and reopening.
#[test]
fn compaction_and_reopening_change_no_lsn() {
    let dir = scratch();
    let eager = || options().dead_percent_max(10);
    let log = Log::open(dir.path(), eager()).unwrap().0;
    let lsn = log.put(b"key", b"value", None).unwrap();
    for _ in 0..100 {
        log.put(b"churn", &[0; 100], None).unwrap();
    }
    log.trim().unwrap();
    assert!(log.stats().compacted_bytes > 0);
    log.close().unwrap();
    let log = Log::open(dir.path(), eager()).unwrap().0;
    log.compare_and_put(b"key", Some(lsn), b"new", None).unwrap().unwrap();
}

#[test]
fn of_those_who_expect_the_same_one_is_served() {
    let dir = scratch();
    let log = &Log::open(dir.path(), options().dead_percent_max(10)).unwrap().0;
    log.put(b"count", &0_u64.to_le_bytes(), None).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for _ in 0..250 {
                    loop {
                        let entry = log.get(b"count").unwrap().unwrap();
                        let count = u64::from_le_bytes(entry.value[..].try_into().unwrap()) + 1;
                        let put = log.compare_and_put(b"count", Some(entry.lsn), &count.to_le_bytes(), None);
                        if put.unwrap().is_ok() {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(value(log, b"count"), Some(1000_u64.to_le_bytes().to_vec()));
}

#[test]
fn a_key_that_cannot_be_read_is_not_taken_for_absent() {
    let dir = scratch();
    let log = Log::open(dir.path(), options()).unwrap().0;
    log.put(b"key", b"value", None).unwrap();
    log.flush().unwrap();
    let path = segment(dir.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let record = record_offsets(&bytes)[0];
    bytes[record + 20] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(log.compare_and_put(b"key", None, b"new", None), Err(LogError::Damaged { .. })));
}
