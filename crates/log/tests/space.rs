//! Dead bytes come back, deleted keys do not.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use nuthatch_log::{Log, LogError, Options, SyncMode};
use support::{
    anchor, content, open, options, read_files, record_offsets, scratch, segment, untrimmed, value,
    write_files,
};

/// The bound that `Options::dead_percent_max` gives, at every step and not only after a pause.
#[test]
fn overwriting_the_same_keys_for_ever_takes_bounded_space() {
    let dir = scratch();
    let (log, _) = open(dir.path());
    for round in 0..20_000_u32 {
        log.put(&(round * 7919 % 100).to_le_bytes(), &[round as u8; 100], None).unwrap();
        let stats = log.stats();
        // Writers wait at 75 % dead. Some segments more: the one being written, and those that trimming fills.
        assert!(stats.disk_bytes <= 4 * stats.live_bytes + 6 * 4096, "round {round}: {stats:?}");
    }
    let stats = log.stats();
    assert!(stats.reclaimed_bytes > 2_000_000 && stats.keys == 100 && !stats.trim_failed, "{stats:?}");
    log.close().unwrap(); // the trimmer deletes no file under the reader
    let on_disk: usize = read_files(dir.path()).values().map(Vec::len).sum();
    assert!(on_disk <= 100_000, "{on_disk} bytes in files");
}

#[test]
fn the_same_holds_with_many_writers() {
    let dir = scratch();
    let (log, _) = open(dir.path());
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let log = &log;
            scope.spawn(move || {
                for round in 0..4000_u32 {
                    log.put(&[thread, (round * 31 % 50) as u8], &round.to_le_bytes(), None).unwrap();
                    let stats = log.stats();
                    assert!(stats.disk_bytes <= 4 * stats.live_bytes + 10 * 4096, "{stats:?}");
                }
            });
        }
    });
    drop(log);
    let (log, _) = open(dir.path());
    for thread in 0..4_u8 {
        for key in 0..50_u32 {
            let last = (0..4000).rev().find(|round: &u32| round * 31 % 50 == key).unwrap();
            assert_eq!(value(&log, [thread, key as u8]), Some(last.to_le_bytes().to_vec()));
        }
    }
}

#[test]
fn after_deleting_everything_trimming_leaves_next_to_nothing() {
    let dir = scratch();
    let (log, _) = open(dir.path());
    for key in 0..2000_u32 {
        log.put(&key.to_le_bytes(), &[1; 50], None).unwrap();
    }
    for key in 0..2000_u32 {
        log.delete(&key.to_le_bytes()).unwrap();
    }
    log.trim().unwrap();
    let stats = log.stats();
    assert!(stats.disk_bytes <= 2 * 4096 && stats.keys == 0, "tombstones are reclaimed too: {stats:?}");
    drop(log);
    assert_eq!(open(dir.path()).0.len(), 0);
}

/// Bitcask's first data loss: a tombstone is compacted away while an older value survives.
#[test]
fn deleted_keys_stay_deleted_through_trims_and_reopenings() {
    let dir = scratch();
    let (log, _) = open(dir.path());
    let mut log = Some(log);
    for round in 0..30_u32 {
        let current = log.take().unwrap();
        for key in 0..40_u32 {
            current.put(&key.to_le_bytes(), &[round as u8; 60], None).unwrap();
        }
        for key in (0..40_u32).filter(|key| key % 3 == round % 3) {
            current.delete(&key.to_le_bytes()).unwrap();
        }
        current.trim().unwrap();
        let expected = content(&current);
        assert_eq!(expected.len(), (0..40).filter(|key| key % 3 != round % 3).count());
        drop(current);
        let (again, _) = open(dir.path());
        assert_eq!(content(&again), expected, "round {round}");
        log = Some(again);
    }
}

