//! What a summary says of a trace, against simulations and against counts made by hand.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::{
    collections::{HashMap, HashSet},
    io::Cursor,
    ops::ControlFlow,
    path::Path,
};

use nuthatch_policy::PolicyKind;
use nuthatch_simulate::{Capacity, Replay, Summary, summarise};
use nuthatch_trace::{Format, Trace};

const TRACES: [&str; 5] = ["lirs_gli", "lirs_loop", "lirs_multi3", "lirs_ps", "lirs_sprite"];

fn fixture(name: &str) -> Trace {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    Trace::open(folder.join(format!("{name}.trace.gz")), Format::Auto).unwrap()
}

fn csv(rows: &str) -> Summary {
    let text = Cursor::new(rows.replace(' ', "\n").into_bytes());
    summarise(Trace::from_reader("rows", text, Format::Csv).unwrap(), None, |_| ControlFlow::Continue(()))
        .unwrap()
}

/// The distance is the least capacity that hits: at what is said to be needed the hits are there, and one below not.
#[test]
fn what_lru_needs_is_what_lru_takes() {
    for name in TRACES {
        let summary = summarise(fixture(name), None, |_| ControlFlow::Continue(())).unwrap();
        for need in &summary.lru_needs {
            let capacities =
                [need.objects - 1, need.objects].map(|objects| Capacity::Objects(objects.max(1)));
            let rows = Replay::new([PolicyKind::Lru], capacities).run(fixture(name)).unwrap();
            let hits = |row: usize| rows[row].hits as f64;
            let wanted = need.hit_ratio * summary.requests as f64;
            assert!(hits(rows.len() - 1) >= wanted - 1e-6, "{name}: {need:?}");
            assert!(need.objects == 1 || hits(0) < wanted, "{name}: {need:?}");
        }
        assert_eq!(summary.lru_needs.len(), 5, "{name}");
    }
}

#[test]
fn totals_agree_with_counts_made_by_hand() {
    for name in TRACES {
        let keys = fixture(name).map(|request| request.unwrap().key).collect::<Vec<_>>();
        let mut counts = HashMap::<u64, u64>::new();
        keys.iter().for_each(|key| *counts.entry(*key).or_default() += 1);
        let summary = summarise(fixture(name), None, |_| ControlFlow::Continue(())).unwrap();
        let (requests, objects) = (keys.len() as u64, counts.len() as u64);
        assert_eq!((summary.requests, summary.objects, summary.bytes), (requests, objects, objects));
        assert_eq!(summary.one_hit_wonders, counts.values().filter(|count| **count == 1).count() as u64);
        assert_eq!(summary.popularity.ranks[0].requests, *counts.values().max().unwrap());
        assert_eq!(summary.hit_ratio_max, (requests - objects) as f64 / requests as f64);
        let reuse = &summary.reuse;
        let repeated = reuse.histogram.iter().map(|bucket| bucket.requests).sum::<u64>();
        assert_eq!((reuse.first_requests, repeated), (objects, requests - objects));
        for set in &summary.working_sets {
            let windows = keys.chunks_exact(usize::try_from(set.window_requests).unwrap());
            let distinct = windows.map(|window| window.iter().collect::<HashSet<_>>().len() as u64);
            let distinct = distinct.collect::<Vec<_>>();
            assert_eq!(set.objects_max, *distinct.iter().max().unwrap(), "{name}: {set:?}");
            let mean = distinct.iter().sum::<u64>() as f64 / distinct.len() as f64;
            assert!((set.objects_mean - mean).abs() < 1e-9, "{name}: {set:?}");
        }
        assert_eq!(summary.working_sets.last().unwrap().window_requests, requests);
    }
}

#[test]
fn operations_times_to_live_sizes_and_times_are_told() {
    let summary =
        csv("key,size,op,ttl,time a,10,get,0,5 b,20,set,60,6 a,99,get,0,7 b,0,delete,0,8 c,30,set,600,9.5");
    assert_eq!((summary.reads, summary.writes, summary.deletes), (2, 2, 1));
    assert_eq!((summary.bytes, summary.request_bytes, summary.object_bytes_max), (60, 90, 30));
    assert_eq!(summary.span_s, Some(4.5));
    let ttl = summary.ttl.unwrap();
    assert_eq!((ttl.requests, ttl.min_s, ttl.median_s, ttl.max_s), (2, 60, 60, 600));
    // a, then b below it: distances 2 and 2.
    assert_eq!(summary.lru_needs.iter().map(|need| need.objects).collect::<Vec<_>>(), [2; 5]);
    assert_eq!(summary.lru_needs[0].bytes, Some(30));
    assert_eq!(summary.one_hit_wonders, 1);
}

#[test]
fn a_trace_without_repetition_or_with_one_request_needs_nothing() {
    let summary = csv("key a b c");
    assert_eq!(
        (summary.hit_ratio_max, summary.lru_needs.len(), summary.reuse.percentiles.len()),
        (0.0, 0, 0)
    );
    assert_eq!((summary.span_s, summary.ttl, summary.popularity.zipf_exponent), (None, None, None));
    assert_eq!(csv("key a").working_sets.len(), 1);
}
