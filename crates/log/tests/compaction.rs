//! Segments are rewritten without what no longer counts, wherever they stand, and nothing else changes.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use nuthatch_log::{Log, Options, SyncMode};
use support::{Content, anchor, content, options, read_files, scratch, untrimmed, value, write_files};

fn eager() -> Options {
    options().dead_percent_max(10)
}

/// Live and dead records, deletes and expired ones over several segments.
fn write_history(log: &Log) {
    anchor(log);
    for round in 0..160_u32 {
        let key = (round % 40).to_le_bytes();
        log.put(&key, &[round as u8; 90], (round % 7 == 0).then_some(900 + u64::from(round))).unwrap();
        if round % 5 == 0 {
            log.delete(&((round + 13) % 40).to_le_bytes()).unwrap();
        }
    }
}

fn live(content: Content) -> Content {
    content.into_iter().filter(|(_, (_, expires_at))| expires_at.is_none_or(|at| at > 1000)).collect()
}

/// After the rename, before each of the deletions that follow it, in any order: the old files may be there again.
#[test]
fn segments_that_another_stands_for_count_for_nothing_and_are_deleted() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    write_history(&log);
    let expected = live(content(&log));
    log.flush().unwrap();
    let before = read_files(dir.path());
    log.close().unwrap();
    let log = Log::open(dir.path(), eager()).unwrap().0;
    log.trim().unwrap();
    assert_eq!(live(content(&log)), expected);
    log.close().unwrap();
    let after = read_files(dir.path());
    let gone: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).collect();
    assert!(gone.len() > 1, "{:?} became {:?}", before.keys(), after.keys());
    for which in 0..1 << gone.len() {
        let mut files = after.clone();
        for (at, &name) in gone.iter().enumerate() {
            if which >> at & 1 == 1 {
                files.insert(name.clone(), before[name].clone());
            }
        }
        write_files(dir.path(), &files);
        let log = Log::open(dir.path(), untrimmed()).unwrap().0;
        assert_eq!(live(content(&log)), expected);
        log.close().unwrap();
        assert_eq!(read_files(dir.path()).keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    }
}

#[test]
fn a_copy_keeps_lsn_and_expiry() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    anchor(&log);
    log.put(b"key", b"value", Some(5000)).unwrap();
    let before = log.get(b"key").unwrap();
    for _ in 0..100 {
        log.put(b"churn", &[0; 100], None).unwrap();
    }
    log.close().unwrap();
    let log = Log::open(dir.path(), eager()).unwrap().0;
    log.trim().unwrap();
    assert!(log.stats().compacted_bytes > 0);
    assert_eq!(log.get(b"key").unwrap(), before);
    log.close().unwrap();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    assert_eq!(log.get(b"key").unwrap(), before);
}

/// What expired hides what is older, also when it is compacted, and also when the caller had it forgotten.
#[test]
fn an_expired_value_that_is_compacted_does_not_bring_an_older_one_back() {
    for forget in [false, true] {
        let dir = scratch();
        let now = Arc::new(AtomicU64::new(100));
        let clock = Arc::clone(&now);
        let open = move |percent| {
            let clock = Arc::clone(&clock);
            let options = untrimmed().dead_percent_max(percent).clock(move || clock.load(Relaxed));
            Log::open(dir.path(), options).unwrap().0
        };
        let log = open(90);
        log.put(b"key", b"older", None).unwrap();
        for round in 0..20_u8 {
            log.put(&[round], &[round; 200], None).unwrap(); // the older value's segment is full of what stays
        }
        log.put(b"key", b"newer", Some(500)).unwrap();
        for _ in 0..40 {
            log.put(b"churn", &[0; 200], None).unwrap();
        }
        now.store(600, Relaxed);
        if forget {
            assert!(log.forget_expired(b"key", 600).unwrap());
        }
        log.close().unwrap();
        let log = open(10);
        log.trim().unwrap();
        assert!(log.stats().compacted_bytes > 0);
        log.close().unwrap();
        assert_eq!(value(&open(90), b"key"), None);
    }
}

