//! Weights are bytes, and nobody promised small ones.

use nuthatch_policy::{PolicyKind, Slot};

/// Totals and products of such weights leave a `u64` behind.
#[test]
fn every_policy_bears_weights_at_the_end_of_the_range() {
    const CAPACITY: u64 = u64::MAX / 2;
    const WEIGHTS: [u64; 6] = [CAPACITY, 1, CAPACITY / 2, CAPACITY - 1, CAPACITY / 3, 0];
    for kind in PolicyKind::ALL {
        let mut policy = kind.build(CAPACITY);
        let mut held = Vec::<(Slot, u64)>::new();
        let mut free = Vec::from_iter((0..600).rev().map(Slot));
        for round in 0..600_usize {
            let (hash, weight) = (round as u64 * 7 % 11, WEIGHTS[round % WEIGHTS.len()]);
            policy.miss(hash, weight);
            let mut room =
                |policy: &mut Box<dyn nuthatch_policy::Policy>, held: &mut Vec<(Slot, u64)>, weight: u128| {
                    while held.iter().map(|(_, weight)| u128::from(*weight)).sum::<u128>() + weight
                        > CAPACITY.into()
                    {
                        let victim = policy.evict().unwrap();
                        let place = held.iter().position(|(slot, _)| *slot == victim).unwrap();
                        free.push(held.swap_remove(place).0);
                    }
                };
            room(&mut policy, &mut held, weight.into());
            let changed = held.get(round % 3).map(|(slot, _)| *slot);
            if let Some(slot) = changed {
                policy.hit(slot);
                let heavier = WEIGHTS[round % 5];
                policy.reweigh(slot, heavier);
                held[round % 3].1 = heavier;
                room(&mut policy, &mut held, weight.into());
            }
            let slot = free.pop().unwrap();
            policy.insert(slot, hash, weight);
            held.push((slot, weight));
            policy.check_invariants();
        }
    }
}