/// A trim copies, syncs, and deletes. Stop it anywhere: at each byte of what it appended, with the old segments still
/// there, and after its end with any of them back. Each time the log must mean what it meant before.
#[test]
fn a_trim_that_is_cut_short_anywhere_changes_nothing() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    anchor(&log);
    for round in 0..8_u8 {
        for key in 0..12_u8 {
            log.put(&[b'k', key], &[round; 60], (key == 3).then_some(5000)).unwrap();
        }
        log.put(&[b'g', round], b"deleted below", None).unwrap();
        log.put(&[b's', round], &[round; 20], None).unwrap();
    }
    for round in 0..8_u8 {
        log.delete(&[b'g', round]).unwrap();
    }
    let meaning = content(&log);
    let lsns = |log: &Log| meaning.keys().map(|key| log.meta(key).unwrap().unwrap().lsn).collect::<Vec<_>>();
    let lsns_before = lsns(&log);
    log.close().unwrap();
    let before = read_files(dir.path());

    let log = Log::open(dir.path(), options().dead_percent_max(10)).unwrap().0;
    assert!(log.trim().unwrap() > 4096);
    assert_eq!(content(&log), meaning);
    assert_eq!(lsns(&log), lsns_before, "a copy is the same write");
    log.close().unwrap();
    let after = read_files(dir.path());
    assert!(before.len() >= 3 && !after.contains_key("0000000001.seg"));

    let check = |what: String| {
        let (log, recovery) =
            Log::open(dir.path(), untrimmed()).unwrap_or_else(|error| unreachable!("{what}: {error}"));
        assert_eq!(content(&log), meaning, "{what}");
        assert_eq!(recovery.lost, [], "{what}");
    };
    // After the sync, any of the old files may come back: a power cut may undo some deletions and not others.
    let gone: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).collect();
    for back in 0..1_u32 << gone.len() {
        let mut files = after.clone();
        for (_, name) in gone.iter().enumerate().filter(|(at, _)| back >> at & 1 == 1) {
            files.insert((*name).clone(), before[*name].clone());
        }
        write_files(dir.path(), &files);
        check(format!("old segments {back:b} of {gone:?}"));
    }
    // Before it, the old ones are all there, and the new ones up to any byte.
    for (name, bytes) in &after {
        let from = before.get(name).map_or(0, Vec::len);
        for cut in from..=bytes.len() {
            let mut files = before.clone();
            files.extend(after.range(..name.clone()).map(|(name, bytes)| (name.clone(), bytes.clone())));
            files.insert(name.clone(), bytes[..cut].to_vec());
            write_files(dir.path(), &files);
            check(format!("{name} cut at {cut}"));
        }
    }
}

/// The files alone, as a crash of the process right after a trim would leave them.
#[test]
fn what_a_trim_copied_is_written_and_synced_before_the_original_is_deleted() {
    let (dir, copy) = (scratch(), scratch());
    let log = Log::open(dir.path(), options().dead_percent_max(90)).unwrap().0;
    for key in 0..100_u8 {
        log.put(&[key], &[key; 100], None).unwrap();
    }
    for key in 0..100_u8 {
        if key % 10 != 0 {
            log.delete(&[key]).unwrap();
        }
    }
    // Opening with a lower limit lets the trim below be the first.
    log.close().unwrap();
    let log = Log::open(dir.path(), options().dead_percent_max(10)).unwrap().0;
    let syncs = log.stats().syncs;
    assert!(log.trim().unwrap() > 0);
    assert!(log.stats().syncs > syncs);
    write_files(copy.path(), &read_files(dir.path()));
    assert_eq!(content(&Log::open(copy.path(), untrimmed()).unwrap().0), content(&log));
    assert_eq!(log.len(), 10);
}

/// Clear, like trim, first disowns and then deletes.
#[test]
fn a_clear_that_is_cut_short_is_all_or_nothing() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    anchor(&log);
    for key in 0..80_u8 {
        log.put(&[key], &[key; 60], None).unwrap();
    }
    let meaning = content(&log);
    log.flush().unwrap();
    let before = read_files(dir.path());
    log.clear().unwrap();
    log.close().unwrap();
    let after = read_files(dir.path());
    assert_eq!(after.len(), 1);
    let (name, bytes) = after.first_key_value().unwrap();
    for cut in 0..=bytes.len() {
        let mut files = before.clone();
        files.insert(name.clone(), bytes[..cut].to_vec());
        write_files(dir.path(), &files);
        let (log, _) = Log::open(dir.path(), untrimmed()).unwrap();
        let whole = cut >= bytes.len() - support::MARK_BYTES;
        let expected = if whole { support::Content::new() } else { meaning.clone() };
        assert_eq!(content(&log), expected, "cut at {cut}");
    }
    let files: support::Files = before.into_iter().skip(1).chain(after.clone()).collect();
    write_files(dir.path(), &files);
    assert_eq!(
        Log::open(dir.path(), untrimmed()).unwrap().0.len(),
        0,
        "a disowned segment need not be there"
    );
}

