//! Clients that others wrote are served: the `redis` library in both dialects, `redis-cli`, `curl`.

#![expect(clippy::panic, reason = "a helper of tests panics as a test does")]

mod support;

use std::process::Command;

use redis::{Client, Connection, RedisResult, TypedCommands};
use support::Server;

#[test]
fn the_redis_library_is_served_in_both_dialects() {
    let server = Server::in_memory(&["--password", "secret"]);
    for protocol in ["resp2", "resp3"] {
        let url = format!("redis://:secret@{}/0?protocol={protocol}", server.resp);
        let mut client: Connection = Client::open(url).unwrap().get_connection().unwrap();
        client.set("greeting", "hello").unwrap();
        assert_eq!(client.get("greeting").unwrap(), Some("hello".to_owned()));
        assert_eq!(client.get("missing").unwrap(), None);
        client.set_ex("short", "v", 1000).unwrap();
        assert!(client.exists("short").unwrap());
        assert_eq!(client.mget(&["greeting", "missing"]).unwrap(), [Some("hello".to_owned()), None]);
        assert_eq!(client.incr("n", 41).unwrap(), 41);
        let (first, second): (i64, String) =
            redis::pipe().incr("n", 1).set("k", "v").ignore().get("k").query(&mut client).unwrap();
        assert_eq!((first, &second[..]), (42, "v"));

        let wrong: RedisResult<i64> = redis::cmd("INCR").arg("greeting").query(&mut client);
        assert_eq!(wrong.unwrap_err().detail(), Some("value is not an integer or out of range"));
        let mut keys: Vec<String> = client.scan().unwrap().map(Result::unwrap).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["greeting", "k", "n", "short"]);
        assert_eq!(client.del(&["greeting", "short", "k", "n", "missing"]).unwrap(), 4);
    }
    let stranger = Client::open(format!("redis://:guess@{}/", server.resp)).unwrap();
    assert!(stranger.get_connection().is_err(), "a wrong password opens nothing");
}

#[test]
fn redis_cli_and_curl_are_served() {
    let server = Server::in_memory(&[]);
    let url = format!("http://{}/cache/greeting", server.http);
    let port = server.resp.port().to_string();

    tool(
        "curl",
        &["-sS", "--fail", "-X", "PUT", "-H", "Content-Type: text/plain", "--data-binary", "hello", &url],
    );
    assert_eq!(
        tool("curl", &["-sS", "--fail", "-w", " %{http_code} %{content_type}", &url]),
        "hello 200 text/plain"
    );
    assert_eq!(tool("redis-cli", &["-p", &port, "GET", "greeting"]), "hello\n");
    assert_eq!(tool("redis-cli", &["-3", "-p", &port, "INCRBYFLOAT", "sum", "0.5"]), "0.5\n");
    assert!(tool("redis-cli", &["-p", &port, "INFO", "keyspace"]).contains("db0:keys=2"));
}

/// What the program printed. One that is not installed fails the test with its name.
fn tool(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(name).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{name}: {error}; install it to run this test"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
