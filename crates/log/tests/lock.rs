//! One log per directory at a time, and clear words for who comes second.

mod support;

use std::{fs, os::unix::fs::PermissionsExt};

use nuthatch_log::{Log, LogError};
use support::{open, options};

#[test]
fn a_second_opener_is_told_the_directory_and_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path());
    let error = Log::open(dir.path(), options()).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, LogError::Locked { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(message.contains(dir.path().to_str().unwrap()), "{message}");
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    log.close().unwrap();
    open(dir.path());
}

/// A future may outlive the log that it came from; the directory is free all the same.
#[test]
fn the_lock_is_given_up_with_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path());
    let lsn = log.put(b"key", b"value", None).unwrap();
    let future = log.committed(lsn);
    drop(log);
    open(dir.path());
    drop(future);
}

#[test]
fn a_path_that_cannot_be_a_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = Log::open(&path, options()).unwrap_err();
        assert!(matches!(&error, LogError::Directory { path: p, .. } if *p == path), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()));
    }
}

#[test]
fn an_unwritable_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(dir.path().join("probe"), "").is_ok() {
        return; // the superuser may write anywhere
    }
    let error = Log::open(dir.path(), options()).unwrap_err();
    assert!(matches!(&error, LogError::Directory { path, .. } if path.starts_with(dir.path())), "{error}");
}

#[test]
fn other_files_in_the_directory_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["notes.txt", "1.seg", "0000000007.seg.damaged"] {
        fs::write(dir.path().join(name), "mine").unwrap();
    }
    let (log, _) = open(dir.path());
    log.put(b"key", b"value", None).unwrap();
    log.clear().unwrap();
    log.close().unwrap();
    open(dir.path());
    for name in ["notes.txt", "1.seg", "0000000007.seg.damaged"] {
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), b"mine");
    }
}
