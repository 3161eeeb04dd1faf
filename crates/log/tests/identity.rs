//! Whose record it is, the record says: keys whose hashes collide, long ones, and ones whose record is damaged.

mod support;

use std::{fs::OpenOptions, os::unix::fs::FileExt, thread};

use nuthatch_log::{Batch, Log, LogError, Options, SyncMode};
use support::{TWO_BITS_OF_TAG, content, scratch, segment, untrimmed, value};

#[test]
fn keys_whose_hashes_collide_all_live() {
    let dir = scratch();
    let options = Options::new().sync(SyncMode::Never).hash_mask(TWO_BITS_OF_TAG);
    let log = Log::open(dir.path(), options.clone()).unwrap().0;
    for round in 0..3_u32 {
        for key in 0..500_u32 {
            log.put(&key.to_le_bytes(), &(key * 3 + round).to_le_bytes(), None).unwrap();
        }
        log.flush().unwrap(); // the next round reads from the file
    }
    for key in (0..500_u32).step_by(2) {
        log.delete(&key.to_le_bytes()).unwrap();
    }
    let check = |log: &Log| {
        assert_eq!(log.len(), 250);
        let found = content(log);
        for key in 0..500_u32 {
            let expected = (key % 2 == 1).then(|| (key * 3 + 2).to_le_bytes().to_vec());
            assert_eq!(value(log, key.to_le_bytes()), expected);
            assert_eq!(found.get(&key.to_le_bytes()[..]).map(|(value, _)| value.clone()), expected);
            assert_eq!(log.contains(&key.to_le_bytes()).unwrap(), expected.is_some());
        }
        assert_eq!(log.stats().live_bytes, 250 * 40);
    };
    check(&log);
    log.close().unwrap();
    check(&Log::open(dir.path(), options).unwrap().0);
    check(&Log::open(dir.path(), Options::new()).unwrap().0);
}

/// Header, key and value end on either side of what is read at once.
#[test]
fn keys_and_values_of_any_length_are_told_apart_in_memory_and_on_disk() {
    let dir = scratch();
    let log = Log::open(dir.path(), Options::new().hash_mask(TWO_BITS_OF_TAG)).unwrap().0;
    let lengths = [0, 1, 31, 32, 64, 95, 96, 97, 128, 1000, 4064, 32_700, 32_736, 40_000, 65_535];
    let of_length = |&length: &usize| [vec![1; length], ending_in_two(length)];
    let keys: Vec<_> = lengths.iter().flat_map(of_length).skip(1).collect(); // of length 0 there is but one
    for round in 0..3_u8 {
        for (at, key) in keys.iter().enumerate() {
            let value = vec![round; lengths[(at + usize::from(round)) % lengths.len()]];
            log.put(key, &value, Some(u64::from(round) + 1)).unwrap();
            assert_eq!(support::value(&log, key), Some(value));
        }
        if round == 1 {
            log.flush().unwrap();
        }
    }
    let check = || {
        for (at, key) in keys.iter().enumerate() {
            let expected = vec![2; lengths[(at + 2) % lengths.len()]];
            let meta = log.meta(key).unwrap().unwrap();
            assert_eq!((meta.value_len as usize, meta.expires_at), (expected.len(), Some(3)));
            assert_eq!(value(&log, key), Some(expected));
        }
        assert_eq!((log.len(), content(&log).len()), (29, 29));
    };
    check();
    log.flush().unwrap();
    check();
}

fn ending_in_two(length: usize) -> Vec<u8> {
    let mut key = vec![1; length];
    key.iter_mut().rev().take(1).for_each(|byte| *byte = 2);
    key
}

#[test]
fn a_key_written_twice_in_a_batch_has_its_last_value_and_no_other() {
    let dir = scratch();
    for hash_mask in [u64::MAX, TWO_BITS_OF_TAG] {
        let log = Log::open(dir.path(), untrimmed().hash_mask(hash_mask)).unwrap().0;
        log.clear().unwrap();
        let keys: Vec<_> = (0..20_u8).map(|key| [key]).collect();
        let mut batch = Batch::new();
        for value in [b"1", b"2", b"3"] {
            for key in &keys {
                batch.put(key, value, None).unwrap();
            }
        }
        batch.delete(&keys[7]).unwrap();
        log.append(&batch).unwrap();
        assert_eq!((log.len(), log.stats().live_bytes), (19, 19 * 40));
        assert_eq!((value(&log, [3]), value(&log, [7])), (Some(b"3".to_vec()), None));
    }
}

