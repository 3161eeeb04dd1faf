//! The HTTP door: values with their media types under `/cache/{key}`, conditions on entity tags, and errors as documents.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{
    io::{BufReader, Read, Write},
    net::TcpStream,
    thread,
    time::Instant,
};

use support::{Answer, PATIENCE, Server, nuthatch, read_answer, run, shown};

const PROBLEM: &str = "application/problem+json";

/// The four members of RFC 9457 that say what a problem is; the status also in words, the detail with a way out.
fn assert_problem(answer: &Answer, status: u16, title: &str, detail: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, Some(PROBLEM)), "{answer:?}");
    let document = answer.json();
    assert_eq!(document["type"], "about:blank");
    assert_eq!(document["title"], title);
    assert_eq!(document["status"], status);
    let told = document["detail"].as_str().unwrap();
    assert!(told.contains(detail), "{told:?} says nothing of {detail:?}");
    assert_eq!(document.as_object().unwrap().len(), 4, "{document}");
}

#[test]
fn a_value_is_read_as_it_was_put() {
    let dir = tempfile::tempdir().unwrap();
    let every_byte: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for server in [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "1"])] {
        for (content_type, body) in [
            (Some("text/plain; charset=utf-8"), "grüße".as_bytes()),
            (Some("image/png"), &every_byte),
            (Some(""), b"a media type of no length"),
            (Some("application/json"), b""),
            (None, &every_byte),
            (None, b""),
        ] {
            let headers: Vec<_> =
                content_type.map(|content_type| ("Content-Type", content_type)).into_iter().collect();
            assert_eq!(server.http("GET", "/cache/k", &[], b"").status, 404);

            let put = server.http("PUT", "/cache/k", &headers, body);
            assert_eq!((put.status, &put.body[..]), (201, &b""[..]), "the first PUT creates");
            assert_eq!(server.http("PUT", "/cache/k", &headers, body).status, 204, "the second replaces");
            // Another key takes the room in memory, where there is room for one.
            server.http("PUT", "/cache/other", &[], b"x");

            let get = server.http("GET", "/cache/k", &[], b"");
            assert_eq!((get.status, get.body == body), (200, true), "{content_type:?}");
            assert_eq!(get.header("content-type"), Some(content_type.unwrap_or("application/octet-stream")));
            assert_eq!(get.header("content-length"), Some(&body.len().to_string()[..]));
            assert_eq!(get.header("etag"), put.header("etag"));
            assert_eq!(get.header("cache-control"), None, "no time to live, nothing about age");

            let head = server.http("HEAD", "/cache/k", &[], b"");
            assert_eq!((head.status, &head.body[..]), (200, &b""[..]));
            for name in ["content-type", "content-length", "etag"] {
                assert_eq!(head.header(name), get.header(name), "{name}");
            }

            let delete = server.http("DELETE", "/cache/k", &[], b"");
            assert_eq!((delete.status, &delete.body[..]), (204, &b""[..]));
            assert_problem(
                &server.http("DELETE", "/cache/k", &[], b""),
                404,
                "Not Found",
                "no value under this key",
            );
            assert_problem(
                &server.http("GET", "/cache/k", &[], b""),
                404,
                "Not Found",
                "no value under this key",
            );
            let head = server.http("HEAD", "/cache/k", &[], b"");
            assert_eq!((head.status, &head.body[..]), (404, &b""[..]));
        }
    }
}

#[test]
fn a_media_type_has_at_most_255_bytes_of_ascii() {
    let server = Server::in_memory(&[]);
    let (longest, too_long) = ("x".repeat(255), "x".repeat(256));
    assert_eq!(server.http("PUT", "/cache/k", &[("Content-Type", &longest)], b"v").status, 201);
    assert_eq!(server.http("GET", "/cache/k", &[], b"").header("content-type"), Some(&longest[..]));
    for wrong in [&too_long, "text/grün"] {
        let answer = server.http("PUT", "/cache/k", &[("Content-Type", wrong)], b"new");
        assert_problem(&answer, 400, "Bad Request", "Content-Type must be ASCII of at most 255 bytes");
    }
    assert_eq!(server.http("GET", "/cache/k", &[], b"").body, b"v");
}

