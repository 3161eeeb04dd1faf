//! A trace replayed against the running server hits as often as the simulator says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use support::{Server, nuthatch, run};

const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulate/tests/fixtures/lirs_sprite.trace.gz");
const REQUESTS: &str = "60000";

#[test]
fn the_server_hits_as_the_simulator_says() {
    // With 3000 entries the server spreads them over two shards, whose order is not exactly that of one.
    for (policy, entries) in [("lru", "354"), ("sieve", "354"), ("s3-fifo", "708"), ("lru", "3000")] {
        let server = Server::in_memory(&["--policy", policy, "--max-entries", entries]);
        let target = format!("resp://{}", server.resp);
        let replayed = json(&["bench", "--target", &target]);
        let simulated = json(&["simulate", "--policy", policy, "--capacity", entries]);
        let hit_ratio = |row: &serde_json::Value| row["hit_ratio"].as_f64().unwrap();
        let (server, simulator) = (hit_ratio(&replayed), hit_ratio(&simulated[0]));
        assert!(
            (server - simulator).abs() <= 0.005,
            "{policy} {entries}: server {server}, simulator {simulator}"
        );
    }
}

/// What a subcommand that reads the trace prints.
fn json(arguments: &[&str]) -> serde_json::Value {
    let common = ["--trace", TRACE, "--limit", REQUESTS, "--output", "json"];
    let finished = run(nuthatch().args(arguments).args(common));
    assert!(finished.status.success(), "{}", finished.stderr);
    serde_json::from_str(&finished.stdout).unwrap()
}
