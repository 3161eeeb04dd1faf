//! Every command answers byte for byte as a real Redis does, in both dialects, over memory alone and over a log.
//!
//! The same requests go to a `redis-server` that the test starts and to two servers of ours: one without a log, one whose
//! memory has so little room that most reads come from the log.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Instant,
};

use nuthatch_resp::Value;
use support::{PATIENCE, Random, Resp, Server, request, seed, shown};
use tempfile::TempDir;

/// One line is one request. Lines of one script follow each other; each script starts with no keys. `""` is empty,
/// `\xHH` a byte. A line that starts with `~` gets about the same number: it depends on when it is asked. One that starts
/// with `?` gets a reply of the same shape.
const SCRIPTS: &[(&str, &str)] = &[
    (
        "strings",
        r#"
        GET k
        SET k v
        GET k
        get k
        GeT k
        GET
        GET k k
        SET
        SET k
        SET k ""
        GET k
        STRLEN k
        SET "" empty-key
        GET ""
        EXISTS ""
        STRLEN ""
        TYPE ""
        APPEND "" !
        GET ""
        DEL ""
        GET ""
        DEL ""
        SET \x00 zero
        SET \x00\x00 zeros
        MGET "" \x00 \x00\x00 \x00\x00\x00
        SET \xff\x00\r\n\x80 \x00\xff\r\n\x80
        GET \xff\x00\r\n\x80
        STRLEN \xff\x00\r\n\x80
        STRLEN missing
        STRLEN
        APPEND a x
        APPEND a yz
        APPEND a ""
        APPEND missing ""
        EXISTS missing
        APPEND a
        GET a
        GETSET a new
        GETSET b new
        GETSET a
        GET a
        GETDEL a
        GETDEL a
        GETDEL
        GETDEL a b
        SETNX n 1
        SETNX n 2
        SETNX n
        GET n
        DBSIZE
        DBSIZE x
        "#,
    ),
    (
        "set with options",
        r#"
        SET k v NX
        SET k w NX
        SET k w nx
        GET k
        SET k w XX
        SET missing w XX
        GET k
        GET missing
        SET k v NX XX
        SET k v XX NX
        SET k v NX NX
        SET k v XX XX
        SET k v foo
        SET k v NX foo
        SET k v GET
        SET k w GET
        SET new w GET
        SET k x GET XX
        SET k x XX GET
        SET missing x XX GET
        SET k y NX GET
        SET other y NX GET
        GET other
        SET k v GET GET
        SET k v EX 100
        ~TTL k
        SET k v PX 100000
        ~PTTL k
        SET k v EXAT 33177117420
        EXPIRETIME k
        SET k v PXAT 33177117420123
        PEXPIRETIME k
        EXPIRETIME k
        SET k w KEEPTTL
        PEXPIRETIME k
        SET k w keepttl XX GET
        PEXPIRETIME k
        SET k w
        PEXPIRETIME k
        SET fresh w KEEPTTL
        TTL fresh
        SET k v EX 10 NX
        TTL k
        SET k v EX 100 XX
        ~TTL k
        SET k v EX 100 PX 100
        SET k v EX 100 EX 100
        SET k v EX 100 KEEPTTL
        SET k v KEEPTTL KEEPTTL
        SET k v KEEPTTL EX 100
        SET k v PXAT 1 EXAT 1
        SET k v EX
        SET k v PX
        SET k v EXAT
        SET k v PXAT
        SET k v EX abc
        SET k v EX 1.5
        SET k v EX ""
        SET k v EX 0
        SET k v PX 0
        SET k v EXAT 0
        SET k v PXAT 0
        SET k v EX -1
        SET k v PX -1
        SET k v EXAT -1
        SET k v PXAT -1
        SET k v EX 9223372036854775807
        SET k v EX 9223372036854776
        SET k v EX 9223372036854775808
        SET k v PX 9223372036854775807
        SET k v EXAT 9223372036854775807
        SET k v EXAT 9223372036854776
        SET k v EX -9223372036854775808
        SET k v EX abc NX XX
        SET k v EX 0 foo
        SET k v NX GET EX abc
        GET k
        SET k v PXAT 9223372036854775807
        PEXPIRETIME k
        SET k v EXAT 9223372036854775
        EXPIRETIME k
        SET k v EXAT 1
        GET k
        EXISTS k
        SET k v
        SET k w PXAT 1 GET
        GET k
        SET k v EX 10 GET NX
        GET k
        SETEX k 100 v
        ~TTL k
        SETEX k 0 v
        SETEX k -1 v
        SETEX k abc v
        SETEX k 9223372036854775807 v
        SETEX k 100
        SETEX k 100 v x
        PSETEX k 100000 v
        ~PTTL k
        PSETEX k 0 v
        PSETEX k -1 v
        PSETEX k abc v
        PSETEX k 9223372036854775807 v
        PSETEX k 100
        SETNX k v
        ~TTL k
        GETSET k v
        TTL k
        "#,
    ),
    (
        "integers",
        r#"
        INCR n
        INCR n
        INCRBY n 40
        DECR n
        DECRBY n 41
        GET n
        INCR
        INCR n n
        INCRBY n
        INCRBY n abc
        INCRBY n 1.5
        INCRBY n ""
        INCRBY n 01
        INCRBY n +1
        INCRBY n -0
        INCRBY n 9223372036854775808
        INCRBY n 9223372036854775807
        INCR n
        INCRBY n 1
        DECRBY n -1
        GET n
        SET n -9223372036854775808
        DECR n
        DECRBY n 1
        INCRBY n -1
        DECRBY n -9223372036854775808
        DECRBY n abc
        DECRBY n
        DECRBY n 9223372036854775808
        INCRBY n 9223372036854775807
        SET n abc
        INCR n
        DECR n
        INCRBY n 1
        SET n ""
        INCR n
        SET n 1.5
        INCR n
        SET n 010
        INCR n
        SET n 9223372036854775808
        INCR n
        SET n 5 PXAT 33177117420123
        INCR n
        PEXPIRETIME n
        APPEND n 0
        PEXPIRETIME n
        INCR n
        DEL n
        DECR n
        "#,
    ),
    (
        // Sums whose digits depend on the width of the machine's floating point are in a test of their own.
        "floats",
        r#"
        INCRBYFLOAT f 0.1
        INCRBYFLOAT f 0.2
        GET f
        INCRBYFLOAT f -0.3
        INCRBYFLOAT f 0
        INCRBYFLOAT f -0.0
        INCRBYFLOAT f 5e3
        INCRBYFLOAT f 2.0e2
        INCRBYFLOAT f -5200
        INCRBYFLOAT f 10.5
        INCRBYFLOAT f 0.1
        INCRBYFLOAT f -5
        INCRBYFLOAT f 1e-5
        INCRBYFLOAT f .5
        INCRBYFLOAT f 5.
        INCRBYFLOAT f +5
        INCRBYFLOAT f 1E2
        SET f 3.0
        INCRBYFLOAT f 0
        SET f 100
        INCRBYFLOAT f 1000000000000
        INCRBYFLOAT f 1000000000000000000
        INCRBYFLOAT f 0.5
        SET f 1e17
        INCRBYFLOAT f 0.5
        SET f 1e-18
        INCRBYFLOAT f 1e-18
        SET f 0.00000000000000001
        INCRBYFLOAT f 0.00000000000000001
        SET f 9007199254740993
        INCRBYFLOAT f 1
        SET f 5 PXAT 33177117420123
        INCRBYFLOAT f 0.5
        PEXPIRETIME f
        SET f abc
        INCRBYFLOAT f 1
        INCRBYFLOAT missing abc
        INCRBYFLOAT missing ""
        INCRBYFLOAT missing 1x
        INCRBYFLOAT missing nan
        INCRBYFLOAT missing inf
        INCRBYFLOAT missing -inf
        EXISTS missing
        SET f ""
        INCRBYFLOAT f 1
        SET f "\x201"
        INCRBYFLOAT f 1
        SET f inf
        INCRBYFLOAT f 1
        SET f nan
        INCRBYFLOAT f 1
        INCRBYFLOAT f
        INCRBYFLOAT f 1 2
        "#,
    ),
    (
        "many keys at once",
        r#"
        MSET a 1 b 2 c 3
        MGET a b missing c a
        MGET missing
        MGET
        MSET
        MSET a
        MSET a 1 b
        MSET a 1 a 2
        GET a
        SET t v PXAT 33177117420123
        MSET t w
        PEXPIRETIME t
        EXISTS a b a missing
        EXISTS
        TOUCH a b a missing
        TOUCH
        DEL a missing a
        DEL
        UNLINK b c missing
        UNLINK
        DBSIZE
        MSET "" 1 \x00 2
        MGET \x00 ""
        DEL "" \x00
        "#,
    ),
    (
        "expiry",
        r#"
        EXPIRE k 100
        PEXPIRE k 100
        EXPIREAT k 33177117420
        PEXPIREAT k 33177117420123
        TTL k
        PTTL k
        EXPIRETIME k
        PEXPIRETIME k
        PERSIST k
        TYPE k
        SET k v
        TTL k
        PTTL k
        EXPIRETIME k
        PEXPIRETIME k
        PERSIST k
        TYPE k
        EXPIRE k 100
        ~TTL k
        ~PTTL k
        ~EXPIRETIME k
        ~PEXPIRETIME k
        GET k
        PERSIST k
        TTL k
        PEXPIRE k 100000
        ~PTTL k
        EXPIREAT k 33177117420
        EXPIRETIME k
        PEXPIREAT k 33177117420500
        EXPIRETIME k
        PEXPIREAT k 33177117420499
        EXPIRETIME k
        PEXPIRETIME k
        PEXPIREAT k 33177117420498 NX
        PEXPIREAT k 33177117420499 GT
        PEXPIREAT k 33177117420498 GT
        PEXPIREAT k 33177117420500 GT
        PEXPIRETIME k
        PEXPIREAT k 33177117420500 LT
        PEXPIREAT k 33177117420501 LT
        PEXPIREAT k 33177117420400 LT
        PEXPIRETIME k
        PEXPIREAT k 33177117420300 XX
        PEXPIREAT k 33177117420301 XX GT
        PEXPIREAT k 33177117420300 xx lt
        PEXPIRETIME k
        PERSIST k
        PEXPIREAT k 33177117420300 XX
        PEXPIREAT k 33177117420300 GT
        TTL k
        PEXPIREAT k 33177117420300 LT
        PERSIST k
        PEXPIREAT k 33177117420300 NX NX
        EXPIREAT k 33177117421 GT GT
        PEXPIRETIME k
        EXPIRE k 100 NX XX
        EXPIRE k 100 NX GT
        EXPIRE k 100 NX LT
        EXPIRE k 100 GT LT
        EXPIRE k 100 XX GT LT
        EXPIRE k 100 foo
        EXPIRE k 100 NX foo
        PEXPIRE k 100 ""
        EXPIREAT k 100 foo
        PEXPIREAT k 100 foo
        EXPIRE k abc NX XX
        EXPIRE k abc foo
        EXPIRE k abc
        EXPIRE k 1.5
        EXPIRE k ""
        EXPIRE k 9223372036854775807
        EXPIRE k 9223372036854776
        EXPIRE k -9223372036854775808
        EXPIRE k 9223372036854775808
        PEXPIRE k 9223372036854775807
        EXPIREAT k 9223372036854775807
        EXPIREAT k -9223372036854775808
        EXPIRE missing 9223372036854775807
        EXPIRE missing abc
        EXPIRE
        EXPIRE k
        PEXPIRE k
        EXPIREAT k
        PEXPIREAT k
        TTL
        PTTL
        EXPIRETIME
        PEXPIRETIME k k
        PERSIST
        PERSIST k k
        GET k
        PEXPIREAT k 9223372036854775807
        PEXPIRETIME k
        EXPIRE k -1
        EXISTS k
        GET k
        SET k v
        EXPIRE k 0
        GET k
        SET k v
        PEXPIRE k -9223372036854775808
        GET k
        SET k v
        EXPIREAT k 1
        GET k
        SET k v
        PEXPIREAT k 0
        GET k
        SET k v
        EXPIRE k -1 NX
        GET k
        SET k v
        EXPIRE k -1 XX
        GET k
        EXPIRE k -1 GT
        GET k
        EXPIRE k -1 LT
        GET k
        DBSIZE
        "#,
    ),
    (
        "iteration",
        r#"
        SCAN 0
        SET only v
        SCAN 0
        SCAN 0 COUNT 100
        SCAN 0 MATCH o* COUNT 100
        SCAN 0 MATCH x* COUNT 100
        SCAN 0 TYPE string COUNT 100
        SCAN 0 type STRING count 100
        SCAN 0 TYPE list COUNT 100
        SCAN 0 COUNT 1 COUNT 100
        SCAN 0 COUNT 0
        SCAN 0 COUNT -1
        SCAN 0 COUNT abc
        SCAN 0 COUNT
        SCAN 0 MATCH
        SCAN 0 TYPE
        SCAN 0 foo
        SCAN 0 foo bar
        SCAN abc
        SCAN 1.5
        SCAN 18446744073709551616
        SCAN abc COUNT abc
        SCAN
        FLUSHALL
        SCAN 0
        SET a 1
        FLUSHDB
        GET a
        SET a 1
        FLUSHALL SYNC
        SET a 1
        FLUSHALL async
        SET a 1
        FLUSHDB SYNC
        FLUSHDB ASYNC
        GET a
        FLUSHALL foo
        FLUSHDB foo
        FLUSHALL SYNC ASYNC
        FLUSHDB SYNC ASYNC
        DBSIZE
        "#,
    ),
    (
        "connection",
        r#"
        PING
        ping
        PING hello
        PING ""
        PING a b
        ECHO hello
        ECHO ""
        ECHO \x00\xff
        ECHO
        ECHO a b
        SELECT 0
        SELECT abc
        SELECT
        SELECT 0 0
        AUTH
        AUTH secret
        AUTH default secret
        AUTH someone secret
        AUTH a b c
        ?CLIENT ID
        CLIENT ID x
        CLIENT GETNAME
        CLIENT SETNAME me
        CLIENT GETNAME
        client getname
        CLIENT SETNAME ""
        CLIENT GETNAME
        CLIENT SETNAME "a\x20b"
        CLIENT SETNAME a\nb
        CLIENT SETNAME \xff
        CLIENT SETNAME
        CLIENT SETNAME a b
        CLIENT GETNAME x
        CLIENT
        CLIENT foo
        CLIENT foo bar
        HELLO 1
        HELLO 4
        HELLO abc
        HELLO 2 foo
        HELLO 2 SETNAME
        HELLO 2 AUTH
        HELLO 2 AUTH default
        HELLO 2 AUTH someone secret
        HELLO 2 SETNAME "a\x20b"
        CLIENT GETNAME
        "#,
    ),
    (
        "hello in resp2",
        r#"
        ?HELLO 2
        ?HELLO
        ?HELLO 2 SETNAME me
        CLIENT GETNAME
        ?HELLO 2 AUTH default secret
        ?HELLO 2 AUTH default secret SETNAME you
        CLIENT GETNAME
        ?HELLO 3
        GET missing
        ?HELLO
        ?HELLO 2
        GET missing
        "#,
    ),
    (
        "server",
        r#"
        ?INFO
        ?INFO server
        ?INFO SERVER clients
        INFO nothing-of-the-kind
        CONFIG
        CONFIG foo
        CONFIG foo bar
        CONFIG GET
        CONFIG SET
        CONFIG SET maxmemory
        CONFIG SET nothing-of-the-kind 1
        CONFIG SET a 1 b
        CONFIG GET nothing-of-the-kind
        CONFIG GET save
        CONFIG GET appendonl[xz]
        COMMAND foo
        COMMAND COUNT x
        COMMAND INFO nothing-of-the-kind
        COMMAND INFO nothing-of-the-kind neither
        COMMAND DOCS nothing-of-the-kind
        foo
        foo bar
        foo bar "" baz
        foo \r\n
        a-command-whose-name-is-longer-than-any aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbb
        foo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccc
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        QUIT
        "#,
    ),
];

