//! Curves: LRU's from distances, and all policies' from a sample.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::{collections::BTreeMap, fs::File, io::Cursor, ops::ControlFlow, path::PathBuf};

use nuthatch_policy::PolicyKind;
use nuthatch_simulate::{Capacity, Contender, Honour, Replay, Row};
use nuthatch_trace::{Format, Trace};
use proptest::prelude::*;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.trace.gz"))
}

fn fixture(name: &str) -> Trace {
    Trace::open(path(name), Format::Auto).unwrap()
}

/// What an estimate and the truth, or two ways to it, have to have in common.
fn figures(rows: &[Row]) -> Vec<String> {
    let figures = |row: &Row| {
        let Row { policy, capacity, requests, hits, evictions, byte_hit_ratio, .. } = row;
        format!(
            "{policy} at {capacity}: {hits} hits of {requests}, {evictions} evictions, {byte_hit_ratio:.9?}"
        )
    };
    rows.iter().map(figures).collect()
}

#[test]
fn a_curve_goes_from_a_thousandth_to_all() {
    let shares = Capacity::curve(4);
    let expected = [0.001, 0.01, 0.1, 1.0];
    for (share, expected) in shares.iter().zip(expected) {
        assert!(matches!(share, Capacity::Share(share) if (share - expected).abs() < 1e-12), "{share}");
    }
    assert_eq!((shares.len(), Capacity::curve(1)), (4, vec![Capacity::Share(1.0)]));
}

#[test]
fn lru_told_from_distances_is_lru_simulated() {
    for name in ["lirs_gli", "lirs_loop", "lirs_multi3", "lirs_ps", "lirs_sprite"] {
        for bytes in [false, true] {
            let replay = Replay::new([PolicyKind::Lru], Capacity::curve(12)).bytes(bytes);
            let told = replay.run(fixture(name)).unwrap();
            let simulated = replay.details(true).run(fixture(name)).unwrap();
            assert_eq!(figures(&told), figures(&simulated), "{name}");
            assert!(
                told.iter()
                    .zip(&simulated)
                    .all(|(told, simulated)| { told.details.misses == simulated.details.misses })
            );
        }
    }
}

proptest! {
    /// Some objects are larger than some caches, which then refuse them.
    #[test]
    fn lru_told_from_distances_is_lru_simulated_whatever_the_sizes(
        requests in prop::collection::vec((0..40_u64, 0..30_u64), 1..400),
        capacities in prop::collection::vec(1..200_u64, 1..9),
    ) {
        let rows = requests.iter().map(|(key, size)| format!("{key},{size}\n")).collect::<String>();
        let text = format!("key,size\n{rows}");
        let trace = || Trace::from_reader("sized", Cursor::new(text.clone().into_bytes()), Format::Csv).unwrap();
        let capacities = capacities.into_iter().map(Capacity::Bytes);
        // A share, so that the largest object is known.
        let replay = Replay::new([PolicyKind::Lru], capacities.chain(["50%".parse().unwrap()])).bytes(true);
        let told = replay.run(trace()).unwrap();
        prop_assert_eq!(figures(&told), figures(&replay.details(true).run(trace()).unwrap()));
    }
}

/// Hot objects, a loop, phases: what makes samples err. No tenth of a trace says more of policies that hold on to what they
/// have (lifo, mru, mfu, lfu), or to a few favourites: those are left out.
#[test]
fn an_estimate_from_a_sample_is_near_the_truth() {
    const POLICIES: [&str; 7] = ["arc", "fifo", "lirs", "lru", "s3-fifo", "slru", "w-tinylfu"];
    for name in ["lirs_gli", "lirs_loop", "lirs_multi3", "lirs_ps", "lirs_sprite"] {
        let policies = POLICIES.map(|policy| policy.parse::<Contender>().unwrap());
        let replay = Replay::new(policies, Capacity::curve(20));
        let exact = replay.run(fixture(name)).unwrap();
        let estimated = replay.sample(Some(0.01)).run(fixture(name)).unwrap();
        assert_eq!(exact.len(), estimated.len());
        let mut errors = BTreeMap::<&str, Vec<f64>>::new();
        for (exact, estimated) in exact.iter().zip(&estimated) {
            assert_eq!((exact.policy, exact.capacity), (estimated.policy, estimated.capacity));
            assert_eq!(exact.requests, estimated.requests);
            assert_eq!(estimated.hit_ratio, estimated.hits as f64 / estimated.requests as f64);
            assert!(
                estimated.sampled.is_some_and(|part| part < 1.0 || estimated.capacity < 200),
                "{estimated:?}"
            );
            errors.entry(exact.policy).or_default().push((exact.hit_ratio - estimated.hit_ratio).abs());
        }
        for (policy, errors) in errors {
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            assert!(mean < 0.0225, "{name} {policy}: {mean}");
        }
    }
}

