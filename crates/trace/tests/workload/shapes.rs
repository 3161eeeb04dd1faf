//! What happens when, and what is done to a key.

use std::collections::HashMap;

use nuthatch_trace::Op;

use crate::{
    keys, requests,
    statistics::{assert_fits, assert_share, zipf_weights},
};

#[test]
fn a_scan_meets_no_key_twice_and_a_loop_comes_round() {
    assert!(keys("scan:requests=1000").into_iter().eq(0..1000));
    assert!(keys("loop:keys=7,requests=1000").into_iter().eq((0..1000).map(|index| index % 7)));
}

#[test]
fn scans_take_their_share_and_keep_away_from_the_points() {
    let found = keys("scan-points:keys=1000,exponent=0.8,scans=30%,length=50,cold=5000,requests=1e6");
    let (scans, points): (Vec<u64>, Vec<u64>) = found.iter().partition(|key| **key >= 1000);
    // The number of scans varies, and each brings 50 requests.
    let expected = 0.3 * found.len() as f64;
    assert!((scans.len() as f64 - expected).abs() < 0.02 * expected, "{}", scans.len());
    assert!(scans.iter().enumerate().all(|(index, key)| *key == 1000 + index as u64 % 5000));
    let mut runs = found.chunk_by(|a, b| (*a < 1000) == (*b < 1000)).filter(|run| run[0] >= 1000);
    assert!(runs.all(|run| run.len() % 50 == 0 || run.last() == found.last()));
    let mut counts = HashMap::<u64, u64>::new();
    points.iter().for_each(|key| *counts.entry(*key).or_default() += 1);
    let most = *counts.values().max().unwrap();
    let weights = zipf_weights(1000, 0.8);
    assert_share("top point", most as usize, points.len(), weights[0] / weights.iter().sum::<f64>());
    assert!(keys("scan-points:scans=0,keys=10,requests=1e4").iter().all(|key| *key < 10));
    assert!(keys("scan-points:scans=1,keys=10,cold=3,requests=1e4").iter().all(|key| (10..13).contains(key)));
}

#[test]
fn a_flash_crowd_comes_and_goes() {
    let found = keys("flash-crowd:keys=1000,start=40%,duration=20%,crowd=5,heat=50%,requests=1e5");
    let crowd = |part: &[u64]| part.iter().filter(|key| **key >= 1000).count();
    assert_eq!(crowd(&found[..40_000]), 0);
    assert_eq!(crowd(&found[60_000..]), 0);
    assert_share("crowd", crowd(&found[40_000..60_000]), 20_000, 0.5);
    assert_fits("in the crowd", found.into_iter().filter_map(|key| key.checked_sub(1000)), &[1.0; 5]);
}

#[test]
fn mixed_reads_writes_and_deletes_and_every_object_keeps_its_size() {
    let found = requests("mixed:keys=1000,requests=1e5,writes=20%,deletes=5%,ttl=uniform:60-120");
    let share = |op| found.iter().filter(|request| request.op == op).count();
    assert_share("writes", share(Op::Write), found.len(), 0.2);
    assert_share("deletes", share(Op::Delete), found.len(), 0.05);
    let mut sizes = HashMap::new();
    for request in &found {
        assert_eq!(*sizes.entry(request.key).or_insert(request.size), request.size);
        match request.op {
            Op::Delete => assert_eq!(request.ttl_s, None),
            _ => assert!((60..=120).contains(&request.ttl_s.unwrap())),
        }
    }
    let larger = sizes.values().filter(|size| **size > 1024).count();
    assert_share("above the median", larger, sizes.len(), 0.5);
}

#[test]
fn time_passes_at_the_rate() {
    let times = |spec| requests(spec).iter().map(|request| request.time_us).collect::<Vec<_>>();
    assert_eq!(times("uniform:requests=2"), [None, None]);
    assert_eq!(times("uniform:requests=3,rate=3"), [Some(0), Some(333_333), Some(666_666)]);
    assert_eq!(times("uniform:requests=2,ttl=5"), [Some(0), Some(1000)], "a thousand per second unless told");
}
