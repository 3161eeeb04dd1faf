//! A cache of objects of size 1, for policies that have no name on the command line.

use std::collections::HashMap;

use nuthatch_policy::{Policy, Slot};

/// How many requests hit. `objects` are numbered from 0; another `seed` gives all of them other hashes.
pub(crate) fn hits(policy: &mut dyn Policy, capacity: usize, objects: &[u32], seed: u64) -> usize {
    let end = objects.iter().max().map_or(0, |last| *last as usize + 1);
    let mut slots = vec![None; end];
    let mut held = Vec::with_capacity(capacity);
    let mut hits = 0;
    for object in objects {
        if let Some(slot) = slots[*object as usize] {
            hits += 1;
            policy.hit(slot);
            continue;
        }
        let hash = mix(u64::from(*object) ^ mix(seed));
        policy.miss(hash, 1);
        let slot = if held.len() < capacity {
            held.push(*object);
            Slot(held.len() as u32 - 1)
        } else {
            let Some(victim) = policy.evict() else { unreachable!("a full cache has a victim") };
            slots[std::mem::replace(&mut held[victim.index()], *object) as usize] = None;
            victim
        };
        policy.insert(slot, hash, 1);
        slots[*object as usize] = Some(slot);
    }
    hits
}

/// Numbers keys from 0, in the order in which they come.
pub(crate) fn numbered(keys: impl IntoIterator<Item = u64>) -> Vec<u32> {
    let mut numbers = HashMap::new();
    let number = |key| {
        let next = numbers.len() as u32;
        *numbers.entry(key).or_insert(next)
    };
    keys.into_iter().map(number).collect()
}

/// Source: the finaliser of Steele, Lea and Flood's SplitMix, OOPSLA 2014.
const fn mix(key: u64) -> u64 {
    let key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}