#[test]
fn expired_records_are_dropped_and_not_copied() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    anchor(&log);
    for key in 0..100_u8 {
        log.put(&[b'x', key], &[key; 100], Some(900)).unwrap();
    }
    log.delete(b"anchor").unwrap();
    assert_eq!(log.len(), 100);
    drop(log);
    // The clock of `options` says 1000; this one says 800, so opening keeps them and they expire later.
    let now = Arc::new(AtomicU64::new(800));
    let clock = Arc::clone(&now);
    let options = options().clock(move || clock.load(Relaxed));
    let (log, recovery) = Log::open(dir.path(), options.dead_percent_max(10)).unwrap();
    assert_eq!(recovery.keys, 100);
    now.store(900, Relaxed);
    log.trim().unwrap();
    assert!(log.len() < 100, "trimmed segments give up what has expired");
    assert!(log.stats().disk_bytes <= log.stats().live_bytes + 2 * 4096);
}

/// A record that cannot be read is not copied, and must not be deleted either.
#[test]
fn trimming_stops_at_damage_and_keeps_the_file() {
    let dir = scratch();
    let log = Log::open(dir.path(), options().dead_percent_max(10).sync(SyncMode::Never)).unwrap().0;
    anchor(&log);
    log.put(b"key", b"value", None).unwrap();
    log.flush().unwrap();
    let path = segment(dir.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = record_offsets(&bytes)[1];
    bytes[at + 39] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    for round in 0..100_u32 {
        log.put(b"churn", &round.to_le_bytes().repeat(20), None).unwrap();
    }
    let error = log.trim().unwrap_err();
    assert!(
        matches!(&error, LogError::Damaged { path: p, offset } if *p == path && *offset == at as u64),
        "{error}"
    );
    assert!(path.exists() && !log.stats().poisoned);
    assert_eq!(value(&log, b"anchor"), Some(vec![7; 1500]));
    log.put(b"more", b"is taken", None).unwrap();
}

/// The trimming thread dies of it; writers must neither hang nor fail.
#[test]
fn a_clock_that_panics_stops_trimming_and_nothing_else() {
    let dir = scratch();
    let healthy = Arc::new(AtomicBool::new(true));
    let clock = Arc::clone(&healthy);
    let options =
        options().clock(move || if clock.load(Relaxed) { 1000 } else { unreachable!("a test's clock") });
    let log = Log::open(dir.path(), options).unwrap().0;
    log.put(b"stays", b"value", None).unwrap();
    healthy.store(false, Relaxed);
    for round in 0..1000_u32 {
        log.put(b"churn", &round.to_le_bytes().repeat(20), None).unwrap();
    }
    assert!(log.stats().trim_failed);
    assert_eq!(value(&log, b"stays"), Some(b"value".to_vec()));
    log.close().unwrap();
}

/// Reads, overwrites, scans and trims at once: no read may miss a key that is there.
#[test]
fn reads_and_scans_during_trims_see_every_key() {
    read_scan_and_trim(u64::MAX);
}

#[test]
fn reads_and_scans_during_trims_see_every_key_when_hashes_collide() {
    read_scan_and_trim(support::TWO_BITS_OF_TAG);
}

fn read_scan_and_trim(hash_mask: u64) {
    let dir = scratch();
    let options = Options::new().segment_bytes(4096).sync(SyncMode::Never).hash_mask(hash_mask);
    let (log, _) = Log::open(dir.path(), options).unwrap();
    for key in 0..100_u8 {
        log.put(&[key], &[key; 30], None).unwrap();
    }
    let writing = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..10_000_u32 {
                let key = (round * 7 % 50) as u8;
                log.put(&[key], &[key; 30], None).unwrap();
                if round % 100 == 0 {
                    log.delete(&[200]).unwrap();
                    log.put(&[200], b"comes and goes", None).unwrap();
                }
            }
            writing.store(false, Relaxed);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while writing.load(Relaxed) {
                    for key in 0..100_u8 {
                        assert_eq!(value(&log, [key]), Some(vec![key; 30]));
                    }
                    let found = content(&log);
                    assert!((0..100_u8).all(|key| found.contains_key(&[key][..])));
                }
            });
        }
    });
    assert!(log.stats().reclaimed_bytes > 0);
}