/// A record that cannot be read says nothing about its key: so the key is not "not found", but it can be written.
#[test]
fn a_damaged_record_is_reported_until_its_key_is_written_again() {
    for (at, good) in [(64 + 8, 1), (64 + 32, b'k')] {
        let dir = scratch();
        let log = Log::open(dir.path(), untrimmed()).unwrap().0;
        log.put(b"key", b"value", Some(1 << 60)).unwrap();
        log.put(b"other", b"fine", None).unwrap();
        log.flush().unwrap();
        let file = OpenOptions::new().write(true).open(segment(dir.path(), 1)).unwrap();
        file.write_all_at(&[good ^ 64], at).unwrap();
        let damaged = |error| matches!(error, LogError::Damaged { offset: 64, .. });
        assert!(damaged(log.get(b"key").unwrap_err()));
        assert!(damaged(log.meta(b"key").unwrap_err()));
        assert!(damaged(log.contains(b"key").unwrap_err()));
        assert!(damaged(log.forget_expired(b"key", 5).unwrap_err()));
        assert!(damaged(log.scan(0, 10).unwrap_err()));
        assert_eq!(value(&log, "other"), Some(b"fine".to_vec()), "damage stays where it is");

        log.put(b"key", b"newer", None).unwrap();
        assert_eq!(value(&log, "key"), Some(b"newer".to_vec()));
        assert_eq!(log.meta(b"key").unwrap().unwrap().value_len, 5);
        log.delete(b"key").unwrap();
        assert!(damaged(log.get(b"key").unwrap_err()));

        log.put(b"key", b"newest", None).unwrap();
        file.write_all_at(&[good], at).unwrap();
        assert_eq!(
            value(&log, "key"),
            Some(b"newest".to_vec()),
            "a disk that has recovered brings nothing back"
        );
        log.delete(b"key").unwrap();
        assert_eq!((value(&log, "key"), log.len()), (None, 1));
    }
}

/// Two writers of the same keys, which each find what the other is just writing.
#[test]
fn writers_of_the_same_keys_leave_one_record_each() {
    let dir = scratch();
    let options = Options::new().segment_bytes(64 << 10).sync(SyncMode::Never);
    for hash_mask in [u64::MAX, TWO_BITS_OF_TAG] {
        let log = Log::open(dir.path(), options.clone().hash_mask(hash_mask)).unwrap().0;
        thread::scope(|scope| {
            for writer in 0..3_u32 {
                let log = &log;
                scope.spawn(move || {
                    for round in 0..4000_u32 {
                        let key = (round * (7 + 2 * writer) % 23).to_le_bytes();
                        match round % 5 {
                            0 => log.delete(&key).unwrap(),
                            1 => {
                                let next = ((round + 1) % 23).to_le_bytes();
                                let mut batch = Batch::new();
                                batch.put(&key, b"batch", None).unwrap().put(&next, b"batch", None).unwrap();
                                log.append(&batch).unwrap()
                            }
                            _ => log.put(&key, &round.to_le_bytes(), None).unwrap(),
                        };
                        if round % 100 == writer {
                            log.commit(log.last_lsn()).unwrap();
                        }
                    }
                });
            }
        });
        let found = content(&log);
        assert_eq!(log.len(), found.len());
        let bytes: usize =
            found.iter().map(|(key, (value, _))| (32 + key.len() + value.len()).next_multiple_of(8)).sum();
        assert_eq!(log.stats().live_bytes, bytes as u64);
        drop(log);
        let log = Log::open(dir.path(), options.clone()).unwrap().0;
        assert_eq!(content(&log), found);
        assert_eq!(log.stats().live_bytes, bytes as u64);
        log.clear().unwrap();
    }
}
