//! What every storage relies on, whatever the policy.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::collections::HashMap;

use nuthatch_policy::{Belady, LruK, Policy, PolicyKind, S3Fifo, Slot, Slru, TwoQ, WTinyLfu};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    Hit(usize),
    Reweigh(usize, u64),
    Remove(usize),
    Evict,
    Clear,
    Resize(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        30 => weight().prop_map(Op::Insert),
        50 => (0..64_usize).prop_map(Op::Hit),
        10 => (0..64_usize, weight()).prop_map(|(at, weight)| Op::Reweigh(at, weight)),
        10 => (0..64_usize).prop_map(Op::Remove),
        20 => Just(Op::Evict),
        1 => Just(Op::Clear),
        4 => prop_oneof![Just(0), Just(1), 1..100_u64, Just(u64::MAX)].prop_map(Op::Resize),
    ]
}

fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![50 => 0..9_u64, 1 => prop_oneof![Just(u64::MAX), Just(u64::MAX / 2)]]
}

/// A storage without keys and values.
struct Storage {
    policy: Box<dyn Policy>,
    /// In no order.
    held: Vec<(Slot, u64)>,
    next: u32,
    /// Whether the policy's order is that in which it evicts, for as many entries as it looks at each time.
    order_is_exact_up_to: usize,
}

impl Storage {
    fn new(name: &str, policy: Box<dyn Policy>) -> Self {
        let order_is_exact_up_to = match name {
            "random" => 0,
            "lhd" => 32,
            "hyperbolic" => 64,
            _ => usize::MAX,
        };
        Self { policy, held: Vec::new(), next: 0, order_is_exact_up_to }
    }

    fn apply(&mut self, op: &Op) -> Result<(), TestCaseError> {
        let at = |place: &usize| place.checked_rem(self.held.len());
        match op {
            Op::Insert(weight) => {
                let hash = u64::from(self.next % 20);
                self.policy.miss(hash, *weight);
                self.policy.insert(Slot(self.next), hash, *weight);
                self.held.push((Slot(self.next), *weight));
                self.next += 1;
            }
            Op::Hit(place) => at(place).into_iter().for_each(|at| self.policy.hit(self.held[at].0)),
            Op::Reweigh(place, weight) => {
                if let Some(at) = at(place) {
                    self.held[at].1 = *weight;
                    self.policy.reweigh(self.held[at].0, *weight);
                }
            }
            Op::Remove(place) => {
                if let Some(at) = at(place) {
                    self.policy.remove(self.held.swap_remove(at).0);
                }
            }
            Op::Evict => self.evict()?,
            Op::Clear => {
                self.policy.clear();
                self.held.clear();
            }
            Op::Resize(capacity) => {
                self.policy.resize(*capacity);
                self.policy.check_invariants();
                while self.held.iter().map(|(_, weight)| u128::from(*weight)).sum::<u128>()
                    > (*capacity).into()
                {
                    self.evict()?;
                }
            }
        }
        self.policy.check_invariants();
        Ok(())
    }

    /// There must be a victim while anything is held, and it must be the one that was said to be next.
    fn evict(&mut self) -> Result<(), TestCaseError> {
        let order = self.order()?;
        let victim = self.policy.evict();
        if self.held.len() <= self.order_is_exact_up_to {
            prop_assert_eq!(order.first(), victim.as_ref(), "not the first of {:?}", order);
        }
        let place = victim.and_then(|victim| self.held.iter().position(|(slot, _)| *slot == victim));
        prop_assert_eq!(place.is_some(), !self.held.is_empty(), "{:?} of {:?}", victim, self.held);
        place.map(|place| self.held.swap_remove(place));
        Ok(())
    }

    fn order(&self) -> Result<Vec<Slot>, TestCaseError> {
        let order = self.policy.coldest_first();
        let mut listed = order.clone();
        let mut held = self.held.iter().map(|(slot, _)| *slot).collect::<Vec<_>>();
        listed.sort_unstable();
        held.sort_unstable();
        prop_assert_eq!(listed, held, "the order is not of the slots held");
        Ok(order)
    }

    /// Empties the storage and says in which order.
    fn drain(&mut self) -> Result<Vec<Slot>, TestCaseError> {
        let mut left = Vec::new();
        while let Some(victim) = self.policy.evict() {
            self.policy.check_invariants();
            left.push(victim);
            prop_assert!(left.len() <= self.held.len(), "more left than were held");
        }
        prop_assert_eq!(left.len(), self.held.len());
        Ok(left)
    }
}