/// A rewritten segment holds nothing that an earlier delete hides. The very next write may be the first that does.
#[test]
fn a_delete_right_after_the_older_segment_was_rewritten_is_kept() {
    let dir = scratch();
    let log = Log::open(dir.path(), eager()).unwrap().0;
    log.put(b"dead", &[0; 900], None).unwrap();
    log.put(b"key", b"value", None).unwrap();
    for round in 0..12_u8 {
        log.put(&[round], &[round; 200], None).unwrap();
    }
    log.delete(b"dead").unwrap();
    let newest = || read_files(dir.path()).into_keys().next_back().unwrap();
    let churn_past = |name: String| {
        while newest() <= name {
            log.put(b"churn", &[0; 500], None).unwrap();
            log.commit(log.last_lsn()).unwrap();
        }
    };
    churn_past(newest());
    log.trim().unwrap();
    let rewritten = log.stats().compacted_bytes;
    log.delete(b"key").unwrap();
    churn_past(newest());
    churn_past(newest());
    let older = read_files(dir.path()).remove("0000000001.seg");
    log.trim().unwrap();
    assert!(log.stats().compacted_bytes > rewritten && rewritten > 0);
    log.close().unwrap();
    assert_eq!(read_files(dir.path()).remove("0000000001.seg"), older, "the value must still be there");
    assert_eq!(value(&Log::open(dir.path(), eager()).unwrap().0, b"key"), None);
}

#[test]
fn a_segment_in_which_all_has_expired_goes_at_once_and_nothing_is_copied() {
    let dir = scratch();
    let now = Arc::new(AtomicU64::new(100));
    let clock = Arc::clone(&now);
    let log = Log::open(dir.path(), untrimmed().clock(move || clock.load(Relaxed))).unwrap().0;
    for round in 0..200_u8 {
        log.put(&[round], &[round; 100], Some(500 + u64::from(round))).unwrap();
    }
    now.store(601, Relaxed); // a good half of them
    let before = log.stats();
    log.trim().unwrap();
    let stats = log.stats();
    assert!(
        stats.disk_bytes < before.disk_bytes * 2 / 3 && stats.compacted_bytes < 3 * 64,
        "{before:?} {stats:?}"
    );
    assert!(log.contains(&[199]).unwrap());
}

/// The share of bytes that compaction writes beside what is appended, once the disk is as full as it gets.
#[test]
fn uniform_overwriting_costs_little_where_half_or_30_percent_of_the_disk_is_spare() {
    for (dead_percent_max, bar) in [(50, 1.6), (30, 2.4)] {
        let amplification = write_amplification(dead_percent_max);
        println!("write amplification at {dead_percent_max} % dead: {amplification:.3}");
        assert!(amplification <= bar, "{amplification}");
    }
}

fn write_amplification(dead_percent_max: u8) -> f64 {
    let dir = scratch();
    // Without threads: how far compaction lags behind is then the same on every machine.
    let options = Options::new()
        .segment_bytes(32 << 10)
        .sync(SyncMode::Never)
        .dead_percent_max(dead_percent_max)
        .without_threads();
    let log = Log::open(dir.path(), options).unwrap().0;
    let mut random = 1_u64;
    let (keys, value) = (8000_u64, [5; 100]);
    for key in 0..keys {
        log.put(&key.to_le_bytes(), &value, None).unwrap();
    }
    let mut churn = |rounds| {
        for _ in 0..rounds {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            log.put(&((random >> 33) % keys).to_le_bytes(), &value, None).unwrap();
        }
        log.trim().unwrap();
        log.stats()
    };
    let rounds = keys * 8;
    let before = churn(rounds);
    let stats = churn(rounds);
    let appended = rounds as f64 * (32.0 + 8.0 + 104.0);
    assert!(stats.disk_bytes * u64::from(100 - dead_percent_max) <= stats.live_bytes * 105, "{stats:?}");
    1.0 + (stats.compacted_bytes - before.compacted_bytes) as f64 / appended
}
