//! The specification is enough to read a store by: `oracle.py` was written from it, and finds what the log holds.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{fs, io, path::Path, process::Command};

use nuthatch_log::{Batch, Log};
use proptest::prelude::*;
use support::{MARK_BYTES, options, read_files, scratch, write_files};

/// What the second reader prints, or the line with which it refuses; `None` if this machine has no Python.
fn second_reader(dir: &Path) -> Option<Result<String, String>> {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle.py");
    match Command::new("python3").arg(oracle).arg(dir).output() {
        Ok(output) if output.status.success() => Some(Ok(String::from_utf8(output.stdout).unwrap())),
        Ok(output) => Some(Err(String::from_utf8(output.stderr).unwrap())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!(
                "SKIPPED: python3 is missing, so the log's format was not read by a second reader; install it"
            );
            None
        }
        Err(error) => unreachable!("cannot run python3: {error}"),
    }
}

/// The same in the same form, as the log sees it. Expired entries included: the second reader has no clock.
fn as_the_log_sees_it(log: &Log, torn: u64) -> String {
    let (_, mut keys) = log.scan(0, usize::MAX).unwrap();
    keys.sort();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let entry = log.get(key).unwrap().unwrap();
            let expires_at = entry.expires_at.unwrap_or(0);
            format!("[\"{}\", \"{}\", {}, {expires_at}]", hex(key), hex(&entry.value), entry.lsn.0)
        })
        .collect();
    format!("{{\"torn\": {torn}, \"entries\": [{}]}}\n", rows.join(", "))
}

#[derive(Clone, Debug)]
enum Step {
    Batch(Vec<(u8, Option<u16>)>),
    Flush,
    Trim,
    Clear,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let ops = prop::collection::vec((0..30_u8, prop::option::weighted(0.8, 0..900_u16)), 1..5);
    prop_oneof![
        20 => ops.prop_map(Step::Batch),
        4 => Just(Step::Flush),
        2 => Just(Step::Trim),
        1 => Just(Step::Clear),
        2 => Just(Step::Reopen),
    ]
}

fn write_history(dir: &Path, steps: &[Step]) -> Log {
    let mut log = Log::open(dir, options()).unwrap().0;
    for (round, step) in (0_u8..).zip(steps) {
        match step {
            Step::Batch(ops) => {
                let keys: Vec<_> = ops.iter().map(|(key, _)| vec![*key; usize::from(*key)]).collect();
                let values: Vec<_> =
                    ops.iter().map(|(_, len)| len.map(|len| vec![round; len.into()])).collect();
                let mut batch = Batch::new();
                for (key, value) in keys.iter().zip(&values) {
                    match value {
                        Some(value) => batch.put(key, value, (value.len() % 3 == 0).then_some(5000)).unwrap(),
                        None => batch.delete(key).unwrap(),
                    };
                }
                log.append(&batch).unwrap();
            }
            Step::Flush => log.flush().unwrap(),
            Step::Trim => drop(log.trim().unwrap()),
            Step::Clear => drop(log.clear().unwrap()),
            Step::Reopen => {
                log.close().unwrap();
                log = Log::open(dir, options()).unwrap().0;
            }
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_second_reader_finds_what_the_log_holds(steps in prop::collection::vec(step(), 1..60), cut in 0..400_usize) {
        let dir = scratch();
        let log = write_history(dir.path(), &steps);
        let expected = as_the_log_sees_it(&log, 0);
        log.close().unwrap();
        let Some(read) = second_reader(dir.path()) else { return Ok(()) };
        prop_assert_eq!(read, Ok(expected));
        // The same after a crash: without the mark, and cut anywhere.
        let mut files = read_files(dir.path());
        let mut last = files.last_entry().unwrap();
        let len = last.get().len();
        last.get_mut().truncate(len.saturating_sub(MARK_BYTES + cut));
        write_files(dir.path(), &files);
        let read = second_reader(dir.path()).unwrap();
        match Log::open(dir.path(), options()) {
            Ok((log, recovery)) => prop_assert_eq!(read, Ok(as_the_log_sees_it(&log, recovery.torn_bytes))),
            // The cut took more than a crash can: what says that older segments are gone.
            Err(error) => prop_assert!(read.is_err(), "only the log refuses: {error}"),
        }
    }
}

#[test]
fn a_second_reader_refuses_what_the_log_refuses() {
    let dir = scratch();
    let log = write_history(dir.path(), &[]);
    for key in 0..60_u8 {
        log.put(&[key; 9], &[key; 100], None).unwrap();
    }
    log.close().unwrap();
    let files = read_files(dir.path());
    assert!(files.len() > 1);
    for (name, bytes) in &files {
        for at in (0..bytes.len()).step_by(bytes.len() / 12) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            support::write_files_but(dir.path(), &files, name, &flipped);
            let Some(read) = second_reader(dir.path()) else { return };
            match Log::open(dir.path(), options()) {
                Ok((log, recovery)) => assert_eq!(read, Ok(as_the_log_sees_it(&log, recovery.torn_bytes))),
                Err(error) => {
                    let place = read.unwrap_err();
                    assert!(error.to_string().contains(place.trim_end()), "{error} or {place}");
                }
            }
        }
        fs::write(dir.path().join(name), bytes).unwrap();
    }
}
