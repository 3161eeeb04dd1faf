//! A snapshot is what was there at its moment, whatever is written, compacted and deleted while it is read.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use nuthatch_log::{Batch, Log, LogError, Snapshot};
use proptest::prelude::*;
use support::{Content, content, options, scratch};

fn eager() -> nuthatch_log::Options {
    options().dead_percent_max(10)
}

/// All of it; no key may come twice.
fn collect(snapshot: Snapshot) -> Content {
    let mut content = Content::new();
    for entry in snapshot {
        let (key, entry) = entry.unwrap();
        assert!(content.insert(key, (entry.value, entry.expires_at)).is_none(), "a key came twice");
    }
    content
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u16),
    Delete(u8),
    Forget(u8),
    Trim,
    Flush,
    Snapshot,
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..25_u8, 0..400_u16).prop_map(|(key, len)| Step::Put(key, len)),
        6 => (0..25_u8).prop_map(Step::Delete),
        2 => (0..25_u8).prop_map(Step::Forget),
        3 => Just(Step::Trim),
        2 => Just(Step::Flush),
        3 => Just(Step::Snapshot),
        3 => (1..20_usize).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_snapshot_is_what_was_there_at_its_moment(steps in prop::collection::vec(step(), 1..150)) {
        let dir = scratch();
        let log = Log::open(dir.path(), eager()).unwrap().0;
        let mut open: Vec<(Snapshot, Content, Content)> = Vec::new();
        for (round, step) in (0_u8..).zip(&steps) {
            match *step {
                Step::Put(key, len) => {
                    let expires_at = (len % 5 == 0).then_some(900 + u64::from(len));
                    log.put(&[key], &vec![round; len.into()], expires_at).unwrap();
                }
                Step::Delete(key) => {
                    log.delete(&[key]).unwrap();
                }
                Step::Forget(key) => {
                    log.forget_expired(&[key], 1000).unwrap();
                }
                Step::Trim => {
                    log.trim().unwrap();
                }
                Step::Flush => log.flush().unwrap(),
                Step::Snapshot => {
                    // The background thread may drop what has expired between the two; that is in one or in neither.
                    let content = content(&log);
                    open.push((log.snapshot().unwrap(), content, Content::new()));
                }
                Step::Read(count) => {
                    for (snapshot, _, read) in &mut open {
                        for entry in snapshot.by_ref().take(count) {
                            let (key, entry) = entry.unwrap();
                            prop_assert!(read.insert(key, (entry.value, entry.expires_at)).is_none());
                        }
                    }
                }
            }
        }
        let unexpired = |content: Content| -> Content {
            content.into_iter().filter(|(_, (_, at))| at.is_none_or(|at| at > 1000)).collect()
        };
        for (snapshot, expected, mut read) in open {
            let rest = collect(snapshot);
            prop_assert!(rest.keys().all(|key| !read.contains_key(key)));
            read.extend(rest);
            prop_assert_eq!(unexpired(read), unexpired(expected));
        }
    }
}

/// Batches that are moved around by compaction while snapshots begin at any moment.
#[test]
fn snapshots_under_writers_and_compaction_hold_whole_batches_and_each_key_once() {
    let dir = scratch();
    let log = &Log::open(dir.path(), eager()).unwrap().0;
    let (first, second) = (&[1_u8; 8], &[2_u8; 8]);
    for key in 0..40_u8 {
        log.put(&[key, key], &[key; 150], None).unwrap();
    }
    log.append(Batch::new().put(first, b"0", None).unwrap().put(second, b"0", None).unwrap()).unwrap();
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                log.trim().unwrap();
            }
        });
        scope.spawn(move || {
            for round in 0_u32.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let value = [&round.to_le_bytes()[..], &[0; 100]].concat();
                let mut batch = Batch::new();
                batch.put(first, &value, None).unwrap().put(second, &value, None).unwrap();
                log.append(&batch).unwrap();
                log.put(&[round as u8 % 40; 2], &value, None).unwrap();
            }
        });
        for _ in 0..150 {
            let content = collect(log.snapshot().unwrap());
            assert_eq!(content.len(), 42);
            assert_eq!(content[&first[..]], content[&second[..]], "a batch is in it whole");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_snapshot_of_a_log_that_is_cleared_ends_with_an_error() {
    let dir = scratch();
    let log = Log::open(dir.path(), options()).unwrap().0;
    log.put(b"key", b"value", None).unwrap();
    let mut snapshot = log.snapshot().unwrap();
    assert_eq!(snapshot.lsn(), log.last_lsn());
    log.clear().unwrap();
    assert!(matches!(snapshot.next(), Some(Err(LogError::Cleared))));
    assert!(snapshot.next().is_none());
    assert_eq!(collect(log.snapshot().unwrap()), Content::new());
}
