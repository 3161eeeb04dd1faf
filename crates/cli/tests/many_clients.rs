//! Clients that read and write the same keys at once, over a memory so small that reads fill it and writes empty it all the
//! time, see each write once it is acknowledged, and never an older one after a newer.

mod support;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use nuthatch_resp::Value;
use support::{Resp, Server, shown};

const KEYS: usize = 4;

#[test]
fn a_read_never_returns_what_was_overwritten_before_it_began() {
    const WRITES: u64 = 3000;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::on_log(dir.path(), &["--max-entries", "2", "--sync", "never", "--workers", "4"]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut client, mut seen) = (server.connect(), [0; KEYS]);
                while !done.load(Ordering::Relaxed) {
                    for (key, seen) in seen.iter_mut().enumerate() {
                        let number = read(&mut client, key);
                        assert!(number >= *seen, "key {key} went back from {seen} to {number}");
                        *seen = number;
                    }
                }
            });
        }
        let writers: Vec<_> = (0..KEYS)
            .map(|key| {
                let server = &server;
                scope.spawn(move || {
                    let mut client = server.connect();
                    for number in 1..=WRITES {
                        client.expect(&["SET", &key.to_string(), &number.to_string()], "OK");
                        assert_eq!(read(&mut client, key), number, "a client reads what it wrote");
                    }
                })
            })
            .collect();
        let written: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(written.iter().all(Result::is_ok));
    });
}

#[test]
fn increments_from_many_clients_add_up() {
    let dir = tempfile::tempdir().unwrap();
    for server in
        [Server::in_memory(&[]), Server::on_log(dir.path(), &["--max-entries", "1", "--sync", "never"])]
    {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut client = server.connect();
                    for _ in 0..1000 {
                        client.call(&["INCR", "a"]);
                        client.call(&["INCRBY", "b", "2"]);
                        client.call(&["APPEND", "c", "x"]);
                    }
                });
            }
        });
        let mut client = server.connect();
        client.expect(&["MGET", "a", "b"], "4000 8000");
        client.expect(&["STRLEN", "c"], "4000");
    }
}

#[test]
fn of_many_clients_that_set_an_absent_key_one_does() {
    let server = Server::in_memory(&[]);
    for round in 0..200 {
        let key = round.to_string();
        let set = || usize::from(server.connect().call(&["SETNX", &key, "v"]) == Value::Integer(1));
        let won: usize = thread::scope(|scope| {
            let clients: Vec<_> = (0..3).map(|_| scope.spawn(set)).collect();
            clients.into_iter().map(|client| client.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "round {round}");
    }
}

fn read(client: &mut Resp, key: usize) -> u64 {
    shown(&client.call(&["GET", &key.to_string()])).parse().unwrap_or(0)
}
