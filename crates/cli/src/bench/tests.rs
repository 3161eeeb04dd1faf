//! The generator against a small server of its own, which counts what it is asked and can misbehave.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use nuthatch_resp::{Protocol, RequestParser, Writer};
use serde_json::Value;

use super::{BenchArgs, Ending, LocalSet, run_load, run_trace};

/// What the server does at the request of that number, counted over all its connections.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    ErrorAt(u64),
    CloseAt(u64),
    StallAt(u64, Duration),
}

#[derive(Default)]
struct Store {
    values: HashMap<Vec<u8>, Vec<u8>>,
    requests: u64,
}

/// Serves GET, SET, PING, DBSIZE and FLUSHALL on a free port until the test ends.
fn serve(fault: Fault) -> (String, Arc<Mutex<Store>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("resp://{}", listener.local_addr().unwrap());
    let store = Arc::new(Mutex::new(Store::default()));
    let shared = Arc::clone(&store);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let store = Arc::clone(&shared);
            std::thread::spawn(move || answer(stream, &store, fault));
        }
    });
    (url, store)
}

fn answer(mut stream: TcpStream, store: &Mutex<Store>, fault: Fault) {
    let mut parser = RequestParser::default();
    let (mut buffer, mut consumed, mut out) = (Vec::new(), 0, Vec::new());
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        buffer.extend_from_slice(&chunk[..read]);
        while let Some(request) = parser.parse(&buffer, &mut consumed).unwrap() {
            let mut reply = Writer::new(&mut out, Protocol::Resp2);
            let mut store = store.lock().unwrap();
            match request.name() {
                b"PING" => reply.simple("PONG"),
                b"DBSIZE" => reply.integer(store.values.len() as i64),
                b"FLUSHALL" => {
                    store.values.clear();
                    reply.ok();
                }
                name => {
                    store.requests += 1;
                    match fault {
                        Fault::ErrorAt(number) if store.requests == number => reply.error("OOM no room"),
                        Fault::CloseAt(number) if store.requests == number => return,
                        Fault::StallAt(number, stall) if store.requests == number => {
                            std::thread::sleep(stall); // with the lock: every connection stalls
                            reply.null();
                        }
                        _ if name == b"GET" => match store.values.get(&request[1]) {
                            Some(value) => reply.bulk(value),
                            None => reply.null(),
                        },
                        _ => {
                            store.values.insert(request[1].to_vec(), request[2].to_vec());
                            reply.ok();
                        }
                    }
                }
            }
        }
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
        buffer.drain(..consumed);
        consumed = 0;
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: BenchArgs,
}

/// Runs with these arguments; returns the report and the error, if it ended in one.
fn bench(arguments: &[&str]) -> anyhow::Result<(Value, Option<String>)> {
    let args = Cli::parse_from(["bench"].iter().chain(arguments)).args;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (report, ending) = LocalSet::new().block_on(&runtime, async {
        match &args.trace {
            Some(path) => run_trace(&args, path.clone()).await,
            None => run_load(&args).await,
        }
    })?;
    let error = match ending {
        Ending::Failed(error) => Some(error.to_string()),
        Ending::Complete | Ending::Interrupted => None,
    };
    Ok((serde_json::to_value(&report)?, error))
}

/// A trace of 5,000 requests in which keys come again after short and long pauses; returns it and its distinct keys.
fn trace() -> (tempfile::NamedTempFile, u64) {
    let mut file = tempfile::Builder::new().suffix(".keys").tempfile().unwrap();
    let keys: Vec<u64> = (0..5000_u64).map(|i| if i % 3 == 0 { i % 7 } else { i * i % 1009 }).collect();
    for key in &keys {
        writeln!(file, "{key}").unwrap();
    }
    let distinct = keys.iter().collect::<std::collections::HashSet<_>>().len();
    (file, distinct as u64)
}

#[test]
fn a_replay_misses_each_key_once_however_it_is_spread() {
    let (file, distinct) = trace();
    let path = file.path().to_str().unwrap();
    for (connections, pipeline) in [("1", "1"), ("1", "16"), ("7", "1"), ("3", "64")] {
        let (url, store) = serve(Fault::None);
        let (report, error) =
            bench(&["--target", &url, "--trace", path, "--connections", connections, "--pipeline", pipeline])
                .unwrap();
        assert_eq!(error, None);
        assert_eq!(
            (&report["gets"], &report["sets"]),
            (&5000.into(), &distinct.into()),
            "{connections}, {pipeline}"
        );
        assert_eq!(report["hits"], 5000 - distinct);
        assert_eq!(report["requests"], 5000, "SETs are not measured");
        let store = store.lock().unwrap();
        assert_eq!(store.requests, 5000 + distinct);
        assert!(store.values.values().all(|value| value.len() == 64));
    }
}

