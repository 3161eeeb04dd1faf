//! Do the twins catch a policy that is a little broken? It forgets one hit in twenty.

use nuthatch_policy::{Policy, PolicyKind, Slot};

use crate::{Operation, Pair, subject::Subject};

struct Forgetful {
    policy: Box<dyn Policy>,
    hits: u32,
}

impl Policy for Forgetful {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.policy.miss(hash, weight);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.policy.insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.hits += 1;
        if !self.hits.is_multiple_of(20) {
            self.policy.hit(slot);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.policy.reweigh(slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        self.policy.evict()
    }

    fn remove(&mut self, slot: Slot) {
        self.policy.remove(slot);
    }

    fn clear(&mut self) {
        self.policy.clear();
    }

    fn resize(&mut self, capacity: u64) {
        self.policy.resize(capacity);
    }

    fn coldest_first(&self) -> Vec<Slot> {
        self.policy.coldest_first()
    }

    fn check_invariants(&self) {
        self.policy.check_invariants();
    }
}

/// Reads of 40 keys, the low ones more often.
fn reads() -> impl Iterator<Item = Operation> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b) = ((state >> 33) % 40, (state >> 50) % 40);
        Operation::Read { key: a.min(b), weight: 1 }
    })
}

#[test]
fn a_policy_that_forgets_a_hit_now_and_then_is_caught() {
    for kind in PolicyKind::ALL {
        let mut pair = Pair::new(Subject::Kind(kind), 16);
        pair.policy = Box::new(Forgetful { policy: kind.build(16), hits: 0 });
        let caught = reads().take(20_000).any(|read| pair.apply(&read).is_err());
        let looks_at_hits = !matches!(kind, PolicyKind::Fifo | PolicyKind::Lifo | PolicyKind::Random);
        assert_eq!(caught, looks_at_hits, "{kind}");
    }
}
