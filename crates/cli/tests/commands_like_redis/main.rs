//! Every command answers byte for byte as a real Redis does, in both dialects, over memory alone and over a log.
//!
//! The same requests go to a `redis-server` that the test starts and to two servers of ours: one without a log, one whose
//! memory has so little room that most reads come from the log.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests panics as a test does")]
mod agreement;
mod random;
mod scripts;
mod subjects;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use agreement::{agree, parse};
use nuthatch_resp::Value;
use random::random_command;
use scripts::{DIFFERENT, SCRIPTS};
use subjects::{Redis, Subjects};
use support::{Random, Resp, request, seed, shown};

#[test]
fn every_command_answers_as_redis_does() {
    let (redis, subjects) = (Redis::start(), Subjects::start());
    let mut differences = Vec::new();
    for (subject, server) in &subjects.servers {
        for dialect in ["2", "3"] {
            for (title, script) in SCRIPTS {
                let (mut theirs, mut ours) = (redis.connect(), server.connect());
                for client in [&mut theirs, &mut ours] {
                    client.call(&["HELLO", dialect]);
                    client.expect(&["FLUSHALL"], "OK");
                }
                for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    let (kind, words) = parse(line);
                    let wire = request(&words);
                    theirs.send(&wire);
                    ours.send(&wire);
                    let (expected, got) = (theirs.raw_reply(), ours.raw_reply());
                    if !agree(kind, &expected, &got) {
                        differences.push(format!(
                            "{subject}, RESP{dialect}, {title}: {line}\n  redis {}\n  ours  {}",
                            expected.escape_ascii(),
                            got.escape_ascii()
                        ));
                    }
                }
            }
        }
    }
    assert!(differences.is_empty(), "{} replies differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn what_differs_on_purpose_differs_as_the_list_says() {
    let (redis, subjects) = (Redis::start(), Subjects::start());
    for (_, server) in &subjects.servers {
        for (line, reply, why) in DIFFERENT {
            let (_, words) = parse(line);
            assert_ne!(shown(&redis.connect().call(&words)), *reply, "{line} no longer differs ({why})");
            server.connect().expect(&words, reply);
        }
    }
}

/// Redis adds in the widest floating point of its machine, of 64 or 113 bits, and where the digits of that run out it prints
/// what is left: 1000.19999999999999996 on one machine, 1000.2 on another. Ours adds decimals and is the same everywhere.
#[test]
fn decimal_sums_come_out_as_written_where_the_digits_of_redis_depend_on_its_machine() {
    let subjects = Subjects::start();
    for (_, server) in &subjects.servers {
        let mut client = server.connect();
        for (held, by, sum) in [
            ("1000.1", "0.1", "1000.2"),
            ("314.0", "-0.14", "313.86"),
            ("123456.789", "0.001", "123456.79"),
            ("1e30", "1", "1000000000000000000000000000000"),
            ("0", "0.333333333333333333", "0.3333333333333333"),
        ] {
            client.expect(&["SET", "f", held], "OK");
            client.expect(&["INCRBYFLOAT", "f", by], sum);
            client.expect(&["GET", "f"], sum);
        }
    }
}

#[test]
fn a_full_scan_returns_the_keys_that_redis_returns() {
    let (redis, subjects) = (Redis::start(), Subjects::start());
    let options: [&[&str]; 6] = [
        &[],
        &["COUNT", "1"],
        &["COUNT", "1000000"],
        &["MATCH", "key:1?"],
        &["MATCH", "*[^0-9]", "COUNT", "7"],
        &["TYPE", "string", "COUNT", "3"],
    ];
    let mut random = Random(7);
    let mut keys: Vec<Vec<u8>> = (0..300).map(|number| format!("key:{number}").into_bytes()).collect();
    keys.extend((0..50).map(|len| random.bytes(len)));
    keys.extend((0..4).map(|len| vec![0; len]));
    let mut theirs = redis.connect();
    fill(&mut theirs, &keys);
    for (subject, server) in &subjects.servers {
        let mut ours = server.connect();
        fill(&mut ours, &keys);
        for options in options {
            assert_eq!(scan(&mut ours, options), scan(&mut theirs, options), "{subject}: {options:?}");
        }
    }
}

#[test]
fn random_commands_answer_as_redis_does() {
    const COMMANDS: usize = 3000;
    let (redis, subjects) = (Redis::start(), Subjects::start());
    let seed = seed();
    for (round, dialect) in (0..).zip(["2", "3"]) {
        for (subject, server) in &subjects.servers {
            let mut random = Random(seed.wrapping_add(round));
            let (mut theirs, mut ours) = (redis.connect(), server.connect());
            for client in [&mut theirs, &mut ours] {
                client.call(&["HELLO", dialect]);
                client.expect(&["FLUSHALL"], "OK");
            }
            for number in 0..COMMANDS {
                let (kind, words) = random_command(&mut random);
                let wire = request(&words);
                theirs.send(&wire);
                ours.send(&wire);
                let (expected, got) = (theirs.raw_reply(), ours.raw_reply());
                assert!(
                    agree(kind, &expected, &got),
                    "{subject}, RESP{dialect}, command {number} of NUTHATCH_TEST_SEED={seed}: {}\n  redis {}\n  ours  {}",
                    words.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" "),
                    expected.escape_ascii(),
                    got.escape_ascii()
                );
            }
            assert_eq!(scan(&mut ours, &[]), scan(&mut theirs, &[]), "{subject}, NUTHATCH_TEST_SEED={seed}");
        }
    }
}

fn fill(client: &mut Resp, keys: &[Vec<u8>]) {
    client.expect(&["FLUSHALL"], "OK");
    for key in keys {
        client.expect(&[b"SET", &key[..], b"v"], "OK");
    }
}

/// The keys that a scan from start to end returns.
fn scan(client: &mut Resp, options: &[&str]) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let arguments = [&["SCAN", &cursor], options].concat();
        let Value::Array(page) = client.call(&arguments) else { unreachable!("SCAN returns an array") };
        let [next, Value::Array(found)] = &page[..] else { unreachable!("of a cursor and keys") };
        for key in found {
            let Value::Bulk(key) = key else { unreachable!("a key is a string") };
            keys.insert(key.clone());
        }
        cursor = shown(next);
        if cursor == "0" {
            return keys;
        }
    }
}
