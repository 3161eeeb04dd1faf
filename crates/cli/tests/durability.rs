//! What was acknowledged is there after the server ended, in good order or by a crash, and what was deleted is not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Instant, UNIX_EPOCH},
};

use nuthatch_resp::Value;
use support::{PATIENCE, Random, Resp, Server, nuthatch, run, seed, shown};

/// How a server ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Terminated,
    Killed,
}

impl End {
    const BOTH: [Self; 2] = [Self::Terminated, Self::Killed];

    fn of(self, server: Server) {
        match self {
            Self::Terminated => assert_eq!(server.terminate().code(), Some(0), "SIGTERM ends with 0"),
            Self::Killed => server.kill(),
        }
    }
}

#[test]
fn values_times_and_media_types_survive_the_end_of_the_server() {
    for (end, sync) in [End::Terminated, End::Killed, End::Killed, End::Killed]
        .into_iter()
        .zip(["everysec", "always", "everysec", "never"])
    {
        let dir = tempfile::tempdir().unwrap();
        let flags = ["--sync", sync];
        let server = Server::on_log(dir.path(), &flags);
        let mut client = server.connect();
        let binary: Vec<u8> = (0..=255).collect();
        client.expect(&["SET", "plain", "value"], "OK");
        client.expect(&[&b"SET"[..], &binary, &binary], "OK");
        client.expect(&["SET", "", "under the empty key"], "OK");
        client.expect(&["SET", "empty", ""], "OK");
        client.expect(&["MSET", "a", "1", "b", "2", "a", "3"], "OK");
        client.expect(&["SET", "expiring", "v", "PXAT", "33177117420123"], "OK");
        client.expect(&["SET", "moved", "v", "PXAT", "33177117420123"], "OK");
        client.expect(&["PEXPIREAT", "moved", "33177117420999"], "1");
        client.expect(&["SET", "persisted", "v", "PXAT", "33177117420123"], "OK");
        client.expect(&["PERSIST", "persisted"], "1");
        client.expect(&["SET", "kept", "v", "PXAT", "33177117420123"], "OK");
        client.expect(&["SET", "kept", "w", "KEEPTTL"], "OK");
        client.expect(&["SET", "overwritten", "v", "PXAT", "33177117420123"], "OK");
        client.expect(&["SET", "overwritten", "w"], "OK");
        client.expect(&["SET", "deleted", "v"], "OK");
        client.expect(&["DEL", "deleted"], "1");
        client.expect(&["SET", "taken", "v"], "OK");
        client.expect(&["GETDEL", "taken"], "v");
        client.expect(&["SET", "ended", "v"], "OK");
        client.expect(&["EXPIRE", "ended", "-1"], "1");
        client.expect(&["INCRBY", "counter", "41"], "41");
        client.expect(&["INCR", "counter"], "42");
        client.expect(&["APPEND", "counter", "0"], "3");
        client.expect(&["INCRBYFLOAT", "sum", "0.1"], "0.1");
        assert_eq!(server.http("PUT", "/cache/page", &[("Content-Type", "text/html")], b"<p>").status, 201);
        assert_eq!(
            server.http("PUT", "/cache/typed?ttl=1d", &[("Content-Type", "text/x")], b"x").status,
            201
        );
        assert_eq!(server.http("PUT", "/cache/gone", &[], b"x").status, 201);
        assert_eq!(server.http("DELETE", "/cache/gone", &[], b"").status, 204);
        let tag = server.http("GET", "/cache/page", &[], b"").header("etag").unwrap().to_owned();
        let typed_expires = shown(&client.call(&["PEXPIRETIME", "typed"]));
        end.of(server);

        // Twice: what was recovered is recovered again.
        for _ in 0..2 {
            let server = Server::on_log(dir.path(), &flags);
            let mut client = server.connect();
            for (key, value, expires) in [
                ("plain", "value", "-1"),
                ("", "under the empty key", "-1"),
                ("empty", "", "-1"),
                ("a", "3", "-1"),
                ("b", "2", "-1"),
                ("expiring", "v", "33177117420123"),
                ("moved", "v", "33177117420999"),
                ("persisted", "v", "-1"),
                ("kept", "w", "33177117420123"),
                ("overwritten", "w", "-1"),
                ("deleted", "(nil)", "-2"),
                ("taken", "(nil)", "-2"),
                ("ended", "(nil)", "-2"),
                ("gone", "(nil)", "-2"),
                ("counter", "420", "-1"),
                ("sum", "0.1", "-1"),
                ("typed", "x", &typed_expires),
            ] {
                assert_eq!(shown(&client.call(&["GET", key])), value, "{key:?}, {end:?}, {sync}");
                client.expect(&["PEXPIRETIME", key], expires);
            }
            assert_eq!(client.call(&[&b"GET"[..], &binary]), Value::Bulk(binary.clone()));
            client.expect(&["DBSIZE"], "15");
            let page = server.http("GET", "/cache/page", &[], b"");
            assert_eq!((&page.body[..], page.header("content-type")), (&b"<p>"[..], Some("text/html")));
            assert_eq!(page.header("etag"), Some(&tag[..]), "an entity tag outlives the server");
            assert_eq!(server.http("GET", "/cache/typed", &[], b"").header("content-type"), Some("text/x"));
            end.of(server);
        }
    }
}

