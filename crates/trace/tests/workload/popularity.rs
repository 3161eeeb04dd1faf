//! How often each key is asked for.

use std::collections::HashMap;

use nuthatch_trace::Op;

use crate::{
    keys, requests,
    statistics::{assert_fits, assert_share, zipf_weights},
};

#[test]
fn uniform_asks_for_every_key_alike() {
    assert_fits("uniform", keys("uniform:keys=1000,requests=1e6"), &[1.0; 1000]);
    assert_eq!(keys("uniform:keys=1,requests=3"), [0, 0, 0]);
}

#[test]
fn zipf_keeps_its_proportions_whatever_the_exponent() {
    for exponent in [0.0, 0.3, 0.5, 0.9, 0.99, 0.999_999_999, 1.0, 1.000_001, 1.3, 2.5, 5.0] {
        for count in [2_u32, 10, 1000] {
            let spec = format!("zipf:keys={count},exponent={exponent},requests=1e6,seed=7");
            assert_fits(&spec, keys(&spec), &zipf_weights(count, exponent));
        }
    }
    assert_eq!(keys("zipf:keys=1,exponent=1,requests=3"), [0, 0, 0]);
    assert_eq!(keys("zipf:keys=1e9,exponent=20,requests=3"), [0, 0, 0]);
}

/// Too many keys to sum up: the harmonic number by Euler and Maclaurin's formula.
#[test]
fn zipf_over_a_billion_keys_keeps_the_proportions_of_its_first() {
    for exponent in [0.7_f64, 0.9, 1.2] {
        let (count, head) = (1e9_f64, 1000_u32);
        let sum_head = (1..head).map(|rank| f64::from(rank).powf(-exponent)).sum::<f64>();
        let at = |x: f64| x.powf(-exponent);
        let from = f64::from(head);
        let tail = (count.powf(1.0 - exponent) - from.powf(1.0 - exponent)) / (1.0 - exponent)
            + (at(from) + at(count)) / 2.0
            + exponent * (at(from) / from - at(count) / count) / 12.0;
        let found = keys(&format!("zipf:keys=1e9,exponent={exponent},requests=2e6"));
        for ranks in [1_u32, 10, 100, 1000] {
            let share = (1..=ranks).map(|rank| at(f64::from(rank))).sum::<f64>() / (sum_head + tail);
            let below = found.iter().filter(|key| **key < u64::from(ranks)).count();
            assert_share(&format!("zipf {exponent} to rank {ranks}"), below, found.len(), share);
        }
    }
}

#[test]
fn scrambled_zipf_is_zipf_with_its_keys_elsewhere() {
    let found = keys("scrambled-zipf:keys=1000,exponent=0.9,requests=1e6");
    // The same draws, so every rank has become one key and no two the same.
    let ranks = keys("zipf:keys=1000,exponent=0.9,requests=1e6");
    let mut key_of = HashMap::new();
    for (rank, key) in ranks.iter().zip(&found) {
        assert_eq!(key_of.entry(rank).or_insert(key), &key);
        assert!(*key < 1000);
    }
    let mut distinct = key_of.values().collect::<Vec<_>>();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), key_of.len());
    // The ten most popular are not together.
    let top = (0..10_u64).map(|rank| **key_of.get(&rank).unwrap()).collect::<Vec<_>>();
    assert!(top.iter().max().unwrap() - top.iter().min().unwrap() > 300, "{top:?}");
}

#[test]
fn hotset_gives_a_share_of_the_keys_a_share_of_the_requests() {
    let found = keys("hotset:keys=1000,hot=10%,heat=70%,requests=1e6");
    let weights = (0..1000).map(|key| if key < 100 { 0.7 / 100.0 } else { 0.3 / 900.0 }).collect::<Vec<_>>();
    assert_fits("hotset", found, &weights);
    assert_fits("all are hot", keys("hotset:keys=10,hot=1,heat=0.5,requests=1e5"), &[1.0; 10]);
}

#[test]
fn latest_prefers_the_newest_and_keeps_adding() {
    let still = keys("latest:keys=1000,exponent=0.9,inserts=0,requests=1e6");
    assert_fits("latest", still.into_iter().map(|key| 999 - key), &zipf_weights(1000, 0.9));

    let found = requests("latest:keys=1000,exponent=0.9,inserts=10%,requests=1e6");
    let inserts = found.iter().filter(|request| request.op == Op::Write).count();
    assert_share("inserts", inserts, found.len(), 0.1);
    let (mut newest, mut ages) = (999, Vec::new());
    for request in &found {
        if request.op == Op::Write {
            newest += 1;
            assert_eq!(request.key, newest);
        } else {
            ages.push(newest - request.key);
        }
    }
    // Those that came in count as much as those that were there.
    assert!(ages.iter().any(|age| *age > 50_000));
    // By now there are 101 000 keys: the proportions among the thousand youngest hold whatever their number.
    let young = ages.into_iter().filter(|age| *age < 1000);
    assert_fits("ages", young, &zipf_weights(1000, 0.9));
}

#[test]
fn shifting_moves_its_favourites_on_time() {
    let found = keys("shifting:keys=1000,exponent=1,period=250000,step=15%,requests=1e6");
    for (period, part) in found.chunks(250_000).enumerate() {
        let place = 150 * period as u64;
        let ranks = part.iter().map(|key| (key + 1000 - place) % 1000);
        assert_fits(&format!("period {period}"), ranks, &zipf_weights(1000, 1.0));
    }
}