#[test]
fn a_value_put_with_a_ttl_expires() {
    let dir = tempfile::tempdir().unwrap();
    for server in [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "1"])] {
        let mut client = server.connect();
        for (ttl, seconds) in
            [("100s", 100), ("100", 100), ("1h30m", 5400), ("2d", 172_800), ("500000ms", 500)]
        {
            assert!(server.http("PUT", &format!("/cache/k?ttl={ttl}"), &[], b"v").status < 300);
            let get = server.http("GET", "/cache/k", &[], b"");
            let age = get.header("cache-control").and_then(|value| value.strip_prefix("max-age="));
            let age: i64 = age.unwrap().parse().unwrap();
            let left: i64 = shown(&client.call(&["TTL", "k"])).parse().unwrap();
            assert!(0 < age && age <= seconds && 0 < left && left <= seconds, "{ttl}: {age}, {left}");
            assert!(age > seconds - 100 && left > seconds - 100, "{ttl}: {age}, {left}");
        }
        // Too far away to be told in milliseconds: as far as can be told.
        assert!(server.http("PUT", "/cache/k?ttl=18446744073709551615", &[], b"v").status < 300);
        assert_eq!(server.http("GET", "/cache/k", &[], b"").body, b"v");

        assert!(server.http("PUT", "/cache/k", &[], b"v").status < 300, "without a ttl, it stays");
        client.expect(&["TTL", "k"], "-1");

        assert!(server.http("PUT", "/cache/k?ttl=1ms", &[], b"v").status < 300);
        let started = Instant::now();
        while server.http("GET", "/cache/k", &[], b"").status != 404 {
            assert!(started.elapsed() < PATIENCE, "a value with a ttl of 1 ms is still there");
        }
    }
}

#[test]
fn a_ttl_that_is_none_changes_nothing() {
    let server = Server::in_memory(&[]);
    server.http("PUT", "/cache/k", &[], b"old");
    for query in
        ["ttl=", "ttl=0", "ttl=0s", "ttl=-1", "ttl=soon", "ttl=1.5", "ttl=99999999999999999999s", "ttl=%00"]
    {
        let answer = server.http("PUT", &format!("/cache/k?{query}"), &[], b"new");
        assert_problem(&answer, 400, "Bad Request", "write for instance 500ms, 30s, 5m, 2h or 1d");
    }
    for query in ["tll=30s", "ttl=30s&ttl=40s", "ttl=30s&nx", "ex=30"] {
        let answer = server.http("PUT", &format!("/cache/k?{query}"), &[], b"new");
        assert_problem(&answer, 400, "Bad Request", "only ttl is known, as in ?ttl=30s");
    }
    assert_eq!(server.http("GET", "/cache/k", &[], b"").body, b"old");
}

#[test]
fn an_entity_tag_tells_contents_apart_and_equal_ones_not() {
    let server = Server::in_memory(&[]);
    let tag = |key: &str, headers: &[(&str, &str)], body: &[u8]| {
        let tag = server.http("PUT", key, headers, body).header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
        tag
    };
    let first = tag("/cache/a", &[], b"x");
    assert_eq!(tag("/cache/b", &[], b"x"), first);
    assert_ne!(tag("/cache/b", &[], b"y"), first);
    assert_ne!(tag("/cache/b", &[], b""), first);
    let text = tag("/cache/b", &[("Content-Type", "text/plain")], b"x");
    assert_ne!(text, first);
    assert_ne!(
        tag("/cache/b", &[("Content-Type", "text/plainx")], b""),
        text,
        "where type ends and bytes begin counts"
    );
    server.connect().expect(&["SET", "a", "x"], "OK");
    assert_eq!(server.http("GET", "/cache/a", &[], b"").header("etag"), Some(&first[..]), "whoever wrote it");
}