#[test]
fn every_acknowledged_write_survives_a_crash_under_load_synced_always() {
    crash_under_load("always", 10);
}

#[test]
fn every_acknowledged_write_survives_a_crash_of_the_process_synced_every_second() {
    crash_under_load("everysec", 6);
}

#[test]
fn every_acknowledged_write_survives_a_crash_of_the_process_synced_never() {
    crash_under_load("never", 6);
}

/// Clients that write to keys of their own, and what they were told was written.
const CLIENTS: usize = 4;
const KEYS: usize = 20;

/// What one client sent and what was acknowledged, by the number of the write.
#[derive(Clone, Default)]
struct Told {
    sent: [u64; KEYS],
    acknowledged: [u64; KEYS],
    /// The highest sum that was acknowledged of the counter that all share.
    counter: u64,
    /// The highest number acknowledged and sent of the keys that are written as one.
    together: (u64, u64),
}

/// Writes from several clients until a random number of them is acknowledged, kills the server, and looks for what was
/// acknowledged after a restart; again and again on the same directory.
fn crash_under_load(sync: &str, rounds: u64) {
    let dir = tempfile::tempdir().unwrap();
    let seed = seed();
    let flags = ["--sync", sync, "--max-entries", "30"];
    let mut told = vec![Told::default(); CLIENTS];
    for round in 0..rounds {
        let server = Server::on_log(dir.path(), &flags);
        check(&server, &told, seed, round);
        let enough = 1 + Random(seed ^ round).next() % 1500;
        let acknowledged = AtomicU64::new(0);
        thread::scope(|scope| {
            for (number, told) in told.iter_mut().enumerate() {
                let (mut client, acknowledged) = (server.connect(), &acknowledged);
                scope.spawn(move || write_until_the_end(&mut client, number, told, acknowledged));
            }
            let started = Instant::now();
            while acknowledged.load(Ordering::Relaxed) < enough {
                assert!(started.elapsed() < PATIENCE, "the server acknowledges nothing");
                thread::yield_now();
            }
            server.kill();
        });
    }
    let server = Server::on_log(dir.path(), &flags);
    check(&server, &told, seed, rounds);
}

/// The keys that a client writes as one.
fn together(number: usize) -> Vec<String> {
    (0..100).map(|part| format!("{number}:together:{part}")).collect()
}