/// Where we differ on purpose: the request, our reply, and why it is not that of Redis.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("SELECT 1", "ERR DB index is out of range; this server has the one database 0", "there is one database"),
    (
        "SELECT -1",
        "ERR DB index is out of range; this server has the one database 0",
        "the message names the way out",
    ),
    ("SCAN \"\"", "ERR invalid cursor", "Redis takes no digits for zero"),
    ("SCAN -1", "ERR invalid cursor", "Redis takes a negative cursor for a huge one"),
    (
        "foo \\x00\\xff",
        r"ERR unknown command 'foo', with args beginning with: '\x00\xef\xbf\xbd' ",
        "Redis ends at a zero byte",
    ),
];

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

/// A command on one of a few keys. Times to expire at are given absolutely, centuries ahead or in the past, so that no
/// reply depends on the moment.
fn random_command(random: &mut Random) -> (Agreement, Vec<Vec<u8>>) {
    const KEYS: &[&[u8]] =
        &[b"a", b"b", b"c", b"d", b"", b"\0", b"\0\0", b"\xff\r\n", b"key:with:a:longer:name", b"n"];
    const VALUES: &[&[u8]] = &[
        b"",
        b"0",
        b"1",
        b"-7",
        b"41",
        b"3.25",
        b"-0.5",
        b"10.125",
        b"text",
        b"\0\xff\r\n",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"01",
        b" 1",
    ];
    const INTEGERS: &[&[u8]] =
        &[b"1", b"-1", b"0", b"1000", b"9223372036854775807", b"-9223372036854775808", b"x"];
    // Numbers to add as floating point have keys of their own and few binary digits: see the test on decimal sums.
    const FLOAT_KEYS: &[&[u8]] = &[b"float:1", b"float:2"];
    const FLOATS: &[&[u8]] = &[b"0.5", b"-0.25", b"2.5e1", b"7", b"-3.75", b"1e6", b".125", b"x", b""];
    // SET leaves what is past to be found by the next reader in Redis, and DBSIZE counts it till then.
    const FUTURE: &[&[u8]] = &[b"33177117420", b"33177117421", b"44177117420", b"0", b"-5", b"x"];
    const FUTURE_MILLIS: &[&[u8]] = &[b"33177117420123", b"33177117420124", b"44177117420999", b"0", b""];
    const TIMES: &[&[u8]] =
        &[b"33177117420", b"33177117421", b"33177117999", b"44177117420", b"1", b"0", b"-5", b"x"];
    const MILLIS: &[&[u8]] =
        &[b"33177117420123", b"33177117420124", b"33177117421000", b"44177117420999", b"1", b"0", b"-5", b""];
    const CONDITIONS: &[&[u8]] = &[b"NX", b"XX", b"GT", b"LT", b"nx", b"zz"];
    const UPDATES: &[&[u8]] = &[b"INCR", b"DECR", b"GETDEL", b"PERSIST"];
    const READS: &[&[u8]] =
        &[b"GET", b"STRLEN", b"TTL", b"EXPIRETIME", b"PEXPIRETIME", b"TYPE", b"EXISTS", b"TOUCH"];

    let key = |random: &mut Random| random.pick(KEYS).to_vec();
    let value = |random: &mut Random| {
        // Now and then one that does not fit beside others.
        if random.below(40) == 0 { random.bytes(5000) } else { random.pick(VALUES).to_vec() }
    };
    let word = |text: &str| text.as_bytes().to_vec();
    let mut command = match random.below(20) {
        0..=3 => vec![random.pick(READS).to_vec(), key(random)],
        4..=6 => {
            let mut set = vec![word("SET"), key(random), value(random)];
            for _ in 0..random.below(4) {
                match random.below(7) {
                    0 => set.push(word("NX")),
                    1 => set.push(word("XX")),
                    2 => set.push(word("GET")),
                    3 => set.push(word("KEEPTTL")),
                    4 => set.extend([word("EXAT"), random.pick(FUTURE).to_vec()]),
                    5 => set.extend([word("PXAT"), random.pick(FUTURE_MILLIS).to_vec()]),
                    _ => set.push(word("xx")),
                }
            }
            set
        }
        7 => vec![random.pick(UPDATES).to_vec(), key(random)],
        8 => vec![word("INCRBY"), key(random), random.pick(INTEGERS).to_vec()],
        9 => vec![word("DECRBY"), key(random), random.pick(INTEGERS).to_vec()],
        10 => vec![word("INCRBYFLOAT"), random.pick(FLOAT_KEYS).to_vec(), random.pick(FLOATS).to_vec()],
        11 => vec![word("APPEND"), key(random), random.pick(VALUES).to_vec()],
        12 => vec![word("GETSET"), key(random), value(random)],
        13 => vec![word("SETNX"), key(random), value(random)],
        14 | 15 => {
            let (name, times) = *random.pick(&[("EXPIREAT", TIMES), ("PEXPIREAT", MILLIS)]);
            let mut expire = vec![word(name), key(random), random.pick(times).to_vec()];
            expire.extend((0..random.below(3)).map(|_| random.pick(CONDITIONS).to_vec()));
            expire
        }
        16 => {
            let mut mset = vec![word("MSET")];
            for _ in 0..1 + random.below(4) {
                mset.extend([key(random), value(random)]);
            }
            mset
        }
        17 => {
            let name = *random.pick(&["MGET", "MGET", "DEL", "UNLINK", "EXISTS", "TOUCH"]);
            let mut many = vec![word(name)];
            many.extend((0..1 + random.below(5)).map(|_| key(random)));
            many
        }
        18 => vec![word("DBSIZE")],
        _ if random.below(20) == 0 => vec![word("FLUSHALL")],
        _ => vec![word("SET"), random.pick(FLOAT_KEYS).to_vec(), random.pick(FLOATS).to_vec()],
    };
    // Now and then one argument too few or too many.
    match random.below(60) {
        0 if command.len() > 1 => drop(command.pop()),
        1 => command.push(word("extra")),
        _ => {}
    }
    // TTL counts down from now, which the two are not asked at the same moment.
    let kind = if command[0] == b"TTL" { Agreement::Near } else { Agreement::Exact };
    (kind, command)
}

