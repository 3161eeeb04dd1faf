//! <https://github.com/OxidizeLabs/cachekit>. Panicking `Hash`, `Eq` and `Clone` are in `tests/panics`.

use std::{sync::Arc, thread};

use nuthatch_cache::{Cache, PolicyKind};

use crate::{BOTH, builder, cache};

#[test]
fn cachekit_0_5_insert_get_and_remove_of_one_slot_race_without_harm() {
    for storage in BOTH {
        let (cache, alive) = (cache(storage, 20), Arc::new(()));
        thread::scope(|scope| {
            for thread in 0..4_u32 {
                let (cache, alive) = (&cache, &alive);
                scope.spawn(move || {
                    for step in 0..10_000 {
                        match (step + thread) % 3 {
                            0 => drop(cache.insert(step % 40, Arc::clone(alive))),
                            1 => drop(cache.remove(&(step % 40))),
                            _ => drop(cache.get(&(step % 40))),
                        }
                    }
                });
            }
        });
        assert_eq!(Arc::strong_count(&alive), 1 + cache.len());
    }
}

#[test]
fn cachekit_0_8_debug_shows_no_key_and_no_value() {
    for storage in BOTH {
        let cache = cache(storage, 100);
        cache.insert("secret key".to_owned(), "secret value".to_owned());
        let text = format!("{cache:?}");
        assert!(!text.contains("secret") && text.contains("100"), "{text}");
    }
}

/// Memory is taken as entries come, whatever the capacity.
#[test]
fn cachekit_0_8_a_huge_capacity_does_not_abort() {
    for policy in PolicyKind::ALL {
        let cache: Cache<u32, u32> = Cache::builder().capacity(u64::MAX).policy(policy).build().unwrap();
        cache.insert(1, 1);
        assert_eq!((cache.get(&1), cache.capacity()), (Some(1), u64::MAX), "{policy}");
    }
    let weighed =
        Cache::builder().weight_capacity(u64::MAX).weigher(|_: &u32, _: &u32| 1 << 60).build().unwrap();
    assert_eq!((weighed.insert(1, 1), weighed.weight()), (None, 1 << 60));
    assert_eq!(Cache::<u32, u32>::new(u64::MAX).insert(1, 1), None);
    let too_many = builder::<u32, u32>(nuthatch_cache::StorageKind::Sets, u64::MAX).build();
    assert_eq!(too_many.err().map(|error| error.field), Some("storage"));
    let sets: Cache<u32, u32> = builder(nuthatch_cache::StorageKind::Sets, 1 << 24).build().unwrap();
    assert_eq!((sets.insert(1, 1), sets.get(&1)), (None, Some(1)));
}