fn write_until_the_end(client: &mut Resp, number: usize, told: &mut Told, acknowledged: &AtomicU64) {
    for turn in 0.. {
        let key = turn % KEYS;
        let write = told.sent[key].max(told.acknowledged[key]) + 1;
        told.sent[key] = write;
        let text = write.to_string();
        match client.try_call(&["SET", &format!("{number}:{key}"), &text]) {
            Some(reply) => assert_eq!(shown(&reply), "OK"),
            None => return,
        }
        told.acknowledged[key] = write;
        acknowledged.fetch_add(1, Ordering::Relaxed);

        match client.try_call(&["INCR", "counter"]) {
            Some(Value::Integer(sum)) => told.counter = sum.unsigned_abs(),
            Some(reply) => panic!("{reply:?}"),
            None => return,
        }
        told.together.1 += 1;
        let text = told.together.1.to_string();
        let pairs = together(number).into_iter().flat_map(|key| [key, text.clone()]);
        let mset: Vec<String> = ["MSET".to_owned()].into_iter().chain(pairs).collect();
        match client.try_call(&mset) {
            Some(reply) => assert_eq!(shown(&reply), "OK"),
            None => return,
        }
        told.together.0 = told.together.1;
    }
}

/// Every key holds what was acknowledged last, or a later write that was on its way.
fn check(server: &Server, told: &[Told], seed: u64, round: u64) {
    let mut client = server.connect();
    let mut held = |key: &str| -> u64 {
        let reply = shown(&client.call(&["GET", key]));
        if reply == "(nil)" { 0 } else { reply.parse().unwrap() }
    };
    let at = format!("before round {round} of NUTHATCH_TEST_SEED={seed}");
    for (number, told) in told.iter().enumerate() {
        for key in 0..KEYS {
            let (value, acknowledged, sent) =
                (held(&format!("{number}:{key}")), told.acknowledged[key], told.sent[key]);
            assert!(
                (acknowledged..=sent).contains(&value),
                "{number}:{key} is {value}, acknowledged was {acknowledged}, sent {sent}; {at}"
            );
        }
        let mut values: Vec<u64> = together(number).iter().map(|key| held(key)).collect();
        values.dedup();
        assert_eq!(values.len(), 1, "a part of an MSET: {values:?}; {at}");
        assert!(
            (told.together.0..=told.together.1).contains(&values[0]),
            "{values:?}, {:?}; {at}",
            told.together
        );
    }
    let acknowledged = told.iter().map(|told| told.counter).max().unwrap();
    let counter = held("counter");
    assert!(counter >= acknowledged, "the counter is {counter}, acknowledged was {acknowledged}; {at}");
}

#[test]
fn a_server_that_ends_in_good_order_under_load_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let seed = seed();
    let mut told = vec![Told::default(); CLIENTS];
    for round in 0..3 {
        let server = Server::on_log(dir.path(), &["--sync", "everysec"]);
        let acknowledged = AtomicU64::new(0);
        thread::scope(|scope| {
            for (number, told) in told.iter_mut().enumerate() {
                let (mut client, acknowledged) = (server.connect(), &acknowledged);
                scope.spawn(move || write_until_the_end(&mut client, number, told, acknowledged));
            }
            while acknowledged.load(Ordering::Relaxed) < 1 + Random(seed ^ round).next() % 1000 {
                thread::yield_now();
            }
            assert_eq!(server.terminate().code(), Some(0));
        });
        check(&Server::on_log(dir.path(), &[]), &told, seed, round);
    }
}

#[test]
fn a_flush_is_not_undone_by_a_restart() {
    for end in End::BOTH {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::on_log(dir.path(), &["--sync", "always"]);
        let mut client = server.connect();
        for number in 0..100 {
            client.expect(&["SET", &format!("before:{number}"), "v"], "OK");
        }
        client.expect(&["FLUSHALL"], "OK");
        client.expect(&["SET", "after", "v"], "OK");
        end.of(server);

        let server = Server::on_log(dir.path(), &[]);
        server.connect().expect(&["DBSIZE"], "1");
        server.connect().expect(&["GET", "before:7"], "(nil)");
        server.connect().expect(&["GET", "after"], "v");
        server.connect().expect(&["FLUSHDB"], "OK");
        end.of(server);
        Server::on_log(dir.path(), &[]).connect().expect(&["DBSIZE"], "0");
    }
}

