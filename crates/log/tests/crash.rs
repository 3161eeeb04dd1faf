//! A process is killed while many threads write; what it acknowledged is there.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
};

use nuthatch_log::{Batch, Log, Options, SyncMode};
use support::value;

const CHILD_DIR: &str = "NUTHATCH_LOG_TEST_DIR";
const CHILD_MODE: &str = "NUTHATCH_LOG_TEST_MODE";
const THREADS: u32 = 8;

#[test]
fn acknowledged_writes_survive_kill_in_mode_always() {
    kill_and_check("acknowledged_writes_survive_kill_in_mode_always", SyncMode::Always);
}

#[test]
fn acknowledged_writes_survive_kill_in_mode_never() {
    kill_and_check("acknowledged_writes_survive_kill_in_mode_never", SyncMode::Never);
}

fn kill_and_check(test: &str, mode: SyncMode) {
    if let Some(dir) = env::var_os(CHILD_DIR) {
        if env::var(CHILD_MODE) == Ok(format!("{mode:?}")) {
            write_forever(dir.as_ref(), mode);
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    // Several lives of one store: the next one recovers what the last one left.
    for life in 0..4 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD_DIR, dir.path())
            .env(CHILD_MODE, format!("{mode:?}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..500 + life * 777 {
            read_ack(&lines.next().unwrap().unwrap(), &mut acknowledged);
        }
        child.kill().unwrap();
        // What was on its way through the pipe was acknowledged too; a last line may be cut.
        lines.map_while(Result::ok).for_each(|line| read_ack(&line, &mut acknowledged));
        child.wait().unwrap();

        let (log, _) = Log::open(dir.path(), options(mode)).unwrap();
        for (&thread, &round) in &acknowledged {
            let found = value(&log, key(thread, "a")).unwrap();
            let found_round = u64::from_le_bytes(found[..8].try_into().unwrap());
            assert!(
                found_round >= round,
                "thread {thread}: {round} was acknowledged, {found_round} is there"
            );
            assert_eq!(value(&log, key(thread, "b")), Some(found), "a batch is whole or absent");
            assert_eq!(value(&log, key(thread, "gone")), None, "a deleted key is back");
        }
    }
    assert_eq!(acknowledged.len(), THREADS as usize);
}

fn read_ack(line: &str, acknowledged: &mut BTreeMap<u32, u64>) {
    let mut words = line.split(' ');
    if let (Some("ack"), Some(thread), Some(round), Some("end")) =
        (words.next(), words.next(), words.next(), words.next())
    {
        acknowledged.insert(thread.parse().unwrap(), round.parse().unwrap());
    }
}

fn options(mode: SyncMode) -> Options {
    Options::new().segment_bytes(32 << 10).sync(mode)
}

fn key(thread: u32, name: &str) -> Vec<u8> {
    format!("{name}-{thread}").into_bytes()
}

/// Each thread overwrites its two keys in batches, with churn that keeps the trimmer busy, until it is killed.
fn write_forever(dir: &std::path::Path, mode: SyncMode) {
    let (log, _) = Log::open(dir, options(mode)).unwrap();
    let log = &log;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let (a, b, gone) = (key(thread, "a"), key(thread, "b"), key(thread, "gone"));
                let start = value(log, &a).map_or(0, |old| u64::from_le_bytes(old[..8].try_into().unwrap()));
                for round in start + 1.. {
                    let mut bytes = round.to_le_bytes().to_vec();
                    bytes.resize(8 + round as usize % 300, 7);
                    let mut batch = Batch::new();
                    batch.put(&gone, b"x", None).unwrap().put(&a, &bytes, None).unwrap();
                    batch.put(&b, &bytes, None).unwrap().delete(&gone).unwrap();
                    log.commit(log.append(&batch).unwrap()).unwrap();
                    let line = format!("ack {thread} {round} end\n");
                    if std::io::stdout().write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
}