#[test]
fn a_reader_that_has_the_value_is_told_so() {
    let server = Server::in_memory(&[]);
    let tag = server.http("PUT", "/cache/k?ttl=100s", &[("Content-Type", "text/plain")], b"v");
    let tag = tag.header("etag").unwrap();
    let (weak, listed) = (format!("W/{tag}"), format!("\"other\", {tag} ,\"third\""));
    for condition in [tag, &weak, &listed, "*"] {
        for method in ["GET", "HEAD"] {
            let answer = server.http(method, "/cache/k", &[("If-None-Match", condition)], b"");
            assert_eq!((answer.status, &answer.body[..]), (304, &b""[..]), "{condition}");
            assert_eq!(answer.header("etag"), Some(tag));
            assert!(answer.header("cache-control").is_some(), "what a cache needs to renew its copy");
        }
    }
    for condition in ["\"other\"", "", tag.trim_matches('"')] {
        let answer = server.http("GET", "/cache/k", &[("If-None-Match", condition)], b"");
        assert_eq!((answer.status, &answer.body[..]), (200, &b"v"[..]), "{condition}");
    }
    assert_eq!(server.http("GET", "/cache/missing", &[("If-None-Match", "*")], b"").status, 404);
}

#[test]
fn a_write_goes_ahead_only_over_the_value_it_expects() {
    let dir = tempfile::tempdir().unwrap();
    for server in [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "1"])] {
        let put =
            |headers: &[(&str, &str)], body: &str| server.http("PUT", "/cache/k", headers, body.as_bytes());
        let delete = |headers: &[(&str, &str)]| server.http("DELETE", "/cache/k", headers, b"");
        let refused = |answer: &Answer| assert_problem(answer, 412, "Precondition Failed", "read it again");

        refused(&put(&[("If-Match", "*")], "v"));
        refused(&put(&[("If-Match", "\"any\"")], "v"));
        refused(&delete(&[("If-Match", "*")]));
        assert_eq!(server.http("GET", "/cache/k", &[], b"").status, 404);

        let first = put(&[("If-None-Match", "*")], "one");
        assert_eq!(first.status, 201);
        refused(&put(&[("If-None-Match", "*")], "again"));
        let tag = first.header("etag").unwrap();
        refused(&put(&[("If-None-Match", tag)], "again"));
        refused(&put(&[("If-Match", "\"other\"")], "again"));
        refused(&put(&[("If-Match", "")], "again"));
        // RFC 9110, section 13.1.1: a weak tag does not promise the same bytes, which a write relies on.
        refused(&put(&[("If-Match", &format!("W/{tag}"))], "again"));
        refused(&delete(&[("If-Match", "\"other\"")]));
        refused(&delete(&[("If-None-Match", "*")]));
        assert_eq!(server.http("GET", "/cache/k", &[], b"").body, b"one");

        assert_eq!(put(&[("If-Match", &format!("\"other\", {tag}"))], "two").status, 204);
        refused(&put(&[("If-Match", tag)], "three"));
        assert_eq!(put(&[("If-Match", "*")], "three").status, 204);
        assert_eq!(put(&[("If-None-Match", "\"other\"")], "four").status, 204);
        let tag = server.http("GET", "/cache/k", &[], b"").header("etag").unwrap().to_owned();
        assert_eq!(delete(&[("If-Match", &tag)]).status, 204);
        refused(&delete(&[("If-Match", &tag)]));
        assert_eq!(delete(&[("If-None-Match", "*")]).status, 404);
    }
}

#[test]
fn of_many_that_create_at_once_one_does_and_no_update_is_lost() {
    const CLIENTS: usize = 4;
    const UPDATES: usize = 25;
    let server = Server::in_memory(&[]);
    let created: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let created =
                        server.http("PUT", "/cache/n", &[("If-None-Match", "*")], b"0").status == 201;
                    for _ in 0..UPDATES {
                        loop {
                            let held = server.http("GET", "/cache/n", &[], b"");
                            let number: usize = str::from_utf8(&held.body).unwrap().parse().unwrap();
                            let condition = [("If-Match", held.header("etag").unwrap())];
                            let next = (number + 1).to_string();
                            if server.http("PUT", "/cache/n", &condition, next.as_bytes()).status == 204 {
                                break;
                            }
                        }
                    }
                    usize::from(created)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert_eq!(created, 1);
    server.connect().expect(&["GET", "n"], &(CLIENTS * UPDATES).to_string());
}