#[test]
fn what_memory_evicts_is_still_read() {
    for bound in [["--max-entries", "1"], ["--max-entries", "10"], ["--memory", "4KiB"]] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::on_log(dir.path(), &bound);
        let mut client = server.connect();
        let value = |number: usize| format!("value {number} ").repeat(1 + number % 50);
        for number in 0..1000 {
            client.expect(&["SET", &format!("k{number}"), &value(number)], "OK");
        }
        // Larger than memory as a whole, over a value that memory holds.
        let large = "x".repeat(100_000);
        client.expect(&["GET", "k1"], &value(1));
        client.expect(&["SET", "k1", &large], "OK");
        client.expect(&["GET", "k1"], &large);
        client.expect(&["SET", "k1", &value(1)], "OK");
        End::Killed.of(server);

        let server = Server::on_log(dir.path(), &bound);
        let mut client = server.connect();
        for number in (0..1000).chain((0..1000).rev()) {
            client.expect(&["GET", &format!("k{number}")], &value(number));
        }
        for number in (0..1000).step_by(2) {
            client.expect(&["DEL", &format!("k{number}")], "1");
        }
        for number in 0..1000 {
            let expected = if number % 2 == 0 { "(nil)".to_owned() } else { value(number) };
            client.expect(&["GET", &format!("k{number}")], &expected);
        }
        client.expect(&["DBSIZE"], "500");
    }
}

#[test]
fn without_a_log_what_memory_evicts_is_gone() {
    let server = Server::in_memory(&["--max-entries", "10"]);
    let mut client = server.connect();
    for number in 0..100 {
        client.expect(&["SET", &format!("k{number}"), "v"], "OK");
    }
    client.expect(&["DBSIZE"], "10");
}

#[test]
fn an_expired_key_does_not_come_back() {
    for end in End::BOTH {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::on_log(dir.path(), &["--sync", "always"]);
        let mut client = server.connect();
        client.expect(&["SET", "before the end", "v"], "OK");
        client.expect(&["SET", "before the end", "w", "PX", "1"], "OK");
        client.expect(&["SET", "stays", "v", "PX", "1"], "OK");
        client.expect(&["SET", "stays", "w"], "OK");
        let started = Instant::now();
        while shown(&client.call(&["GET", "before the end"])) != "(nil)" {
            assert!(started.elapsed() < PATIENCE, "a value with 1 ms to live is still there");
        }
        client.expect(&["SET", "in between", "v"], "OK");
        client.expect(&["PEXPIRE", "in between", "50"], "1");
        let Value::Integer(expires) = client.call(&["PEXPIRETIME", "in between"]) else {
            unreachable!("a time")
        };
        end.of(server);
        while UNIX_EPOCH.elapsed().unwrap().as_millis() < expires.max(0).unsigned_abs().into() {
            thread::yield_now();
        }

        let server = Server::on_log(dir.path(), &[]);
        let mut client = server.connect();
        for key in ["before the end", "in between"] {
            client.expect(&["GET", key], "(nil)");
            client.expect(&["EXISTS", key], "0");
            client.expect(&["PTTL", key], "-2");
            client.expect(&["SET", key, "v", "XX"], "(nil)");
        }
        client.expect(&["GET", "stays"], "w");
        client.expect(&["DBSIZE"], "1");
    }
}

/// In memory there is room for ten: the others are only in the log, where nothing reads them any more.
#[test]
fn expired_keys_are_reclaimed_though_nobody_asks_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let log = Server::on_log(dir.path(), &["--max-entries", "10"]);
    for server in [log, Server::in_memory(&[])] {
        let mut client = server.connect();
        for number in 0..1000 {
            client.expect(&["SET", &format!("k{number}"), "v", "PX", "1"], "OK");
        }
        client.expect(&["SET", "stays", "v"], "OK");
        let started = Instant::now();
        while shown(&client.call(&["DBSIZE"])) != "1" {
            assert!(started.elapsed() < PATIENCE, "{}", shown(&client.call(&["DBSIZE"])));
        }
    }
}

