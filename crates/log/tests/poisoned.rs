//! After a failed write the log takes no more writes, and goes on to serve reads.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{env, fs, process::Command};

use nuthatch_log::{Log, LogError, Options, SyncMode};
use support::{content, open, options, segment, value};

const CHILD_DIR: &str = "NUTHATCH_LOG_TEST_DIR";

/// The system refuses to let files grow beyond a limit. A process cannot set that for itself without unsafe code, so
/// the shell sets it for a copy of this test.
#[test]
fn a_full_disk_poisons_the_log_and_loses_nothing_acknowledged() {
    if let Some(dir) = env::var_os(CHILD_DIR) {
        return write_until_refused(dir.as_ref());
    }
    let dir = tempfile::tempdir().unwrap();
    // Through a pipe: the limit is also one on a file that this test's output goes to.
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64 || exit 99; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "a_full_disk_poisons_the_log_and_loses_nothing_acknowledged", "--nocapture"])
        .env(CHILD_DIR, dir.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    // The acknowledged ones are all there, also to a reader who comes later; what was refused may have left a torn tail.
    let acknowledged: u32 = fs::read_to_string(dir.path().join("acknowledged")).unwrap().parse().unwrap();
    let (log, recovery) = Log::open(dir.path(), Options::new()).unwrap();
    assert!(acknowledged > 10 && recovery.keys >= acknowledged as usize);
    for key in 0..acknowledged {
        assert_eq!(value(&log, key.to_le_bytes()), Some(vec![key as u8; 1000]));
    }
    log.put(b"room again", b"", None).unwrap();
    log.flush().unwrap();
}

fn write_until_refused(dir: &std::path::Path) {
    let (log, _) = Log::open(dir, Options::new().sync(SyncMode::Always)).unwrap();
    let mut acknowledged = 0;
    let refused = loop {
        let lsn = log.put(&u32::to_le_bytes(acknowledged), &[acknowledged as u8; 1000], None).unwrap();
        match log.commit(lsn) {
            Ok(()) => acknowledged += 1,
            Err(error) => break (lsn, error),
        }
    };
    let (lsn, error) = refused;
    assert!(matches!(&error, LogError::Write { path, .. } if *path == segment(dir, 1)), "{error}");
    assert!(matches!(log.commit(lsn), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.put(b"new", b"", None), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.clear(), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.flush(), Err(LogError::Poisoned { .. })));
    assert!(log.stats().poisoned);
    assert_eq!(value(&log, 0_u32.to_le_bytes()), Some(vec![0; 1000]));
    assert_eq!(content(&log).len(), acknowledged as usize + 1, "reads go on, also of what was not written");
    assert!(matches!(log.close(), Err(LogError::Poisoned { .. })));
    fs::write(dir.join("acknowledged"), acknowledged.to_string()).unwrap();
}

/// Sealing a segment writes too.
#[test]
fn a_segment_that_cannot_be_made_poisons_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path());
    fs::create_dir(segment(dir.path(), 2)).unwrap();
    let mut written = 0_u32;
    let error = loop {
        match log.put(&written.to_le_bytes(), &[1; 100], None).and_then(|lsn| log.commit(lsn)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, LogError::Write { path, .. } if *path == segment(dir.path(), 2)), "{error}");
    let error = log.put(b"again", b"", None).unwrap_err();
    assert!(error.to_string().contains("0000000002.seg"), "{error}");
    // The put that met the error is not known to be written, and not known not to be: it stays readable.
    assert_eq!(content(&log).len(), written as usize + 1);
    drop(log);
    fs::remove_dir(segment(dir.path(), 2)).unwrap();
    let (log, recovery) = Log::open(dir.path(), options()).unwrap();
    assert_eq!((log.len(), recovery.torn_bytes), (written as usize, 0));
}