/// Every kind, and those that take parameters with others.
fn policies(capacity: u64) -> impl Iterator<Item = (&'static str, Box<dyn Policy>)> {
    let tuned: [(&str, Box<dyn Policy>); 5] = [
        ("s3-fifo, tuned", Box::new(S3Fifo::with_shares(capacity, 0.5, 2.0).unwrap())),
        ("2q, tuned", Box::new(TwoQ::with_shares(capacity, 0.75, 2.0).unwrap())),
        ("slru, tuned", Box::new(Slru::with_segments(capacity, 9).unwrap())),
        ("lru-k, tuned", Box::new(LruK::with_k(capacity, 3).unwrap())),
        ("w-tinylfu, tuned", Box::new(WTinyLfu::with_window(capacity, 0.5).unwrap())),
    ];
    PolicyKind::ALL.into_iter().map(move |kind| (kind.name(), kind.build(capacity))).chain(tuned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A storage that is told `None` takes the cache for empty, and would count what it still holds as gone.
    #[test]
    fn whatever_happened_every_entry_leaves_once_and_in_the_order_foretold(
        capacity in 1..100_u64,
        ops in proptest::collection::vec(op(), 1..200),
    ) {
        for (name, policy) in policies(capacity) {
            let named = |error| TestCaseError::fail(format!("{name}: {error}"));
            let mut storage = Storage::new(name, policy);
            for op in &ops {
                storage.apply(op).map_err(named)?;
            }
            let order = storage.order().map_err(named)?;
            let left = storage.drain().map_err(named)?;
            // What LHD spares as an explorer depends on how many entries are left.
            if name != "lhd" && storage.held.len() <= storage.order_is_exact_up_to {
                prop_assert_eq!(order, left, "{}", name);
            }
        }
    }
}

/// The sampling policies look at a part of the entries only; their order is by what they know of all.
#[test]
fn the_order_of_a_policy_that_samples_is_by_value() {
    for kind in [PolicyKind::Hyperbolic, PolicyKind::Lhd] {
        let mut policy = kind.build(1_000);
        for slot in 0..1_000 {
            policy.miss(slot.into(), 1);
            policy.insert(Slot(slot), slot.into(), 1);
        }
        for slot in (0..1_000).step_by(2).chain((0..1_000).step_by(2)) {
            policy.hit(Slot(slot));
        }
        let order = policy.coldest_first();
        let hit_in_the_colder_half = order[..500].iter().filter(|slot| slot.0 % 2 == 0).count();
        assert!(hit_in_the_colder_half < 25, "{kind}: {hit_in_the_colder_half}");
    }
}

#[test]
fn belady_foretells_its_order_and_has_no_use_for_a_capacity() {
    let (mut belady, oracle) = Belady::new();
    for (slot, next_use) in [7, 3, u32::MAX - 1, 9].into_iter().enumerate() {
        oracle.tell(next_use);
        belady.insert(Slot(slot as u32), slot as u64, 1);
    }
    oracle.tell(8);
    belady.hit(Slot(1));
    belady.remove(Slot(3));
    belady.resize(1);
    let order = belady.coldest_first();
    assert_eq!(order, [2, 1, 0].map(Slot));
    assert_eq!(std::iter::from_fn(|| belady.evict()).collect::<Vec<_>>(), order);
}

/// What is generic over a policy takes one chosen by type and one chosen at run time alike.
#[test]
fn a_boxed_policy_is_a_policy() {
    fn first_to_leave<P: Policy + ?Sized>(policy: &mut P) -> Vec<Slot> {
        for slot in [0, 1, 2] {
            policy.miss(slot.into(), 1);
            policy.insert(Slot(slot), slot.into(), 1);
        }
        policy.hit(Slot(0));
        policy.reweigh(Slot(1), 2);
        policy.resize(2);
        policy.check_invariants();
        let order = policy.coldest_first();
        policy.remove(Slot(2));
        assert_eq!([policy.evict(), policy.evict(), policy.evict()], [Some(Slot(1)), Some(Slot(0)), None]);
        policy.insert(Slot(3), 3, 1);
        policy.clear();
        assert_eq!(policy.evict(), None);
        order
    }
    let expected = [1, 2, 0].map(Slot);
    assert_eq!(first_to_leave(&mut PolicyKind::Lru.build(3)), expected);
    assert_eq!(first_to_leave::<dyn Policy>(&mut *PolicyKind::Lru.build(3)), expected);
    assert_eq!(first_to_leave(&mut Box::new(PolicyKind::Lru.build(3))), expected);
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
    for (name, mut policy) in policies(u64::MAX) {
        for slot in 0..8 {
            policy.miss(u64::from(slot), 1);
            policy.insert(Slot(slot), u64::from(slot), 1);
            policy.hit(Slot(slot));
            policy.reweigh(Slot(slot), u64::MAX);
            policy.hit(Slot(slot));
        }
        policy.miss(9, u64::MAX);
        for _ in 0..8 {
            assert!(policy.evict().is_some(), "{name}");
            policy.check_invariants();
        }
        policy.insert(Slot(9), 9, u64::MAX);
        policy.hit(Slot(9));
        assert_eq!(policy.evict(), Some(Slot(9)), "{name}");
        policy.check_invariants();
    }
}