#[test]
fn a_second_server_on_the_same_directory_is_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    let first = Server::on_log(dir.path(), &[]);
    first.connect().expect(&["SET", "k", "v"], "OK");
    let second = run(&mut serve(dir.path()));
    assert_one_line(&second.stderr, &[&dir.path().display().to_string(), &first.pid().to_string(), "in use"]);
    assert_eq!((second.status.success(), &second.stdout[..]), (false, ""));
    first.connect().expect(&["GET", "k"], "v");

    // A crash leaves nothing behind that would keep the next one out.
    first.kill();
    Server::on_log(dir.path(), &[]).connect().expect(&["GET", "k"], "v");
}

#[test]
fn a_damaged_log_is_refused_until_it_is_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::on_log(dir.path(), &["--sync", "always"]);
    let mut client = server.connect();
    for number in 0..10 {
        client.expect(&["SET", &format!("k{number}"), &format!("value-of-{number}")], "OK");
    }
    End::Terminated.of(server);
    let segment = first_segment(dir.path());
    let mut bytes = fs::read(&segment).unwrap();
    let value = b"value-of-3";
    let at = bytes.windows(value.len()).position(|window| window == value).unwrap();
    bytes[at + 3] ^= 0x40;
    fs::write(&segment, &bytes).unwrap();

    for _ in 0..2 {
        let refused = run(&mut serve(dir.path()));
        let repair = format!("`nuthatch log repair {}`", dir.path().display());
        assert_one_line(&refused.stderr, &[&segment.display().to_string(), "damaged at byte ", &repair]);
        assert_eq!((refused.status.success(), &refused.stdout[..]), (false, ""));
        let offset = refused.stderr.split("at byte ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
        let offset: usize = offset.parse().unwrap();
        assert!(
            offset <= at && at < offset + 100,
            "the damage is in the record at {offset}, the byte at {at}"
        );
    }

    let repaired = run(nuthatch().args(["log", "repair", "--yes"]).arg(dir.path()));
    assert!(repaired.status.success(), "{}", repaired.stderr);
    assert!(
        repaired.stdout.contains("9 keys") && repaired.stdout.contains("1 damaged range"),
        "{}",
        repaired.stdout
    );
    let server = Server::on_log(dir.path(), &[]);
    let mut client = server.connect();
    for number in 0..10 {
        let expected = if number == 3 { "(nil)".to_owned() } else { format!("value-of-{number}") };
        client.expect(&["GET", &format!("k{number}")], &expected);
    }
    client.expect(&["SET", "k3", "anew"], "OK");
    End::Killed.of(server);
    Server::on_log(dir.path(), &[]).connect().expect(&["GET", "k3"], "anew");
}

#[test]
fn a_log_cut_short_by_a_crash_is_opened_without_its_last_write() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::on_log(dir.path(), &["--sync", "always"]);
    let mut client = server.connect();
    client.expect(&["SET", "before", "v"], "OK");
    client.expect(&["MSET", "together:1", "v", "together:2", "v", "together:3", "v"], "OK");
    End::Killed.of(server);
    let segment = first_segment(dir.path());
    let written = fs::read(&segment).unwrap();
    let first = written.windows(10).position(|window| window == b"together:1").unwrap();
    // A segment may be longer than what is in it.
    let end = written.iter().rposition(|byte| *byte != 0).unwrap();

    for cut in (first..=end).step_by(13).chain([end]) {
        fs::write(&segment, &written[..cut]).unwrap();
        // Twice: what was cut off does not come back.
        for _ in 0..2 {
            let server = Server::on_log(dir.path(), &[]);
            let mut client = server.connect();
            client.expect(&["GET", "before"], "v");
            client.expect(&["MGET", "together:1", "together:2", "together:3"], "(nil) (nil) (nil)");
            client.expect(&["DBSIZE"], "1");
            server.kill();
        }
    }
}

fn serve(dir: &Path) -> Command {
    let mut command = nuthatch();
    command.args(["serve", "--resp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--dir"]).arg(dir);
    command
}

fn first_segment(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).min().unwrap()
}

fn assert_one_line(text: &str, parts: &[&str]) {
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
}