/// How a reply of ours must agree with that of Redis.
#[derive(Clone, Copy)]
enum Agreement {
    Exact,
    /// Numbers that lie at most a minute apart, whichever unit they count in.
    Near,
    /// The same type, and for maps the same keys among ours.
    Shape,
}

fn parse(line: &str) -> (Agreement, Vec<Vec<u8>>) {
    let (kind, line) = match line.as_bytes() {
        [b'~', ..] => (Agreement::Near, &line[1..]),
        [b'?', ..] => (Agreement::Shape, &line[1..]),
        _ => (Agreement::Exact, line),
    };
    (kind, line.split(' ').map(|word| unescape(word.trim_matches('"'))).collect())
}

fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let (byte, len) = match rest.get(..2) {
            Some("\\x") => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
            Some("\\r") => (b'\r', 2),
            Some("\\n") => (b'\n', 2),
            _ => (u8::try_from(first).unwrap(), 1),
        };
        bytes.push(byte);
        rest = &rest[len..];
    }
    bytes
}

fn agree(kind: Agreement, expected: &[u8], got: &[u8]) -> bool {
    match kind {
        Agreement::Exact => expected == got,
        Agreement::Near => match (decode(expected), decode(got)) {
            (Value::Integer(a), Value::Integer(b)) => a == b || (a > 0 && b > 0 && a.abs_diff(b) <= 60_000),
            _ => expected == got,
        },
        Agreement::Shape => match (decode(expected), decode(got)) {
            (Value::Map(a), Value::Map(b)) => a.iter().map(|(key, _)| key).eq(b.iter().map(|(key, _)| key)),
            (Value::Array(a), Value::Array(b)) => {
                a.iter().step_by(2).eq(b.iter().step_by(2)) && a.len() == b.len()
            }
            _ => expected.first() == got.first(),
        },
    }
}

fn decode(reply: &[u8]) -> Value {
    nuthatch_resp::Decoder::default().decode(reply, &mut 0).unwrap().unwrap()
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

/// A real Redis on a socket of its own.
struct Redis {
    child: Child,
    dir: TempDir,
}

impl Redis {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "redis.sock"])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("these tests compare with a real Redis: install redis-server");
        let redis = Self { child, dir };
        let started = Instant::now();
        while Resp::over_unix(&redis.socket()).is_err() {
            assert!(
                started.elapsed() < PATIENCE,
                "redis-server does not answer on {}",
                redis.socket().display()
            );
            std::thread::yield_now();
        }
        redis
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("redis.sock")
    }

    fn connect(&self) -> Resp {
        Resp::over_unix(&self.socket()).unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ours, by what is underneath.
struct Subjects {
    servers: [(&'static str, Server); 2],
    _dir: TempDir,
}

impl Subjects {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let servers = [
            ("in memory", Server::in_memory(&[])),
            ("mostly from the log", Server::on_log(dir.path(), &["--max-entries", "2", "--sync", "never"])),
        ];
        Self { servers, _dir: dir }
    }
}
