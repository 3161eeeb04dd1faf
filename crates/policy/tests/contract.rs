//! What every storage relies on, whatever the policy.

use std::collections::HashMap;

use nuthatch_policy::{PolicyKind, Slot};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    Hit(usize),
    Reweigh(usize, u64),
    Remove(usize),
    Evict,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0..9_u64).prop_map(Op::Insert),
        5 => (0..64_usize).prop_map(Op::Hit),
        1 => (0..64_usize, 0..9_u64).prop_map(|(at, weight)| Op::Reweigh(at, weight)),
        1 => (0..64_usize).prop_map(Op::Remove),
        2 => Just(Op::Evict),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A storage that is told `None` takes the cache for empty, and would count what it still holds as gone.
    #[test]
    fn there_is_a_victim_for_as_long_as_an_entry_is_held(
        capacity in 1..100_u64,
        ops in proptest::collection::vec(op(), 1..200),
    ) {
        for kind in PolicyKind::ALL {
            let mut policy = kind.build(capacity);
            let (mut held, mut next) = (Vec::new(), 0);
            let evict = |policy: &mut Box<dyn nuthatch_policy::Policy>, held: &mut Vec<Slot>| {
                let victim = policy.evict();
                let place = victim.and_then(|victim| held.iter().position(|slot| *slot == victim));
                prop_assert_eq!(place.is_some(), !held.is_empty(), "{} of {} held", kind, held.len());
                place.map(|place| held.swap_remove(place));
                Ok(())
            };
            for op in &ops {
                let at = |index: &usize| (!held.is_empty()).then(|| index % held.len());
                match op {
                    Op::Insert(weight) => {
                        policy.miss(u64::from(next % 20), *weight);
                        policy.insert(Slot(next), u64::from(next % 20), *weight);
                        held.push(Slot(next));
                        next += 1;
                    }
                    Op::Hit(index) => at(index).into_iter().for_each(|at| policy.hit(held[at])),
                    Op::Reweigh(index, weight) => {
                        at(index).into_iter().for_each(|at| policy.reweigh(held[at], *weight));
                    }
                    Op::Remove(index) => {
                        if let Some(at) = at(index) {
                            policy.remove(held.swap_remove(at));
                        }
                    }
                    Op::Evict => evict(&mut policy, &mut held)?,
                }
                policy.check_invariants();
            }
            for _ in 0..=held.len() {
                evict(&mut policy, &mut held)?;
            }
            prop_assert!(held.is_empty());
        }
    }
}

/// The smallest case of S3-FIFO's that once went wrong: small holds less than its share, and all of it is proven.
#[test]
fn an_entry_that_was_just_promoted_can_be_the_victim() {
    let mut policy = PolicyKind::S3Fifo.build(100);
    policy.miss(0, 1);
    policy.insert(Slot(0), 0, 1);
    policy.hit(Slot(0));
    policy.hit(Slot(0));
    assert_eq!(policy.evict(), Some(Slot(0)));
}

#[test]
fn no_two_policies_share_a_name() {
    let names: HashMap<&str, PolicyKind> =
        PolicyKind::ALL.into_iter().map(|kind| (kind.name(), kind)).collect();
    assert_eq!(names.len(), PolicyKind::ALL.len());
    assert!(PolicyKind::ALL.into_iter().all(|kind| kind.name().parse() == Ok(kind)));
    let [others @ .., auto] = PolicyKind::ALL;
    assert!(others.map(PolicyKind::name).is_sorted() && auto == PolicyKind::Auto);
}

/// A storage that lets several entries grow before it makes room may hold more than a number of 64 bits can say.
#[test]
fn weights_of_any_size_overflow_nothing() {
    for kind in PolicyKind::ALL {
        let mut policy = kind.build(u64::MAX);
        for slot in 0..8 {
            policy.miss(u64::from(slot), 1);
            policy.insert(Slot(slot), u64::from(slot), 1);
            policy.hit(Slot(slot));
            policy.reweigh(Slot(slot), u64::MAX);
            policy.hit(Slot(slot));
        }
        policy.miss(9, u64::MAX);
        for _ in 0..8 {
            assert!(policy.evict().is_some(), "{kind}");
            policy.check_invariants();
        }
        policy.insert(Slot(9), 9, u64::MAX);
        policy.hit(Slot(9));
        assert_eq!(policy.evict(), Some(Slot(9)), "{kind}");
        policy.check_invariants();
    }
}
