//! Every policy, step by step, against a twin that is written for clarity alone: vectors that are searched from end to
//! end, nothing shared with the crate's own structures.

#![expect(
    clippy::panic,
    clippy::unimplemented,
    clippy::unwrap_used,
    reason = "a test's helper fails by panicking"
)]

mod adaptive;
mod auto;
mod broken;
mod cacheus;
mod clock_pro;
mod lecar;
mod lfu;
mod lhd;
mod lirs;
mod lru_k;
mod queues;
mod s3_fifo;
mod sampling;
mod segments;
mod sieve;
mod subject;
mod twin;
mod w_tinylfu;

use std::collections::VecDeque;

use nuthatch_policy::{Policy, Slot};
use proptest::prelude::*;
use subject::Subject;
use twin::Twin;

/// What a storage may do to its policy. Entries are named by their place among the resident ones, modulo their number.
#[derive(Clone, Debug)]
enum Operation {
    /// Read a key; on a miss make room and insert it with this weight.
    Read {
        key: u64,
        weight: u64,
    },
    Remove(usize),
    Reweigh(usize, u64),
    /// Evict without need, as a shrinking cache does.
    Evict,
    Clear,
    Resize(u64),
}

fn operations(largest: u64, heaviest: u64) -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        40 => (0..40_u64, 1..=heaviest).prop_map(|(key, weight)| Operation::Read { key, weight }),
        3 => any::<usize>().prop_map(Operation::Remove),
        2 => (any::<usize>(), 1..=heaviest).prop_map(|(place, weight)| Operation::Reweigh(place, weight)),
        2 => Just(Operation::Evict),
        1 => prop_oneof![Just(1), 1..=largest].prop_map(Operation::Resize),
        // Seldom: histories grow only between two of them.
        1 => prop::bool::weighted(0.1).prop_map(|clear| if clear { Operation::Clear } else { Operation::Evict }),
    ];
    prop::collection::vec(operation, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_policy_agrees_with_its_naive_twin(capacity in 1..32_u64, operations in operations(32, 1)) {
        agree(capacity, &operations)?;
    }

    #[test]
    fn every_policy_agrees_with_its_naive_twin_on_weights(capacity in 1..100_u64, operations in operations(100, 30)) {
        agree(capacity, &operations)?;
    }
}

fn agree(capacity: u64, operations: &[Operation]) -> Result<(), TestCaseError> {
    for subject in Subject::all() {
        let mut pair = Pair::new(subject, capacity);
        for (step, operation) in operations.iter().enumerate() {
            if let Err(difference) = pair.apply(operation) {
                prop_assert!(
                    false,
                    "{} at {capacity}, step {step}, {operation:?}: {difference}",
                    subject.name()
                );
            }
            pair.policy.check_invariants();
        }
    }
    Ok(())
}

/// A storage that drives a policy and its twin alike.
struct Pair {
    subject: Subject,
    capacity: u64,
    policy: Box<dyn Policy>,
    twin: Box<dyn Twin>,
    /// Slot, key and weight.
    resident: Vec<(Slot, u64, u64)>,
    /// Freed slots, the oldest first: reused soon and late alike.
    free: VecDeque<Slot>,
    slots: u32,
}

impl Pair {
    fn new(subject: Subject, capacity: u64) -> Self {
        Self {
            subject,
            capacity,
            policy: subject.policy(capacity),
            twin: subject.twin(capacity),
            resident: Vec::new(),
            free: VecDeque::new(),
            slots: 0,
        }
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        match *operation {
            Operation::Read { key, weight } => return self.read(key, weight),
            Operation::Remove(place) => {
                if let Some(place) = place.checked_rem(self.resident.len()) {
                    let (slot, ..) = self.resident.remove(place);
                    self.policy.remove(slot);
                    self.twin.remove(slot);
                    self.free.push_front(slot);
                }
            }
            Operation::Reweigh(place, weight) => {
                if let Some(place) = place.checked_rem(self.resident.len()) {
                    let slot = self.resident[place].0;
                    self.resident[place].2 = weight;
                    self.policy.reweigh(slot, weight);
                    self.twin.reweigh(slot, weight);
                    return self.make_room(0);
                }
            }
            Operation::Evict => return self.evict(),
            Operation::Clear => {
                self.policy.clear();
                self.twin = self.subject.twin(self.capacity);
                let all = self.resident.drain(..).map(|(slot, ..)| slot);
                self.free.extend(all);
            }
            Operation::Resize(capacity) => {
                self.capacity = capacity;
                self.policy.resize(capacity);
                self.twin.resize(capacity);
                return self.make_room(0);
            }
        }
        Ok(())
    }

    fn read(&mut self, key: u64, weight: u64) -> Result<(), String> {
        if let Some((slot, ..)) = self.resident.iter().find(|(_, other, _)| *other == key) {
            self.policy.hit(*slot);
            self.twin.hit(*slot);
            return Ok(());
        }
        if weight > self.capacity {
            return Ok(());
        }
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.policy.miss(hash, weight);
        self.twin.miss(hash, weight);
        self.make_room(weight)?;
        let slot = self.free.pop_front().unwrap_or_else(|| {
            self.slots += 1;
            Slot(self.slots - 1)
        });
        self.policy.insert(slot, hash, weight);
        self.twin.insert(slot, hash, weight);
        self.resident.push((slot, key, weight));
        Ok(())
    }

    fn make_room(&mut self, weight: u64) -> Result<(), String> {
        while self.resident.iter().map(|(_, _, weight)| weight).sum::<u64>() + weight > self.capacity {
            self.evict()?;
        }
        Ok(())
    }

    fn evict(&mut self) -> Result<(), String> {
        let (found, expected) = (self.policy.evict(), self.twin.evict());
        if found != expected {
            return Err(format!("evicted {found:?}, expected {expected:?} of {:?}", self.resident));
        }
        let place = found.and_then(|slot| self.resident.iter().position(|(other, ..)| *other == slot));
        match place {
            Some(place) => {
                let (slot, ..) = self.resident.remove(place);
                self.free.push_back(slot);
                Ok(())
            }
            None if self.resident.is_empty() && found.is_none() => Ok(()),
            None => Err(format!("evicted {found:?}, which is not among {:?}", self.resident)),
        }
    }
}
