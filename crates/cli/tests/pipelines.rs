//! Requests come in any pieces and any number at once; each gets its reply, in order, and no client waits for another.

mod support;

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use nuthatch_resp::Value;
use support::{PATIENCE, Random, Resp, Server, request, shown};

#[test]
fn requests_cut_at_any_byte_get_the_replies_of_whole_ones() {
    let server = Server::in_memory(&[]);
    let requests = [
        &request(&["SET", "key", "va\r\nlue"])[..],
        b"GET key\r\n",
        &request(&["APPEND", "key", ""]),
        b"*0\r\n\r\n*-1\r\n",
        &request(&["MGET", "key", "", "missing"]),
        b"  SET quoted \"a b\\x00\"  \n",
        &request(&["GET", "quoted"]),
        &request(&["NOSUCH", "x"]),
        &request(&["DEL", "key", "quoted"]),
    ]
    .concat();
    let replies = "+OK\r\n$7\r\nva\r\nlue\r\n:7\r\n*3\r\n$7\r\nva\r\nlue\r\n$-1\r\n$-1\r\n+OK\r\n$4\r\na b\0\r\n\
         -ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n:2\r\n";
    let count = 8;

    for cut in 1..requests.len() {
        let mut client = server.connect();
        client.send(&requests[..cut]);
        // A second client's reply means that the server had time for what the first one sent.
        server.connect().expect(&["PING"], "PONG");
        client.send(&requests[cut..]);
        let got: Vec<u8> = (0..count).flat_map(|_| client.raw_reply()).collect();
        assert_eq!(
            got.escape_ascii().to_string(),
            replies.as_bytes().escape_ascii().to_string(),
            "cut at {cut}"
        );
    }

    let mut client = server.connect();
    for byte in &requests {
        client.send(&[*byte]);
    }
    let got: Vec<u8> = (0..count).flat_map(|_| client.raw_reply()).collect();
    assert_eq!(got.escape_ascii().to_string(), replies.as_bytes().escape_ascii().to_string(), "byte by byte");
}

#[test]
fn ten_thousand_requests_in_one_write_are_answered_in_order() {
    let dir = tempfile::tempdir().unwrap();
    for server in
        [Server::in_memory(&[]), Server::on_log(dir.path(), &["--sync", "always", "--max-entries", "100"])]
    {
        let mut pipeline = Vec::new();
        for number in 0..10_000_u32 {
            pipeline.extend(match number % 4 {
                0 => request(&["SET", &format!("key:{}", number / 4), &number.to_string()]),
                1 => request(&["GET", &format!("key:{}", number / 4)]),
                2 => request(&["INCR", "counter"]),
                _ => request(&["ECHO", &number.to_string()]),
            });
        }
        let mut client = server.connect();
        client.send(&pipeline);
        for number in 0..10_000_u32 {
            let expected = match number % 4 {
                0 => "OK".to_owned(),
                1 => (number - 1).to_string(),
                2 => (number / 4 + 1).to_string(),
                _ => number.to_string(),
            };
            assert_eq!(shown(&client.reply()), expected, "request {number}");
        }
    }
}

/// The replies are sent in parts: what they wait behind is not forgotten meanwhile.
#[test]
fn a_short_pipeline_with_large_replies_is_answered_whole() {
    let server = Server::in_memory(&[]);
    let mut client = server.connect();
    let value = "x".repeat(100_000);
    client.expect(&["SET", "k", &value], "OK");
    client.send(&[request(&["GET", "k"]).repeat(100), request(&["ECHO", "last"])].concat());
    for number in 0..100 {
        assert_eq!(shown(&client.reply()), value, "reply {number}");
    }
    assert_eq!(shown(&client.reply()), "last");
}

