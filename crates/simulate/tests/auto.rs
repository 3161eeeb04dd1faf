//! auto finds its way, and each of its parts has a share in that.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

#[path = "../examples/gap/cache.rs"]
mod cache;

use std::path::Path;

use cache::{hits, numbered};
use nuthatch_policy::{Auto, AutoPart, PolicyKind};
use nuthatch_trace::{Format, Trace};

fn trace(name: &str) -> Vec<u32> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.trace.gz"));
    numbered(Trace::open(file, Format::Auto).unwrap().map(|request| request.unwrap().key))
}

fn percent(hits: usize, objects: &[u32]) -> f64 {
    100.0 * hits as f64 / objects.len() as f64
}

fn of_auto(capacity: usize, objects: &[u32], seed: u64) -> f64 {
    percent(hits(&mut Auto::new(capacity as u64), capacity, objects, seed), objects)
}

fn of_kind(kind: PolicyKind, capacity: usize, objects: &[u32]) -> f64 {
    percent(hits(&mut *kind.build(capacity as u64), capacity, objects, 0), objects)
}

fn without(part: AutoPart, capacity: usize, objects: &[u32]) -> f64 {
    percent(hits(&mut Auto::without(capacity as u64, part), capacity, objects, 0), objects)
}

/// A file system's trace, a loop of strangers as long, and the first trace again.
fn recency_loop_recency() -> Vec<u32> {
    let sprite = trace("lirs_sprite");
    let strangers = sprite.iter().max().unwrap() + 1;
    let around = (0..sprite.len() as u32).map(|at| strangers + at % 1_011);
    sprite.iter().copied().chain(around).chain(sprite.iter().copied()).collect()
}

#[test]
fn phases_that_want_opposite_queues_are_served_alike() {
    let objects = recency_loop_recency();
    for seed in 0..3 {
        let found = of_auto(708, &objects, seed);
        assert!(found > 77.0, "{found:.2}");
        assert!(found > of_kind(PolicyKind::Lru, 708, &objects) + 15.0);
        assert!(found > of_kind(PolicyKind::WTinyLfu, 708, &objects) + 3.0);
    }
}

#[test]
fn a_loop_gets_most_of_what_lirs_makes_of_it() {
    const CAPACITY: usize = 500;
    for tenths in [12, 15, 20, 25, 30, 50, 70, 100] {
        let length = CAPACITY as u32 * tenths / 10;
        let objects = (0..60 * length).map(|at| at % length).collect::<Vec<_>>();
        let (found, lirs) = (of_auto(CAPACITY, &objects, 0), of_kind(PolicyKind::Lirs, CAPACITY, &objects));
        assert!(found > 0.85 * lirs, "{tenths} tenths: {found:.2} of {lirs:.2}");
    }
}

#[test]
fn without_the_test_of_those_that_come_back_a_loop_churns() {
    let objects = trace("lirs_gli");
    let found = [of_auto(632, &objects, 0), without(AutoPart::ReturnTest, 632, &objects)];
    assert!(found[0] > found[1] + 5.0, "{found:.2?}");
}

#[test]
fn without_steering_recency_is_lost() {
    let objects = trace("lirs_sprite");
    let found = [of_auto(708, &objects, 0), without(AutoPart::Steering, 708, &objects)];
    assert!(found[0] > found[1] + 5.0, "{found:.2?}");
}

#[test]
fn caches_of_a_few_objects_hit_as_often_as_lru_or_nearly() {
    let objects = trace("lirs_sprite");
    for capacity in [1, 2, 3, 5, 10, 20, 50] {
        let (found, lru) = (of_auto(capacity, &objects, 0), of_kind(PolicyKind::Lru, capacity, &objects));
        assert!(found > lru - 1.0, "{capacity}: {found:.2}, LRU {lru:.2}");
    }
}