#[test]
fn a_key_is_what_follows_cache_percent_decoded() {
    let server = Server::in_memory(&[]);
    let mut client = server.connect();
    for (path, key) in [
        ("plain", "plain"),
        ("a/b/c", "a/b/c"),
        ("a%2Fb%2fc", "a/b/c"),
        ("a//b", "a//b"),
        ("/leading", "/leading"),
        ("trailing/", "trailing/"),
        ("a%20b+c", "a b+c"),
        ("%00%0d%0a", "\0\r\n"),
        ("gr%C3%BC%C3%9Fe", "grüße"),
        ("50%25", "50%"),
        ("50%", "50%"),
        ("a%zzb", "a%zzb"),
        ("why%3Fnot%23", "why?not#"),
        ("..", ".."),
        ("../%2e%2e/x", "../../x"),
        ("key:with;punctuation,=&@!$'()*~", "key:with;punctuation,=&@!$'()*~"),
    ] {
        let target = format!("/cache/{path}");
        assert!(server.http("PUT", &target, &[], path.as_bytes()).status < 300, "{path}");
        assert_eq!(shown(&client.call(&["GET", key])), path, "{path} is not at {key:?}");
        client.expect(&["SET", key, "from RESP"], "OK");
        assert_eq!(server.http("GET", &target, &[], b"").body, b"from RESP", "{path}");
        assert_eq!(server.http("DELETE", &target, &[], b"").status, 204);
        client.expect(&["EXISTS", key], "0");
    }
}

#[test]
fn a_key_that_is_not_utf8_is_refused_with_the_way_out() {
    let server = Server::in_memory(&[]);
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.http(method, "/cache/ok%ff", &[], b"");
        assert_problem(
            &answer,
            400,
            "Bad Request",
            "not UTF-8 after percent-decoding (byte 2); binary keys can be reached",
        );
    }
    server.connect().expect(&["DBSIZE"], "0");
}

/// Most often a variable in a script that was not set: better refused than kept.
#[test]
fn the_empty_key_is_no_path() {
    let server = Server::in_memory(&[]);
    for path in ["/cache/", "/cache"] {
        let answer = server.http("PUT", path, &[], b"v");
        assert_problem(&answer, 404, "Not Found", "values are at /cache/{key}");
    }
    server.connect().expect(&["DBSIZE"], "0");
}