#[test]
fn a_sample_of_everything_is_the_truth() {
    let replay = Replay::new(Contender::all(), Capacity::curve(6));
    let deterministic = |rows: Vec<Row>| {
        // The others draw by lot, or by hashes of numbers that a sample gives anew.
        let kept = ["arc", "belady", "clock", "fifo", "lirs", "lru", "s3-fifo", "sieve", "slru"];
        rows.into_iter().filter(|row| kept.contains(&row.policy)).collect::<Vec<_>>()
    };
    let exact = deterministic(replay.run(fixture("lirs_ps")).unwrap());
    let sampled = deterministic(replay.sample(Some(1.0)).run(fixture("lirs_ps")).unwrap());
    assert_eq!(figures(&exact), figures(&sampled));
}

#[test]
fn samples_of_a_file_and_of_a_reader_are_the_same_on_any_number_of_threads() {
    let replay = Replay::new([PolicyKind::Lru, PolicyKind::S3Fifo], Capacity::curve(5)).sample(Some(0.05));
    let expected = figures(&replay.clone().threads(1).run(fixture("lirs_multi3")).unwrap());
    let reader = File::open(path("lirs_multi3")).unwrap();
    let trace = Trace::from_reader("reader", reader, Format::Auto).unwrap();
    assert_eq!(figures(&replay.threads(3).run(trace).unwrap()), expected);
}

/// Without shares nobody counts the objects: how many there are is then estimated as well.
#[test]
fn capacities_in_numbers_need_no_count() {
    let replay = Replay::new([PolicyKind::Lru], ["100", "400", "1600"].map(|text| text.parse().unwrap()));
    let exact = replay.run(fixture("lirs_sprite")).unwrap();
    for (exact, estimated) in exact.iter().zip(replay.sample(Some(0.1)).run(fixture("lirs_sprite")).unwrap())
    {
        assert!((exact.hit_ratio - estimated.hit_ratio).abs() < 0.03, "{estimated:?}");
    }
}

#[test]
fn an_estimate_that_is_stopped_tells_only_what_it_finished() {
    let replay =
        Replay::new([PolicyKind::Lru, PolicyKind::Sieve], Capacity::curve(6)).sample(Some(0.05)).threads(1);
    let all = figures(&replay.run(fixture("lirs_sprite")).unwrap());
    for stop_at in [0, 1, 20, 40, 45] {
        let mut calls = 0;
        let rows = replay.run_with_progress(fixture("lirs_sprite"), |_| {
            calls += 1;
            if calls > stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let told = figures(&rows.unwrap());
        assert!(told.iter().all(|row| all.contains(row)) && told.len() < all.len(), "{stop_at}: {told:?}");
    }
}

/// Half of the bytes are in one object of a hundred: a miniature without room for one of those would refuse half of what
/// the whole cache takes.
#[test]
fn large_objects_fit_into_miniatures() {
    let text = (0..60_000_u64).map(|at| {
        let key = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let key = key % 3000 * (key % 7) / 7;
        format!("{key},{}\n", if key % 100 == 0 { 100_000 } else { 1000 })
    });
    let text = format!("key,size\n{}", text.collect::<String>());
    let trace = || Trace::from_reader("sized", Cursor::new(text.clone().into_bytes()), Format::Csv).unwrap();
    let replay = Replay::new([PolicyKind::Lru], Capacity::curve(10)).bytes(true);
    let exact = replay.run(trace()).unwrap();
    for (exact, estimated) in exact.iter().zip(replay.sample(Some(0.01)).run(trace()).unwrap()) {
        assert!((exact.hit_ratio - estimated.hit_ratio).abs() < 0.05, "{exact:?} {estimated:?}");
    }
}

/// Misses by cause add up in estimates too, with whatever is honoured.
#[test]
fn estimated_misses_add_up() {
    let text = (0..5000_u64).map(|at| {
        let key = (at * at) % 997 % 300;
        let op = ["get", "get", "set", "delete"][(at % 7 % 4) as usize];
        format!("{key},{op},{},{at}\n", at % 50)
    });
    let text = format!("key,op,ttl,time\n{}", text.collect::<String>());
    let trace = Trace::from_reader("rows", Cursor::new(text.into_bytes()), Format::Csv).unwrap();
    let replay = Replay::new([PolicyKind::Lru, PolicyKind::Sieve], Capacity::curve(6));
    let rows = replay.honour(Honour { ttl: true, ops: true }).sample(Some(0.2)).run(trace).unwrap();
    for row in rows {
        let misses = row.details.misses;
        let all = misses.compulsory + misses.capacity + misses.expired + misses.deleted + misses.too_large;
        assert_eq!(all, row.requests - row.hits, "{row:?}");
        assert!(misses.expired > 0 && row.details.writes > 0, "{row:?}");
    }
}
