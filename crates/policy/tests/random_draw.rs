//! Whether everyone is as likely to leave, which a loop shows: there is a formula for it.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use nuthatch_policy::{PolicyKind, Slot};

/// An object of a loop is hit if none of the evictions since its last request drew it. With a hit ratio `h` those are
/// `length * (1 - h)`, each of which spares it with probability `1 - 1 / capacity`.
#[test]
fn a_loop_through_a_random_cache_hits_as_often_as_chance_says() {
    const LENGTH: usize = 1_000;
    for capacity in [100, 250, 500, 800] {
        let mut expected = 0.5_f64;
        for _ in 0..1_000 {
            expected = (1.0 - 1.0 / f64::from(capacity)).powf(LENGTH as f64 * (1.0 - expected));
        }
        let found = hit_ratio_on_a_loop(LENGTH, capacity);
        assert!((found - expected).abs() < 0.005, "{found:.4} instead of {expected:.4} at {capacity}");
    }
}

fn hit_ratio_on_a_loop(length: usize, capacity: u32) -> f64 {
    const LAPS: usize = 300;
    let mut policy = PolicyKind::Random.build(u64::from(capacity));
    let mut slots = vec![None; length];
    let mut keys = vec![0; capacity as usize];
    let (mut held, mut hits) = (0, 0);
    for request in 0..LAPS * length {
        let key = request % length;
        if let Some(slot) = slots[key] {
            policy.hit(slot);
            hits += u32::from(request >= length);
            continue;
        }
        policy.miss(key as u64, 1);
        let slot = if held < capacity {
            held += 1;
            Slot(held - 1)
        } else {
            let slot = policy.evict().unwrap();
            slots[keys[slot.index()]] = None;
            slot
        };
        policy.insert(slot, key as u64, 1);
        slots[key] = Some(slot);
        keys[slot.index()] = key;
    }
    f64::from(hits) / ((LAPS - 1) * length) as f64
}