#[test]
fn what_is_not_there_and_what_is_not_allowed_is_said_in_a_document() {
    let server = Server::in_memory(&[]);
    for path in ["/", "/nothing", "/healthy", "/cache%2Fk", "/metrics/x", "//cache/k"] {
        assert_problem(&server.http("GET", path, &[], b""), 404, "Not Found", "nothing at this path");
    }
    for (method, path) in [
        ("POST", "/cache/k"),
        ("PATCH", "/cache/k"),
        ("BREW", "/cache/k"),
        ("POST", "/health"),
        ("DELETE", "/metrics"),
        ("PUT", "/ready"),
    ] {
        let answer = server.http(method, path, &[], b"");
        assert_problem(&answer, 405, "Method Not Allowed", "/cache/{key} takes GET, HEAD, PUT and DELETE");
        let allowed = answer.header("allow").unwrap_or_default();
        assert!(allowed.contains("GET") && allowed.contains("HEAD"), "RFC 9110 wants Allow: {answer:?}");
        assert_eq!(allowed.contains("PUT"), path == "/cache/k", "{allowed}");
    }
    let options = server.http("OPTIONS", "/cache/k", &[], b"");
    assert_eq!(options.status, 405);
    server.connect().expect(&["DBSIZE"], "0");
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_before_it_comes() {
    let server = Server::in_memory(&[]);
    server.http("PUT", "/cache/k", &[], b"old");
    for announced in ["536870656", "1099511627776"] {
        // Nothing of it is sent: a server that waits for it would not answer.
        let answer = server.http("PUT", "/cache/k", &[("Content-Length", announced)], b"");
        assert_problem(
            &answer,
            413,
            "Payload Too Large",
            "larger than 536870655 bytes, the most that a value may have",
        );
    }
    assert_eq!(server.http("GET", "/cache/k", &[], b"").body, b"old");
}

#[test]
fn a_body_that_breaks_off_is_not_a_value() {
    let server = Server::in_memory(&[]);
    server.http("PUT", "/cache/k", &[], b"old");
    for head in ["Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
        let mut stream = TcpStream::connect(server.http).unwrap();
        write!(stream, "PUT /cache/k HTTP/1.1\r\nHost: test\r\n{head}").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{answer}");
        assert_eq!(server.http("GET", "/cache/k", &[], b"").body, b"old");
    }
}

#[test]
fn a_body_in_chunks_is_a_value() {
    let server = Server::in_memory(&[]);
    let chunked = "PUT /cache/k HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n6\r\nchunks\r\n0\r\n\r\n";
    assert_eq!(server.raw_http(chunked.as_bytes()).status, 201);
    server.connect().expect(&["GET", "k"], "halfchunks");
}

#[test]
fn a_value_larger_than_a_memory_without_log_is_refused_with_the_way_out() {
    let server = Server::in_memory(&["--memory", "1MiB"]);
    let answer = server.http("PUT", "/cache/k", &[], &vec![0; 2 << 20]);
    assert_problem(&answer, 507, "Insufficient Storage", "raise --memory or keep a log with --dir");
}

#[test]
fn one_connection_serves_many_requests() {
    let server = Server::in_memory(&[]);
    let stream = TcpStream::connect(server.http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut out, mut answers) = (&stream, BufReader::new(&stream));
    for number in 0..100 {
        let body = number.to_string();
        write!(out, "PUT /cache/k HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .unwrap();
        write!(out, "GET /cache/k HTTP/1.1\r\nHost: t\r\n\r\nHEAD /cache/k HTTP/1.1\r\nHost: t\r\n\r\n")
            .unwrap();
        assert!(read_answer(&mut answers, false).status < 300);
        assert_eq!(read_answer(&mut answers, false).body, body.as_bytes());
        assert_eq!(read_answer(&mut answers, true).status, 200);
    }
    // The connection stays open, and the server ends all the same.
    assert!(server.terminate().success());
}

#[test]
fn garbage_on_the_http_door_harms_nobody() {
    let server = Server::in_memory(&[]);
    for bytes in [
        &b"*1\r\n$4\r\nPING\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /cache/k HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ] {
        let mut stream = TcpStream::connect(server.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        // The server may have closed already.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", answer.escape_ascii());
    }
    let long = format!("/cache/{}", "k".repeat(70_000));
    assert_eq!(server.http("GET", &long, &[], b"").status, 414);
    assert_eq!(server.http("GET", "/health", &[], b"").status, 200);
}

#[test]
fn both_doors_lead_to_the_same_values() {
    let dir = tempfile::tempdir().unwrap();
    for server in [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "1"])] {
        let mut client = server.connect();
        client.expect(&["SET", "k", "from RESP", "EX", "1000"], "OK");
        let get = server.http("GET", "/cache/k", &[], b"");
        assert_eq!(
            (&get.body[..], get.header("content-type")),
            (&b"from RESP"[..], Some("application/octet-stream"))
        );
        assert!(get.header("cache-control").is_some());

        server.http("PUT", "/cache/k", &[("Content-Type", "text/plain")], b"41");
        client.expect(&["GET", "k"], "41");
        client.expect(&["STRLEN", "k"], "2");
        client.expect(&["TTL", "k"], "-1");
        client.expect(&["APPEND", "k", "0"], "3");
        let get = server.http("GET", "/cache/k", &[], b"");
        assert_eq!((&get.body[..], get.header("content-type")), (&b"410"[..], Some("text/plain")));
        client.expect(&["EXPIRE", "k", "1000"], "1");
        let get = server.http("GET", "/cache/k", &[], b"");
        assert_eq!(get.header("content-type"), Some("text/plain"), "a new expiry leaves the type");
        client.expect(&["INCR", "k"], "411");
        client.expect(&["GETDEL", "k"], "411");
        assert_eq!(server.http("GET", "/cache/k", &[], b"").status, 404);

        server.http("PUT", "/cache/k", &[], b"v");
        client.expect(&["FLUSHALL"], "OK");
        assert_eq!(server.http("GET", "/cache/k", &[], b"").status, 404);
    }
}

#[test]
fn health_and_readiness_are_told_to_machines() {
    let dir = tempfile::tempdir().unwrap();
    let pure = Server::in_memory(&["--max-entries", "10"]);
    pure.connect().expect(&["SET", "k", "v"], "OK");
    let health = pure.http("GET", "/health", &[], b"");
    assert_eq!((health.status, health.header("content-type")), (200, Some("application/json")));
    let health = health.json();
    assert_eq!(health["status"], "up");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["tiers"]["memory"]["entries"], 1);
    assert_eq!(health["tiers"]["memory"]["entries_max"], 10);
    assert_eq!(health["tiers"].get("log"), None);

    let logged = Server::on_log(dir.path(), &["--memory", "64MiB"]);
    logged.connect().expect(&["SET", "k", "v"], "OK");
    let health = logged.http("GET", "/health", &[], b"").json();
    assert_eq!(health["tiers"]["memory"]["bytes_max"], 64 << 20);
    assert_eq!(
        (&health["tiers"]["log"]["state"], &health["tiers"]["log"]["keys"]),
        (&"up".into(), &1.into())
    );

    for server in [pure, logged] {
        let ready = server.http("GET", "/ready", &[], b"");
        assert_eq!((ready.status, ready.json()["status"].as_str()), (200, Some("ready")));
        assert_eq!(server.http("HEAD", "/ready", &[], b"").status, 200);
    }
}

