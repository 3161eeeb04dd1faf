//! Many writers share one sync, whether they block or await.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Barrier},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use nuthatch_log::{Log, LogError, Lsn, Options, SyncMode};
use support::value;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn open(dir: &tempfile::TempDir, mode: SyncMode) -> Log {
    Log::open(dir.path(), Options::new().sync(mode)).unwrap().0
}

/// Runs 16 writers of 100 puts each, and returns how many syncs that took.
fn write_from_16_threads(log: &Log, commit: impl Fn(Lsn) -> Result<(), LogError> + Sync) -> u64 {
    let before = log.stats();
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for thread in 0..16_u8 {
            let (start, commit) = (&start, &commit);
            scope.spawn(move || {
                start.wait();
                for round in 0..100_u8 {
                    commit(log.put(&[thread, round], &[round; 64], None).unwrap()).unwrap();
                }
            });
        }
    });
    assert_eq!(log.stats().appends - before.appends, 1600);
    log.stats().syncs - before.syncs
}

#[test]
fn blocking_writers_share_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    let syncs = write_from_16_threads(&log, |lsn| log.commit(lsn));
    assert!((1..800).contains(&syncs), "{syncs} syncs for 1600 commits");
}

#[test]
fn awaiting_writers_share_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    let syncs = write_from_16_threads(&log, |lsn| block_on(log.committed(lsn)));
    assert!((1..800).contains(&syncs), "{syncs} syncs for 1600 commits");
}

#[test]
fn without_a_promise_about_power_no_commit_waits_for_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Never);
    assert_eq!(write_from_16_threads(&log, |lsn| log.commit(lsn)), 0);
    let lsn = log.put(b"key", b"value", None).unwrap();
    let mut future = pin!(log.committed(lsn));
    let first_poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(first_poll, Poll::Ready(Ok(()))));
    // Another reader of the file sees it: it was written, not only kept.
    let bytes = std::fs::read(support::segment(dir.path(), 1)).unwrap();
    assert!(bytes.ends_with(b"keyvalue"));
}

#[test]
fn a_single_blocking_writer_syncs_once_per_commit() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    let before = log.stats().syncs;
    for round in 0..10_u8 {
        log.commit(log.put(&[round], b"value", None).unwrap()).unwrap();
        log.commit(log.last_lsn()).unwrap(); // known already
    }
    assert_eq!(log.stats().syncs - before, 10);
}

#[test]
fn one_second_mode_syncs_by_itself_also_when_it_is_set_later() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    block_on(log.committed(log.put(b"first", b"", None).unwrap())).unwrap(); // the thread runs, and waits for more
    log.set_sync(SyncMode::EverySec);
    let before = log.stats().syncs;
    log.put(b"key", b"value", None).unwrap();
    while log.stats().syncs == before {
        thread::yield_now();
    }
    let bytes = std::fs::read(support::segment(dir.path(), 1)).unwrap();
    assert!(bytes.windows(8).any(|bytes| bytes == b"keyvalue"));
}

#[test]
fn who_waits_when_the_mode_is_lowered_is_released_by_the_lower_promise() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    thread::scope(|scope| {
        for thread in 0..8_u8 {
            let log = &log;
            scope.spawn(move || {
                for round in 0..50_u8 {
                    let lsn = log.put(&[thread, round], b"value", None).unwrap();
                    if thread % 2 == 0 { log.commit(lsn) } else { block_on(log.committed(lsn)) }.unwrap();
                }
            });
        }
        for _ in 0..20 {
            log.set_sync(SyncMode::Never);
            log.set_sync(SyncMode::Always);
            log.set_sync(SyncMode::EverySec);
        }
        log.set_sync(SyncMode::Always);
    });
    assert_eq!((log.sync_mode(), log.len()), (SyncMode::Always, 400));
}

/// Dropping the log is a commit of what is left; a future that is still there hears of it.
#[test]
fn a_future_outlives_the_log_and_learns_the_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    let lsn = log.put(b"key", b"value", None).unwrap();
    let future = log.committed(lsn);
    let waiter = thread::spawn(move || block_on(future));
    drop(log);
    waiter.join().unwrap().unwrap();
    assert_eq!(value(&open(&dir, SyncMode::Never), b"key"), Some(b"value".to_vec()));
}

#[test]
fn an_lsn_that_was_never_given_out_means_all_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir, SyncMode::Always);
    log.put(b"key", b"value", None).unwrap();
    log.commit(Lsn(u64::MAX)).unwrap();
    block_on(log.committed(Lsn(u64::MAX))).unwrap();
}