#[test]
fn an_error_in_a_pipeline_stops_nothing_behind_it() {
    let server = Server::in_memory(&[]);
    let mut client = server.connect();
    client.send(
        &[request(&["SET", "k", "text"]), request(&["INCR", "k"]), request(&["GET"]), request(&["GET", "k"])]
            .concat(),
    );
    let replies: Vec<String> = (0..4).map(|_| shown(&client.reply())).collect();
    assert_eq!(
        replies,
        [
            "OK",
            "ERR value is not an integer or out of range",
            "ERR wrong number of arguments for 'get' command",
            "text"
        ]
    );
}

#[test]
fn what_follows_quit_is_not_run() {
    let server = Server::in_memory(&[]);
    let mut client = server.connect();
    client.send(&[request(&["SET", "k", "1"]), request(&["QUIT"]), request(&["SET", "k", "2"])].concat());
    assert_eq!(client.rest(), b"+OK\r\n+OK\r\n");
    server.connect().expect(&["GET", "k"], "1");
}

#[test]
fn inline_requests_are_answered_like_others() {
    let server = Server::in_memory(&[]);
    let mut client = server.connect();
    for (line, reply) in [
        ("PING\r\n", "PONG"),
        ("ping\n", "PONG"),
        ("SET k 'it\\'s here'\r\n", "OK"),
        ("  GET \t k  \r\n", "it's here"),
        ("SET \"\" \"\\x00\\n\"\r\n", "OK"),
        ("GET ''\r\n", "\\x00\\n"),
        ("\r\n\r\n \r\nECHO after-blank-lines\r\n", "after-blank-lines"),
    ] {
        client.send(line.as_bytes());
        assert_eq!(shown(&client.reply()), reply, "{line:?}");
    }
}

#[test]
fn large_values_come_back_as_they_were_sent() {
    let dir = tempfile::tempdir().unwrap();
    // Memory that holds none of the large ones beside the log: they come back from disk.
    for server in
        [Server::in_memory(&[]), Server::on_log(dir.path(), &["--memory", "8MiB", "--sync", "never"])]
    {
        for len in [1 << 20, 64 << 20] {
            let mut value = Random(len as u64).bytes(1 << 16).repeat(len >> 16);
            value[len - 1] ^= 1;
            let mut client = server.connect();
            client.expect(&["SET", "large", "small before"], "OK");
            client.expect(&[b"SET", &b"large"[..], &value], "OK");
            client.expect(&["STRLEN", "large"], &len.to_string());
            assert!(client.call(&["GET", "large"]) == Value::Bulk(value.clone()), "{len} bytes differ");
            client.expect(&["APPEND", "large", "!"], &(len + 1).to_string());
            value.push(b'!');
            assert!(client.call(&["GETDEL", "large"]) == Value::Bulk(value), "{len} bytes differ");
            client.expect(&["GET", "large"], "(nil)");
        }
    }
}

#[test]
fn thousands_of_keys_are_set_and_read_by_one_request() {
    let dir = tempfile::tempdir().unwrap();
    for server in [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "10"])] {
        let pairs: Vec<String> =
            (0..5000).flat_map(|number| [format!("key:{number}"), format!("value:{number}")]).collect();
        let keys = pairs.iter().step_by(2).map(String::as_str);
        let mut client = server.connect();
        let mset: Vec<&str> = std::iter::once("MSET").chain(pairs.iter().map(String::as_str)).collect();
        client.expect(&mset, "OK");
        client.expect(&["DBSIZE"], "5000");

        let mget: Vec<&str> = std::iter::once("MGET").chain(keys.clone()).chain(["missing"]).collect();
        let Value::Array(values) = client.call(&mget) else { unreachable!("MGET returns an array") };
        let (missing, values) = values.split_last().unwrap();
        assert_eq!(*missing, Value::Null);
        let expected = pairs.iter().skip(1).step_by(2).map(|value| Value::Bulk(value.clone().into_bytes()));
        assert!(values.iter().cloned().eq(expected));

        let del: Vec<&str> = std::iter::once("DEL").chain(keys).collect();
        client.expect(&del, "5000");
        client.expect(&["DBSIZE"], "0");
    }
}