#[test]
fn metrics_are_a_text_exposition_that_counts_what_happened() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::on_log(dir.path(), &["--max-entries", "2", "--sync", "always"]);
    let before = metrics(&server);
    let mut client = server.connect();
    for number in 0..10 {
        client.expect(&["SET", &format!("k{number}"), "v"], "OK");
    }
    for number in 0..10 {
        client.expect(&["GET", &format!("k{number}")], "v");
    }
    client.expect(&["GET", "missing"], "(nil)");
    let after = metrics(&server);

    let of = |name: &str| after.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    assert_eq!(of("nuthatch_keys"), Some(10.0));
    assert_eq!(of("nuthatch_commands_total"), Some(21.0));
    assert_eq!(of("nuthatch_misses_total"), Some(1.0));
    assert_eq!(of("nuthatch_connections_open"), Some(1.0));
    assert_eq!(of("nuthatch_log_appends_total"), Some(10.0));
    let (memory, log) = (of("nuthatch_memory_hits_total").unwrap(), of("nuthatch_log_hits_total").unwrap());
    assert_eq!((memory + log, log >= 8.0), (10.0, true), "memory holds two: {memory}, {log}");
    assert!(of("nuthatch_memory_entries").unwrap() <= 2.0);
    for (name, value) in before.iter().filter(|(name, _)| name.ends_with("_total")) {
        assert!(of(name).unwrap() >= *value, "{name} went back");
    }
}

/// The samples of `/metrics`, each of which must have been described before.
fn metrics(server: &Server) -> Vec<(String, f64)> {
    let answer = server.http("GET", "/metrics", &[], b"");
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(answer.body).unwrap();
    let lines = text.strip_suffix("# EOF\n").expect("an OpenMetrics text says where it ends");
    let (mut described, mut samples) = (Vec::new(), Vec::new());
    for line in lines.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            match kind {
                "TYPE" => described.push((name.to_owned(), rest.to_owned())),
                other => assert!(other == "HELP" && !rest.is_empty(), "{line}"),
            }
            continue;
        }
        let (name, value) = line.split_once(' ').unwrap();
        let (family, kind) = match name.strip_suffix("_total") {
            Some(family) => (family, "counter"),
            None => (name, "gauge"),
        };
        assert!(described.iter().any(|(known, of)| known == family && of == kind), "{line} is not described");
        assert!(name.starts_with("nuthatch_"), "{line}");
        assert!(samples.iter().all(|(known, _)| known != name), "{name} twice");
        samples.push((name.to_owned(), value.parse().unwrap()));
    }
    assert!(samples.len() >= 15, "{text}");
    samples
}

#[test]
fn each_door_can_be_closed() {
    let both = run(nuthatch().args(["serve", "--dir", "none", "--resp", "none", "--http", "none"]));
    assert!(!both.status.success() && both.stderr.contains("both doors are closed"), "{}", both.stderr);
}
