//! Belady against a search of the whole future, and against every policy that cannot see it.

use nuthatch_policy::{Belady, Oracle, Policy, PolicyKind, Slot};
use proptest::prelude::*;

/// When each request's key is requested again.
fn next_uses(keys: &[u32]) -> Vec<u32> {
    let next = |at: usize| keys[at + 1..].iter().position(|key| *key == keys[at]);
    (0..keys.len()).map(|at| next(at).map_or(Oracle::NEVER, |gap| (at + 1 + gap) as u32)).collect()
}

/// Hits of a cache for `capacity` of `keys`, each in the slot of its own number.
fn hits(keys: &[u32], capacity: usize, policy: &mut dyn Policy, mut before: impl FnMut(usize)) -> usize {
    let (mut held, mut hits) = (Vec::new(), 0);
    for (at, key) in keys.iter().enumerate() {
        before(at);
        if held.contains(key) {
            hits += 1;
            policy.hit(Slot(*key));
            continue;
        }
        policy.miss(u64::from(*key), 1);
        if held.len() == capacity {
            let victim = policy.evict();
            held.retain(|key| Some(Slot(*key)) != victim);
        }
        policy.insert(Slot(*key), u64::from(*key), 1);
        held.push(*key);
        policy.check_invariants();
    }
    hits
}

proptest! {
    #[test]
    fn no_policy_hits_more_often(
        keys in prop::collection::vec(0..30_u32, 1..300),
        capacity in 1..25_usize,
    ) {
        let next_uses = next_uses(&keys);
        let (mut belady, oracle) = Belady::new();
        let most = hits(&keys, capacity, &mut belady, |at| oracle.tell(next_uses[at]));
        for kind in PolicyKind::ALL {
            let found = hits(&keys, capacity, &mut *kind.build(capacity as u64), |_| {});
            prop_assert!(found <= most, "{kind}: {found} of at most {most}");
        }
    }

    /// Removals and evictions without need come in between, and slots are taken again.
    #[test]
    fn the_one_needed_last_leaves(
        keys in prop::collection::vec(0..30_u32, 1..300),
        removals in prop::collection::vec(0..40_u32, 300),
        capacity in 1..25_usize,
    ) {
        let next_uses = next_uses(&keys);
        let (mut belady, oracle) = Belady::new();
        let mut held = Vec::<(u32, u32)>::new(); // next use, key
        for (at, key) in keys.iter().enumerate() {
            oracle.tell(next_uses[at]);
            if let Some(entry) = held.iter_mut().find(|(_, held)| held == key) {
                entry.0 = next_uses[at];
                belady.hit(Slot(*key));
            } else {
                if held.len() == capacity {
                    held.sort_unstable();
                    let farthest = held[capacity - 1].0;
                    let Some(victim) = belady.evict() else { return Err(TestCaseError::fail("no victim")) };
                    // Of several that are never needed again any may leave.
                    let place = held.iter().position(|(next, key)| *next == farthest && Slot(*key) == victim);
                    prop_assert!(place.is_some(), "{victim:?} left, needed last is {farthest}: {held:?}");
                    place.map(|place| held.remove(place));
                }
                belady.insert(Slot(*key), 0, 1);
                held.push((next_uses[at], *key));
            }
            if let Some(place) = held.iter().position(|(_, key)| *key == removals[at]) {
                held.remove(place);
                belady.remove(Slot(removals[at]));
            }
            belady.check_invariants();
        }
        belady.clear();
        prop_assert_eq!(belady.evict(), None);
    }
}
