//! Who breaks the protocol is told how and is disconnected; who breaks a limit is told which; the others notice nothing.

mod support;

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
};

use nuthatch_resp::Value;
use support::{Random, Resp, Server, request, seed, shown};

#[test]
fn a_broken_request_gets_its_error_and_the_connection_ends() {
    let server = Server::in_memory(&[]);
    let mut bystander = server.connect();
    let long = |start: &[u8], byte: u8| [start, &vec![byte; 70_000]].concat();
    let cases: &[(&[u8], &str)] = &[
        (b"*abc\r\n", "invalid multibulk length"),
        (b"*1\r\r", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*1048577\r\n", "invalid multibulk length"),
        (b"*9223372036854775807\r\n", "invalid multibulk length"),
        (b"*99999999999999999999\r\n", "invalid multibulk length"),
        (b"*1\r\nPING\r\n", "expected '$', got 'P'"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
        (b"*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$', got '*'"),
        (b"*1\r\n\x00", "expected '$', got '\\x00'"),
        (b"*1\r\n$abc\r\n", "invalid bulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$-9223372036854775808\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$9223372036854775807\r\n", "invalid bulk length"),
        (b"*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
        (b"*1\r\n$\r\n", "invalid bulk length"),
        (b"*1\r\n$4\r\nPINGPONG\r\n", "expected CRLF after bulk"),
        (b"*1\r\n$4\r\nPING\n\r", "expected CRLF after bulk"),
        (b"*3\r\n$3\r\nSET\r\n$536870912\r\n", ""),
        (&long(b"*", b'1'), "too big mbulk count string"),
        (&long(b"*1\r\n$", b'1'), "too big bulk count string"),
        (&long(b"SET k ", b'v'), "too big inline request"),
        (b"SET k \"open\r\n", "unbalanced quotes in request"),
        (b"SET k \"closed\"early\r\n", "unbalanced quotes in request"),
        (b"SET k 'open\n", "unbalanced quotes in request"),
    ];
    for (bytes, error) in cases {
        let mut client = server.connect();
        client.send(&request(&["ECHO", "before"]));
        client.send(bytes);
        if error.is_empty() {
            // Large but allowed: the server waits for the rest, and reserves nothing like it meanwhile.
            assert_eq!(shown(&client.reply()), "before");
        } else {
            let expected = format!("$6\r\nbefore\r\n-ERR Protocol error: {error}\r\n");
            let got = String::from_utf8(client.rest()).unwrap();
            assert_eq!(got, expected, "{}", bytes[..bytes.len().min(60)].escape_ascii());
        }
        bystander.expect(&["PING"], "PONG");
    }
}

#[test]
fn what_precedes_a_broken_request_is_done_and_what_follows_is_not() {
    let server = Server::in_memory(&[]);
    let mut client = server.connect();
    client.send(
        &[request(&["SET", "k", "before"]), b"*1\r\n!".to_vec(), request(&["SET", "k", "after"])].concat(),
    );
    assert_eq!(client.rest(), b"+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    server.connect().expect(&["GET", "k"], "before");
}

#[test]
fn random_bytes_never_end_the_server() {
    let server = Server::in_memory(&[]);
    let seed = seed();
    let mut random = Random(seed);
    let mut bystander = server.connect();
    for round in 0..300 {
        // Any bytes; bytes that look like a protocol; and requests with a few bytes changed.
        let bytes = match round % 3 {
            0 => {
                let len = random.below(2000);
                random.bytes(len)
            }
            1 => (0..random.below(500))
                .map(|_| *random.pick(b"*$:-_,#\r\n\r\n0123456789PING \"'\\x"))
                .collect(),
            _ => {
                let mut bytes = [request(&["SET", "k", "v"]), request(&["MGET", "a", "b"])].concat();
                for _ in 0..1 + random.below(3) {
                    let at = random.below(bytes.len());
                    bytes[at] = random.bytes(1)[0];
                }
                bytes
            }
        };
        let mut stream = TcpStream::connect(server.resp).unwrap();
        // The server may have closed already: that is its right.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        bystander.send(&request(&["ECHO", "alive"]));
        assert_eq!(shown(&bystander.reply()), "alive", "NUTHATCH_TEST_SEED={seed}, round {round}");
    }
}

#[test]
fn half_a_request_does_nothing() {
    let server = Server::in_memory(&[]);
    let whole = request(&["SET", "k", "value"]);
    for len in 0..whole.len() {
        let mut stream = TcpStream::connect(server.resp).unwrap();
        stream.write_all(&whole[..len]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // The end of the stream says that the server has seen all of it.
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut rest).unwrap();
        assert_eq!(rest, b"", "{len} bytes");
    }
    server.connect().expect(&["EXISTS", "k"], "0");
}

#[test]
fn an_http_request_on_the_resp_door_runs_no_command() {
    let server = Server::in_memory(&[]);
    for first_line in ["POST / HTTP/1.1\r\n", "post /\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut client = server.connect();
        client.send(format!("{first_line}Content-Length: 20\r\n\r\nSET k smuggled\r\n").as_bytes());
        let reply = String::from_utf8(client.rest()).unwrap();
        assert!(reply.starts_with("-ERR "), "{reply}");
    }
    server.connect().expect(&["EXISTS", "k"], "0");
}

#[test]
fn a_key_of_65535_bytes_is_the_longest() {
    let dir = tempfile::tempdir().unwrap();
    for server in [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "1"])] {
        let mut client = server.connect();
        let (longest, too_long) = ("k".repeat(65_535), "k".repeat(65_536));
        client.expect(&["SET", &longest, "v"], "OK");
        client.expect(&["SET", "another", "v"], "OK");
        client.expect(&["GET", &longest], "v");
        client.expect(&["DEL", &longest], "1");
        let refused = "ERR key of 65536 bytes is too long; at most 65535 bytes are allowed";
        for command in [
            &["SET", &too_long, "v"][..],
            &["SETEX", &too_long, "10", "v"],
            &["SETNX", &too_long, "v"],
            &["GETSET", &too_long, "v"],
            &["MSET", "fits", "v", &too_long, "v"],
            &["INCR", &too_long],
            &["INCRBYFLOAT", &too_long, "1"],
            &["APPEND", &too_long, "v"],
        ] {
            client.expect(command, refused);
        }
        client.expect(&["EXISTS", "fits"], "0");
        for (command, reply) in [
            ("GET", "(nil)"),
            ("EXISTS", "0"),
            ("DEL", "0"),
            ("TTL", "-2"),
            ("GETDEL", "(nil)"),
            ("PERSIST", "0"),
        ] {
            client.expect(&[command, &too_long], reply);
        }
        client.expect(&["EXPIRE", &too_long, "10"], "0");
    }
}

#[test]
fn a_value_above_the_limit_is_refused_and_the_old_one_kept() {
    let server = Server::in_memory(&["--memory", "2GiB"]);
    let mut client = server.connect();
    client.expect(&["CONFIG", "GET", "proto-max-bulk-len"], "proto-max-bulk-len 536870655");
    client.expect(&["SET", "k", "old"], "OK");
    let mut half = b"*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$268435456\r\n".to_vec();
    half.resize(half.len() + (256 << 20), b'x');
    half.extend(b"\r\n");
    client.send(&half);
    assert_eq!(shown(&client.reply()), "268435459");
    client.send(&half);
    assert_eq!(
        shown(&client.reply()),
        "ERR value of 536870915 bytes is too long; at most 536870655 bytes are allowed"
    );
    client.expect(&["STRLEN", "k"], "268435459");
}

#[test]
fn a_value_larger_than_a_memory_without_log_is_refused_with_the_way_out() {
    let server = Server::in_memory(&["--memory", "1MiB"]);
    let mut client = server.connect();
    client.expect(&["SET", "k", "old"], "OK");
    let large = vec![b'x'; 2 << 20];
    let reply = shown(&client.call(&[b"SET", &b"k"[..], &large]));
    assert!(reply.starts_with("OOM ") && reply.contains("--memory") && reply.contains("--dir"), "{reply}");
    client.expect(&["GET", "k"], "old");
}

#[test]
fn a_client_without_the_password_may_ask_for_little_only() {
    let server = Server::in_memory(&["--password", "secret"]);
    let many = request(&["SET", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
    let cases: [(&[u8], &str); 2] = [
        (&many, "-ERR Protocol error: unauthenticated multibulk length\r\n"),
        (b"*2\r\n$4\r\nAUTH\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n"),
    ];
    for (bytes, reply) in cases {
        let mut client = server.connect();
        client.send(bytes);
        assert_eq!(String::from_utf8(client.rest()).unwrap(), reply);
    }
    let ten = ["SET", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    server.connect().expect(&ten, "NOAUTH Authentication required.");

    let mut client = server.connect();
    let large = vec![b'x'; 1 << 20];
    // In one write: the limits are lifted by the AUTH before, not by a pause.
    client.send(&[request(&["AUTH", "secret"]), request(&[b"SET", &b"k"[..], &large])].concat());
    assert_eq!((shown(&client.reply()), shown(&client.reply())), ("OK".to_owned(), "OK".to_owned()));
}

#[test]
fn with_a_password_only_those_who_know_it_are_served() {
    const WRONG: &str = "WRONGPASS invalid username-password pair or user is disabled.";
    const NEEDED: &str = "NOAUTH Authentication required.";
    let server = Server::in_memory(&["--password", "secret"]);
    let mut client = server.connect();
    for command in
        [&["GET", "k"][..], &["SET", "k", "v"], &["PING"], &["INFO"], &["CONFIG", "GET", "*"], &["FLUSHALL"]]
    {
        client.expect(command, NEEDED);
    }
    for wrong in ["", "Secret", "secret ", "secre", "secrets", "\0"] {
        client.expect(&["AUTH", wrong], WRONG);
        client.expect(&["AUTH", "default", wrong], WRONG);
        client.expect(&["HELLO", "3", "AUTH", "default", wrong], WRONG);
    }
    client.expect(&["AUTH", "someone", "secret"], WRONG);
    client.expect(&["HELLO", "2", "AUTH", "someone", "secret"], WRONG);
    client.expect(&["GET", "k"], NEEDED);
    let refused = shown(&client.call(&["HELLO", "3"]));
    assert!(
        refused.starts_with("NOAUTH HELLO must be called with the client already authenticated"),
        "{refused}"
    );
    // None of this switched the dialect: a missing value is the null of RESP2.
    client.expect(&["AUTH", "secret"], "OK");
    client.send(&request(&["GET", "k"]));
    assert_eq!(client.raw_reply(), b"$-1\r\n");

    server.connect().expect(&["AUTH", "default", "secret"], "OK");
    let mut third = server.connect();
    let Value::Map(facts) = third.call(&["HELLO", "3", "AUTH", "default", "secret"]) else {
        unreachable!("RESP3")
    };
    assert_eq!(facts.len(), 7);
    third.expect(&["SET", "k", "v"], "OK");
    // A failed attempt later takes nothing away.
    third.expect(&["AUTH", "wrong"], WRONG);
    third.expect(&["GET", "k"], "v");
    // QUIT is for everyone.
    let mut leaving = server.connect();
    leaving.send(&request(&["QUIT"]));
    assert_eq!(leaving.rest(), b"+OK\r\n");
}

#[test]
fn a_password_set_while_running_holds_for_new_connections() {
    let server = Server::in_memory(&[]);
    let mut before = server.connect();
    before.expect(&["CONFIG", "SET", "requirepass", "later"], "OK");
    before.expect(&["PING"], "PONG");
    server.connect().expect(&["PING"], "NOAUTH Authentication required.");
    assert_eq!(server.http("GET", "/cache/k", &[], b"").status, 401);
    before.expect(&["CONFIG", "SET", "requirepass", ""], "OK");
    server.connect().expect(&["PING"], "PONG");
}

#[test]
fn http_wants_the_password_as_a_bearer_token() {
    let server = Server::in_memory(&["--password", "secret"]);
    for wrong in
        [None, Some("Bearer"), Some("Bearer "), Some("Bearer Secret"), Some("Basic c2VjcmV0"), Some("secret")]
    {
        let headers: Vec<_> = wrong.map(|value| ("Authorization", value)).into_iter().collect();
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let answer = server.http(method, "/cache/k", &headers, b"");
            assert_eq!(answer.status, 401, "{method} {wrong:?}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            // RFC 9110, section 11.6.1: an answer 401 says how to do better.
            assert!(
                answer.header("www-authenticate").is_some_and(|how| how.starts_with("Bearer")),
                "{answer:?}"
            );
        }
    }
    let right = [("Authorization", "Bearer secret")];
    assert_eq!(server.http("PUT", "/cache/k", &right, b"v").status, 201);
    assert_eq!(server.http("GET", "/cache/k", &right, b"").body, b"v");
    // What a load balancer asks for needs no password, and tells no secret.
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(server.http("GET", path, &[], b"").status, 200, "{path}");
    }
}

#[test]
fn requests_that_announce_much_and_send_little_reserve_little() {
    let server = Server::in_memory(&[]);
    let announced: Vec<Resp> = (0..200)
        .map(|_| {
            let mut client = server.connect();
            client.send(&request(&["PING"]));
            client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nx");
            assert_eq!(shown(&client.reply()), "PONG");
            client
        })
        .collect();
    // 100 GiB are announced; on this page the system says what the process really holds.
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    if let Ok(status) = status {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kibibytes < 200 << 10, "{kibibytes} KiB held for {} connections", announced.len());
    }
    server.connect().expect(&["PING"], "PONG");
}
