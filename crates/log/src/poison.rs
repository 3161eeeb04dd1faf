//! After a failed write or sync, nothing newer can be promised.
//!
//! Linux may drop the pages that it failed to write and report the error only once, so a second fsync that succeeds
//! says nothing about them (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020). Hence no retry:
//! the first failure is kept and every later write is refused with it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use crate::{LogError, Result};

#[derive(Debug, Default)]
pub(crate) struct Poison(OnceLock<(PathBuf, Arc<io::Error>)>);

impl Poison {
    pub(crate) fn check(&self) -> Result<()> {
        match self.0.get() {
            None => Ok(()),
            Some((path, source)) => {
                Err(LogError::Poisoned { path: path.clone(), source: Arc::clone(source) })
            }
        }
    }

    /// Poisons the log, and returns the error for the caller that met it.
    pub(crate) fn set(&self, path: &Path, source: io::Error) -> LogError {
        let source = Arc::new(source);
        // A second failure adds nothing: the first one is the cause.
        let _ = self.0.set((path.to_owned(), Arc::clone(&source)));
        LogError::Write { path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::Arc, task::Poll, thread};

    use crate::{Log, LogError, Lsn, Options, SyncMode, locks::lock};

    fn open(mode: SyncMode) -> (tempfile::TempDir, Log) {
        let dir = tempfile::tempdir().unwrap();
        let (log, _) = Log::open(dir.path(), Options::new().sync(mode)).unwrap();
        log.put(b"before", b"value", None).unwrap();
        log.flush().unwrap();
        (dir, log)
    }

    /// What is appended from here on goes to a device.
    fn swap_file(log: &Log, device: &str) {
        let mut tail = lock(&log.engine.tail);
        tail.active = Arc::new(tail.active.on(device));
    }

    fn assert_poisoned_but_readable(log: &Log, lsn: Lsn) {
        assert!(log.stats().poisoned);
        for _ in 0..2 {
            assert!(matches!(log.commit(lsn), Err(LogError::Poisoned { .. })));
            assert!(matches!(log.flush(), Err(LogError::Poisoned { .. })));
            assert!(matches!(log.put(b"more", b"", None), Err(LogError::Poisoned { .. })));
            assert!(matches!(log.trim(), Ok(0) | Err(LogError::Poisoned { .. })));
        }
        assert_eq!(log.get(b"before").unwrap().unwrap().value, b"value");
        log.commit(Lsn(1)).unwrap(); // what was durable before stays so
    }

    /// `/dev/null` takes every write and refuses fdatasync.
    #[test]
    fn a_failed_sync_is_reported_once_and_poisons() {
        let (_dir, log) = open(SyncMode::Always);
        swap_file(&log, "/dev/null");
        let lsn = log.put(b"key", b"value", None).unwrap();
        let error = log.commit(lsn).unwrap_err();
        assert!(matches!(&error, LogError::Write { path, .. } if path.ends_with("null")), "{error}");
        assert_poisoned_but_readable(&log, lsn);
        assert!(matches!(log.close(), Err(LogError::Poisoned { .. })));
    }

    #[test]
    fn a_failed_sync_reaches_every_future_that_waits() {
        let (_dir, log) = open(SyncMode::Always);
        swap_file(&log, "/dev/null");
        let lsn = log.put(b"key", b"value", None).unwrap();
        let futures: Vec<_> = (0..5).map(|_| log.committed(lsn)).collect();
        for future in futures {
            let outcome = block_on(future);
            assert!(matches!(outcome, Err(LogError::Poisoned { .. })));
        }
        assert_poisoned_but_readable(&log, lsn);
    }

    /// `/dev/full` refuses every write: a full disk, which is no reason for poison.
    #[test]
    fn a_full_disk_is_read_only_in_every_mode_until_there_is_room() {
        for mode in [SyncMode::Never, SyncMode::EverySec, SyncMode::Always] {
            let (dir, log) = open(mode);
            let real = Arc::clone(&lock(&log.engine.tail).active);
            swap_file(&log, "/dev/full");
            let lsn = log.put(b"key", b"value", None).unwrap();
            for _ in 0..2 {
                assert!(matches!(log.commit(lsn), Err(LogError::Full { .. })));
                assert!(matches!(block_on(log.committed(lsn)), Err(LogError::Full { .. })));
                assert!(matches!(log.put(b"more", b"", None), Err(LogError::Full { .. })));
                assert!(matches!(log.flush(), Err(LogError::Full { .. })));
                assert_eq!(log.get(b"key").unwrap().unwrap().value, b"value");
            }
            assert!(!log.stats().poisoned);
            // The bytes that found no room go to where they belonged.
            lock(&log.engine.tail).make_room_for_test(&real);
            log.commit(lsn).unwrap();
            let more = log.put(b"more", b"again", None).unwrap();
            block_on(log.committed(more)).unwrap();
            log.close().unwrap();
            let (log, recovery) = Log::open(dir.path(), Options::new()).unwrap();
            assert_eq!((recovery.torn_bytes, log.len()), (0, 3));
        }
    }

    /// A device that breaks, other than one that fills up, poisons. A directory refuses to be written.
    #[test]
    fn a_failed_write_poisons_in_every_mode_and_its_value_stays_readable() {
        for mode in [SyncMode::Never, SyncMode::EverySec, SyncMode::Always] {
            let (_dir, log) = open(mode);
            lock(&log.engine.tail).active_without_file();
            let lsn = log.put(b"key", b"value", None).unwrap();
            // The background sync may come first; then this caller hears of the poison.
            let error = log.commit(lsn).unwrap_err();
            assert!(matches!(error, LogError::Write { .. } | LogError::Poisoned { .. }), "{error}");
            assert_poisoned_but_readable(&log, lsn);
            assert_eq!(log.get(b"key").unwrap().unwrap().value, b"value");
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        struct Unpark(thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Arc::new(Unpark(thread::current())).into();
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
                return output;
            }
            thread::park();
        }
    }
}
