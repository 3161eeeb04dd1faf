//! Policies built with parameters of one's own.

use nuthatch_policy::{LruK, ParameterError, Policy, PolicyKind, S3Fifo, Slot, Slru, TwoQ, WTinyLfu};

/// Who leaves a cache of 40 entries on a stream with a skew, a scan and a loop.
fn victims(mut policy: impl Policy) -> Vec<Slot> {
    const CAPACITY: usize = 40;
    let skewed =
        (0..4_000_u32).map(|at| at.wrapping_mul(2_654_435_761) >> 16).map(|lot| (lot % 100) * (lot % 7) / 7);
    let scan = 200..400;
    let requests = skewed.clone().chain(scan).chain(skewed.take(500)).chain((0..60).cycle().take(600));
    let (mut held, mut left) = (Vec::new(), Vec::new());
    for key in requests {
        let slot = Slot(key);
        if held.contains(&slot) {
            policy.hit(slot);
            continue;
        }
        policy.miss(key.into(), 1);
        if held.len() == CAPACITY {
            let victim = policy.evict();
            held.retain(|held| Some(*held) != victim);
            left.extend(victim);
        }
        policy.insert(slot, key.into(), 1);
        held.push(slot);
    }
    assert!(left.len() > 500);
    left
}

#[test]
fn the_defaults_are_what_the_kinds_are_built_with() {
    let kinds = [
        (PolicyKind::S3Fifo, victims(S3Fifo::with_shares(40, 0.1, 1.0).unwrap())),
        (PolicyKind::S3Fifo, victims(S3Fifo::new(40))),
        (PolicyKind::TwoQ, victims(TwoQ::with_shares(40, 0.25, 0.5).unwrap())),
        (PolicyKind::TwoQ, victims(TwoQ::new(40))),
        (PolicyKind::Slru, victims(Slru::with_segments(40, 4).unwrap())),
        (PolicyKind::Slru, victims(Slru::new(40))),
        (PolicyKind::LruK, victims(LruK::with_k(40, 2).unwrap())),
        (PolicyKind::LruK, victims(LruK::new(40))),
        (PolicyKind::WTinyLfu, victims(WTinyLfu::with_window(40, 0.01).unwrap())),
        (PolicyKind::WTinyLfu, victims(WTinyLfu::new(40))),
        (PolicyKind::WTinyLfuAdaptive, victims(WTinyLfu::adaptive(40))),
    ];
    for (kind, found) in kinds {
        assert_eq!(found, victims(kind.build(40)), "{kind}");
    }
}

#[test]
fn other_parameters_make_another_policy() {
    let of = |kind: PolicyKind| victims(kind.build(40));
    assert_ne!(victims(S3Fifo::with_shares(40, 0.5, 1.0).unwrap()), of(PolicyKind::S3Fifo));
    assert_ne!(victims(S3Fifo::with_shares(40, 0.1, 0.1).unwrap()), of(PolicyKind::S3Fifo));
    assert_ne!(victims(TwoQ::with_shares(40, 0.5, 0.5).unwrap()), of(PolicyKind::TwoQ));
    assert_ne!(victims(TwoQ::with_shares(40, 0.25, 2.0).unwrap()), of(PolicyKind::TwoQ));
    assert_ne!(victims(Slru::with_segments(40, 2).unwrap()), of(PolicyKind::Slru));
    assert_ne!(victims(LruK::with_k(40, 3).unwrap()), of(PolicyKind::LruK));
    assert_ne!(victims(WTinyLfu::with_window(40, 0.5).unwrap()), of(PolicyKind::WTinyLfu));
}

#[test]
fn one_segment_and_a_window_of_everything_are_lru() {
    let lru = victims(PolicyKind::Lru.build(40));
    assert_eq!(victims(Slru::with_segments(40, 1).unwrap()), lru);
    assert_eq!(victims(WTinyLfu::with_window(40, 1.0).unwrap()), lru);
}

#[test]
fn a_parameter_out_of_range_is_named_with_its_range() {
    fn error<P>(built: Result<P, ParameterError>) -> String {
        built.map(|_| ()).unwrap_err().to_string()
    }
    let cases = [
        (error(S3Fifo::with_shares(9, -0.1, 1.0)), "s3-fifo: small is -0.1; give a number from 0 to 1"),
        (error(S3Fifo::with_shares(9, 1.1, 1.0)), "s3-fifo: small is 1.1; give a number from 0 to 1"),
        (error(S3Fifo::with_shares(9, 0.1, 11.0)), "s3-fifo: ghosts is 11; give a number from 0 to 10"),
        (error(S3Fifo::with_shares(9, f64::NAN, 1.0)), "s3-fifo: small is NaN; give a number from 0 to 1"),
        (error(TwoQ::with_shares(9, 2.0, 1.0)), "2q: recent is 2; give a number from 0 to 1"),
        (error(TwoQ::with_shares(9, 0.2, f64::INFINITY)), "2q: ghosts is inf; give a number from 0 to 10"),
        (error(Slru::with_segments(9, 0)), "slru: segments is 0; give a number from 1 to 255"),
        (error(LruK::with_k(9, 1)), "lru-k: k is 1; give a number from 2 to 8"),
        (error(LruK::with_k(9, 9)), "lru-k: k is 9; give a number from 2 to 8"),
        (error(WTinyLfu::with_window(9, 1.5)), "w-tinylfu: window is 1.5; give a number from 0 to 1"),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

/// Shares of nothing and of the most, of capacities at both ends.
#[test]
fn parameters_at_the_ends_of_their_ranges_are_borne() {
    for capacity in [0, 1, 2, 40, u64::MAX] {
        for small in [0.0, 1.0] {
            for ghosts in [0.0, 10.0] {
                victims(S3Fifo::with_shares(capacity, small, ghosts).unwrap());
                victims(TwoQ::with_shares(capacity, small, ghosts).unwrap());
            }
            victims(WTinyLfu::with_window(capacity, small).unwrap());
        }
        for segments in [1, 255] {
            victims(Slru::with_segments(capacity, segments).unwrap());
        }
        for k in [2, 8] {
            victims(LruK::with_k(capacity, k).unwrap());
        }
    }
}
