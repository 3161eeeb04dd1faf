//! YCSB's mixes: shares of operations, and what belongs together.

use nuthatch_trace::{Op, workload::Workload};

use crate::{
    requests,
    statistics::{assert_fits, assert_share, zipf_weights},
};

fn share_of_writes(spec: &str, share: f64) {
    let found = requests(spec);
    let writes = found.iter().filter(|request| request.op == Op::Write).count();
    assert_share(spec, writes, found.len(), share);
}

#[test]
fn a_b_and_c_write_half_a_twentieth_and_nothing() {
    share_of_writes("ycsb-a:keys=1000,requests=1e5", 0.5);
    share_of_writes("ycsb-b:keys=1000,requests=1e5", 0.05);
    share_of_writes("ycsb-c:keys=1000,requests=1e5", 0.0);
}

#[test]
fn d_inserts_a_twentieth_and_reads_what_is_new() {
    share_of_writes("ycsb-d:keys=1000,requests=1e5", 0.05);
    let mut newest = 999;
    let mut ages = Vec::new();
    for request in requests("ycsb-d:keys=1000,requests=1e6") {
        match request.op {
            Op::Write => newest += 1,
            _ => ages.push(newest - request.key),
        }
    }
    let young = ages.into_iter().filter(|age| *age < 1000);
    assert_fits("ages", young, &zipf_weights(1000, 0.99));
}

#[test]
fn e_scans_runs_of_keys_that_are_there() {
    let found = requests("ycsb-e:keys=10000,length=20,requests=1e6");
    let (mut newest, mut inserts) = (9_999, 0);
    for request in &found {
        if request.op == Op::Write {
            newest += 1;
            inserts += 1;
            assert_eq!(request.key, newest);
        }
        assert!(request.key <= newest);
    }
    // A scan of 1 to 20 keys is 10.5 requests on average, but for those that the last key cuts short.
    let operations = f64::from(inserts) / 0.05;
    let expected = found.len() as f64 / (0.05 + 0.95 * 10.5);
    assert!((operations - expected).abs() < 0.03 * expected, "{operations} for {expected}");
    let neighbours = found.windows(2).filter(|pair| pair[1].key == pair[0].key + 1).count();
    assert!(neighbours as f64 > 0.85 * found.len() as f64, "{neighbours}");
}

/// Of few keys and very many to come: what is not there yet must not be drawn again and again.
#[test]
fn e_of_any_length_starts_at_once() {
    let spec = "ycsb-e:keys=100,requests=9e15".parse().unwrap();
    assert!(Workload::new(&spec).take(10_000).all(|request| request.key < 10_100));
}

#[test]
fn f_writes_back_half_of_what_it_reads() {
    let found = requests("ycsb-f:keys=1000,requests=3e5");
    let writes = found.iter().filter(|request| request.op == Op::Write).count();
    // Of two operations on average one is a read, and the other a read and a write.
    let reads = found.len() - writes;
    assert_share("modified", writes, reads, 0.5);
    for pair in found.windows(2) {
        if pair[1].op == Op::Write {
            assert_eq!((pair[0].op, pair[0].key), (Op::Read, pair[1].key));
        }
    }
}