#[test]
fn a_client_that_never_reads_its_replies_does_not_block_others() {
    // One worker: the others share its thread.
    let server = Server::in_memory(&["--workers", "1"]);
    server.connect().expect(&[b"SET", &b"large"[..], &vec![7; 1 << 20]], "OK");

    let mut deaf = TcpStream::connect(server.resp).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let requests = request(&["GET", "large"]).repeat(1000);
    // Until the server no longer takes what it cannot answer.
    let mut taken = 0;
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < PATIENCE, "the server took {taken} bytes of requests without end");
        match deaf.write(&requests) {
            Ok(len) => taken += len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(error) => panic!("{error}"),
        }
    }

    for number in 0..100 {
        server.connect().expect(&["ECHO", &number.to_string()], &number.to_string());
    }
    assert_eq!(server.http("GET", "/health", &[], b"").status, 200);
    assert!(server.terminate().success(), "a deaf client must not keep the server from ending");
}

/// It reads its replies slowly, so that most often it has sent more by the time the server has got rid of them.
#[test]
fn a_client_that_never_stops_sending_does_not_keep_the_server_from_ending() {
    // Bytes of replies: enough to fill what lies between, and more than may be on its way when the signal comes.
    const UNDER_WAY: usize = 16 << 20;
    const ENDLESS: usize = UNDER_WAY + (64 << 20);
    let server = Server::in_memory(&["--workers", "1"]);
    let mut stream = TcpStream::connect(server.resp).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let requests = request(&["PING"]).repeat(1000);
    let under_way = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| while sender.write_all(&requests).is_ok() {});
        scope.spawn(|| {
            let (mut bytes, mut received) = ([0; 700], 0);
            while received < UNDER_WAY {
                received += stream.read(&mut bytes).unwrap();
            }
            under_way.wait();
            while let Ok(len @ 1..) = stream.read(&mut bytes) {
                received += len;
                assert!(received < ENDLESS, "the server does not end as long as it is asked");
            }
        });
        under_way.wait();
        assert_eq!(server.terminate().code(), Some(0));
    });
}

#[test]
fn connections_come_and_go_without_end() {
    let server = Server::in_memory(&["--max-connections", "100"]);
    thread::scope(|scope| {
        for thread in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..250 {
                    let mut client = server.connect();
                    match number % 4 {
                        // Leaves without a word, in the middle of a request, without reading, and in good order.
                        0 => {}
                        1 => client.send(b"*2\r\n$4\r\nEC"),
                        2 => client.send(&request(&["ECHO", "unread"])),
                        _ => client
                            .expect(&["ECHO", &format!("{thread}:{number}")], &format!("{thread}:{number}")),
                    }
                }
            });
        }
    });
    // Every place was given back: as many as there may be can connect at once.
    let fits = || {
        let mut clients: Vec<Resp> = (0..100).map(|_| server.connect()).collect();
        clients.iter_mut().all(|client| {
            client.send(&request(&["PING"]));
            shown(&client.reply()) == "PONG"
        })
    };
    let started = Instant::now();
    while !fits() {
        assert!(started.elapsed() < PATIENCE, "places of closed connections were not given back");
    }
}

#[test]
fn one_connection_too_many_is_turned_away_with_a_word() {
    let server = Server::in_memory(&["--max-connections", "2"]);
    let (mut first, mut second) = (server.connect(), server.connect());
    first.expect(&["PING"], "PONG");
    second.expect(&["PING"], "PONG");
    assert_eq!(server.connect().rest(), b"-ERR max number of clients reached\r\n");
    first.expect(&["PING"], "PONG");
    drop(second);
    let started = Instant::now();
    loop {
        let mut third = server.connect();
        third.send(&request(&["PING"]));
        if shown(&third.reply()) == "PONG" {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "the place that became free was not given to anyone");
    }
}
