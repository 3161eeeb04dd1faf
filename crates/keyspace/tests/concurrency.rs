//! Many threads on few keys, with most of the keys not in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use nuthatch_keyspace::{Bound, Keyspace, Options};
use nuthatch_log::{Log, SyncMode};

const KEYS: u8 = 8;
const ROUNDS: i64 = 3_000;

#[test]
fn no_increment_is_lost_and_no_reader_sees_a_key_go_backwards() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), nuthatch_log::Options::new().sync(SyncMode::Never)).unwrap().0;
    let keyspace = Keyspace::on_log(&Options { bound: Bound::Entries(3), ..Options::default() }, log);
    let done = AtomicBool::new(false);
    let read = |key| keyspace.get(&[key]).unwrap().map_or(0, |value| number(value.bytes()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut seen = [0; KEYS as usize];
                while !done.load(Relaxed) {
                    for key in 0..KEYS {
                        let now = read(key);
                        assert!(now >= seen[usize::from(key)], "key {key} went back to {now}");
                        seen[usize::from(key)] = now;
                    }
                }
            });
        }
        let writers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for round in 0..ROUNDS {
                        keyspace.increment_by(&[(round % i64::from(KEYS)) as u8], 1).unwrap();
                    }
                })
            })
            .collect();
        let ended: Vec<_> = writers.into_iter().map(|writer| writer.join().is_ok()).collect();
        done.store(true, Relaxed);
        assert!(ended.into_iter().all(|ok| ok));
    });
    assert_eq!((0..KEYS).map(read).sum::<i64>(), 3 * ROUNDS);
}

#[test]
fn a_reader_sees_all_of_a_batch_or_none_once_its_writer_has_returned() {
    let keyspace = Keyspace::in_memory(&Options::default());
    thread::scope(|scope| {
        for writer in 0..4_u8 {
            let keyspace = &keyspace;
            scope.spawn(move || {
                for _ in 0..2_000 {
                    // Two orders of the same keys: stripes taken in the order given would deadlock.
                    let (first, second): (&[u8], &[u8]) =
                        if writer % 2 == 0 { (b"a", b"b") } else { (b"b", b"a") };
                    keyspace.set_many(&[(first, &[writer]), (second, &[writer])]).unwrap();
                }
            });
        }
    });
    assert_eq!(keyspace.get(b"a").unwrap(), keyspace.get(b"b").unwrap());
}

fn number(text: &[u8]) -> i64 {
    str::from_utf8(text).unwrap().parse().unwrap()
}