#[test]
fn a_replay_writes_values_of_the_sizes_that_the_trace_states() {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "key,size\n1,100\n2,5000\n3,0\n1,100").unwrap();
    let path = file.path().to_str().unwrap();
    let lengths = |arguments: &[&str]| {
        let (url, store) = serve(Fault::None);
        let (_, error) = bench(&[&["--target", &url, "--trace", path], arguments].concat()).unwrap();
        assert_eq!(error, None);
        let mut lengths: Vec<usize> = store.lock().unwrap().values.values().map(Vec::len).collect();
        lengths.sort_unstable();
        lengths
    };
    assert_eq!(lengths(&[]), [64, 100, 5000]);
    assert_eq!(lengths(&["--value-bytes-max", "1000"]), [64, 100, 1000]);
    assert_eq!(lengths(&["--value-bytes", "7"]), [7, 7, 7]);
}

#[test]
fn a_server_that_holds_keys_is_not_emptied_unasked() {
    let (file, distinct) = trace();
    let path = file.path().to_str().unwrap();
    let (url, store) = serve(Fault::None);
    store.lock().unwrap().values.insert(b"precious".to_vec(), b"data".to_vec());
    let error = bench(&["--target", &url, "--trace", path]).unwrap_err().to_string();
    assert!(error.contains("1 keys") && error.contains("--flush") && error.contains("--keep"), "{error}");
    assert!(store.lock().unwrap().values.contains_key(&b"precious"[..]));
    let (report, _) = bench(&["--target", &url, "--trace", path, "--keep"]).unwrap();
    assert_eq!(report["hits"], 5000 - distinct);
    let (report, _) = bench(&["--target", &url, "--trace", path, "--keep"]).unwrap();
    assert_eq!(report["hits"], 5000, "the second replay finds what the first wrote");
    let (report, _) = bench(&["--target", &url, "--trace", path, "--flush"]).unwrap();
    assert_eq!(report["hits"], 5000 - distinct);
    assert!(!store.lock().unwrap().values.contains_key(&b"precious"[..]));
}

#[test]
fn a_load_sends_as_many_requests_as_it_says() {
    let (url, store) = serve(Fault::None);
    let common = ["--target", &url, "--keys", "500", "--connections", "4", "--requests", "3001"];
    let (report, error) =
        bench(&[&common[..], &["--workload", "mixed:80", "--pipeline", "8"]].concat()).unwrap();
    assert_eq!((error, &report["requests"], &report["ending"]), (None, &3001.into(), &"complete".into()));
    assert_eq!(report["hit_ratio"], 1.0, "all keys were written first");
    assert_eq!(store.lock().unwrap().requests, 500 + 3001);
    let gets = report["gets"].as_u64().unwrap();
    assert!((2200..2600).contains(&gets), "{gets} GETs are not about 80% of 3001");

    let (report, error) = bench(&[&common[..], &["--rate", "20000", "--no-preload"]].concat()).unwrap();
    assert_eq!((error, &report["requests"], &report["unanswered"]), (None, &3001.into(), &0.into()));
}

/// What the open loop is for: a closed loop sees one slow request per connection here.
#[test]
fn an_open_loop_counts_a_stall_once_for_every_request_that_was_due_in_it() {
    let stall = Fault::StallAt(100, Duration::from_millis(400));
    let load = ["--keys", "10", "--connections", "2", "--no-preload", "--requests", "800"];
    let (url, _) = serve(stall);
    let (closed, _) = bench(&[&load[..], &["--target", &url]].concat()).unwrap();

    let (url, _) = serve(stall);
    let (open, _) = bench(&[&load[..], &["--target", &url, "--rate", "1000"]].concat()).unwrap();
    // Of 800 requests about 400 were due in the stall, and about 200 of them 200 ms or more before its end.
    assert!(open["latency_us"]["p90"].as_f64().unwrap() > 200_000.0, "{open}");
    // A closed loop sent nothing meanwhile: the stall is one latency in each of its connections.
    let p90 = |report: &serde_json::Value| report["latency_us"]["p90"].as_f64().unwrap();
    assert!(p90(&closed) < p90(&open), "{closed} {open}");
}

#[test]
fn an_error_reply_and_a_lost_connection_end_the_run_and_keep_its_figures() {
    for (fault, expected) in [(Fault::ErrorAt(1000), "OOM no room"), (Fault::CloseAt(1000), "connection")] {
        for mode in [&["--pipeline", "4"][..], &["--rate", "50000"]] {
            let (url, _) = serve(fault);
            let load = ["--target", &url, "--keys", "10", "--connections", "2", "--workload", "set"];
            let (report, error) = bench(&[&load[..], mode].concat()).unwrap();
            let error = error.unwrap();
            assert!(error.contains(expected), "{error}");
            assert_eq!(report["ending"], "failed");
            let requests = report["requests"].as_u64().unwrap();
            // How many replies were read before the run ended is up to the scheduler: the server answered fewer than 1000
            // and a few in the other connection.
            assert!((1..5000).contains(&requests), "{requests} around the thousandth");
        }
    }
}

#[test]
fn what_cannot_be_reached_is_named() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, error) = bench(&["--target", &format!("resp://{unused}"), "--workload", "set"]).unwrap();
    let error = error.unwrap();
    assert!(error.contains(&unused.to_string()) && error.contains("running"), "{error}");
    let (url, _) = serve(Fault::None);
    let error = bench(&["--target", &url, "--trace", "/does/not/exist"]).unwrap_err().to_string();
    assert!(error.contains("/does/not/exist"), "{error}");
}
