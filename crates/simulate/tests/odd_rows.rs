//! All policies over all small traces as one table, looked over for rows that cannot be.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::path::Path;

use nuthatch_simulate::{Capacity, Contender, Replay, Row};
use nuthatch_trace::{Format, Trace};

const TRACES: [&str; 5] = ["lirs_gli", "lirs_loop", "lirs_multi3", "lirs_ps", "lirs_sprite"];
/// Requests of each: more would take longer and show no more.
const MOST: usize = 20_000;

fn keys(trace: &str) -> Vec<u64> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{trace}.trace.gz"));
    Trace::open(file, Format::Lirs).unwrap().take(MOST).map(|request| request.unwrap().key).collect()
}

/// The keys with sizes from 1 to 1000 bytes, most of them small, each key's always the same.
fn sized(keys: &[u64]) -> Trace {
    let mut text = String::from("key,size\n");
    for key in keys {
        let spread = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let size = 1 + spread % 10_u64.pow(1 + (spread >> 20) as u32 % 3);
        text.push_str(&format!("{key},{size}\n"));
    }
    Trace::from_reader("sized", std::io::Cursor::new(text), Format::Csv).unwrap()
}

fn plain(keys: &[u64]) -> Trace {
    let text = keys.iter().map(|key| format!("{key}\n")).collect::<String>();
    Trace::from_reader("plain", std::io::Cursor::new(text), Format::Keys).unwrap()
}

fn distinct(keys: &[u64]) -> u64 {
    keys.iter().collect::<std::collections::HashSet<_>>().len() as u64
}

fn rows(trace: Trace, capacities: impl IntoIterator<Item = Capacity>) -> Vec<Row> {
    Replay::new(Contender::all(), capacities).run(trace).unwrap()
}

/// Every policy admits every object, so a cache of one object hits when a request repeats the one before.
#[test]
fn a_cache_of_one_object_hits_exactly_the_immediate_repeats() {
    for trace in TRACES {
        let keys = keys(trace);
        let repeats = keys.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        for row in rows(plain(&keys), [Capacity::Objects(1)]) {
            assert_eq!(row.hits, repeats, "{trace}, {}", row.policy);
        }
    }
}

#[test]
fn a_cache_that_holds_everything_misses_each_object_once_and_evicts_nothing() {
    for trace in TRACES {
        let keys = keys(trace);
        for row in rows(plain(&keys), [Capacity::Objects(distinct(&keys))]) {
            assert_eq!(row.hits, row.requests - distinct(&keys), "{trace}, {}", row.policy);
            assert_eq!(row.evictions, 0, "{trace}, {}", row.policy);
        }
        for row in rows(sized(&keys), [Capacity::Bytes(u64::MAX / 4)]) {
            assert_eq!(
                (row.hits, row.evictions),
                (row.requests - distinct(&keys), 0),
                "{trace}, {}",
                row.policy
            );
        }
    }
}

/// Belady's choice is the best one for objects of one size, and more room never hurts it, nor LRU.
#[test]
fn nothing_beats_belady_and_stack_policies_gain_from_room() {
    for trace in TRACES {
        let keys = keys(trace);
        let capacities = [1, 2, 3, 5, 10, 20, 50, 99, 100, 101, 200, 500].map(Capacity::Objects);
        let rows = rows(plain(&keys), capacities);
        let mut before = [0; 2];
        for block in rows.chunk_by(|a, b| a.capacity == b.capacity) {
            let hits = |name| block.iter().find(|row| row.policy == name).unwrap().hits;
            for row in block {
                assert!(row.hits <= hits("belady"), "{trace}, {} at {}", row.policy, row.capacity);
                assert!(row.evictions + row.capacity >= row.requests - row.hits, "{trace}, {}", row.policy);
            }
            let now = [hits("belady"), hits("lru")];
            assert!(now[0] >= before[0] && now[1] >= before[1], "{trace} at {}", block[0].capacity);
            before = now;
            assert_eq!(hits("gdsf"), hits("lfu-da"), "{trace}: they differ by size alone");
        }
    }
}

/// No policy loses entries, evicts forever or trips over objects that are as large as the cache or larger.
#[test]
fn small_caches_of_bytes_work_with_every_policy() {
    for trace in TRACES {
        let keys = keys(trace);
        let capacities = [1, 9, 10, 99, 100, 250, 999, 1000, 5000, 50_000].map(Capacity::Bytes);
        for row in rows(sized(&keys), capacities) {
            let misses = row.requests - row.hits;
            assert!(row.rejections + row.evictions <= misses, "{trace}, {} at {}", row.policy, row.capacity);
            assert_eq!(
                row.rejections == 0,
                row.capacity >= 1000,
                "{trace}, {} at {}",
                row.policy,
                row.capacity
            );
            let admitted = misses - row.rejections;
            assert!(admitted - row.evictions <= row.capacity, "{trace}, {} at {}", row.policy, row.capacity);
        }
    }
}
