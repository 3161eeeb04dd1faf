//! <https://github.com/arthurprs/quick-cache>

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use nuthatch_cache::{Cache, PolicyKind, Terms};
use nuthatch_policy::{Policy, Slot};

use crate::{BOTH, cache};

#[test]
fn quick_cache_55_no_entry_leaves_before_the_cache_is_full() {
    for shards in [1, 4, 64] {
        let cache = Cache::builder().capacity(5_000).shards(shards).build().unwrap();
        cache.insert_many((0..5_000_u64).map(|key| (key, key)));
        assert_eq!((cache.len(), cache.stats().evictions), (5_000, 0));
    }
}

#[test]
fn quick_cache_50_a_replacement_does_not_evict_what_it_replaces() {
    for policy in PolicyKind::ALL {
        let cache = Cache::builder()
            .weight_capacity(100)
            .weigher(|_: &u32, value: &u64| *value)
            .policy(policy)
            .shards(1);
        let cache = cache.build().unwrap();
        (0..10).for_each(|key| assert_eq!(cache.insert(key, 10), None));
        for key in 0..10 {
            cache.insert(key, 60); // others must go
            assert_eq!(cache.peek(&key), Some(60), "{policy}");
            assert!(cache.weight() <= 100);
            cache.insert(key, 10);
            assert_eq!(cache.peek(&key), Some(10), "{policy}");
        }
    }
    for storage in BOTH {
        let cache = cache(storage, 16);
        cache.insert_many((0..16_u32).map(|key| (key, 0)));
        for key in 0..16 {
            assert_eq!(cache.insert(key, 1), Some(0));
        }
        assert_eq!((cache.len(), cache.stats().evictions), (16, 0));
    }
}

/// First in, first out, and a record of the most entries that it ever had to choose from.
struct Queue {
    slots: VecDeque<Slot>,
    most: Arc<AtomicUsize>,
}

impl Policy for Queue {
    fn miss(&mut self, _: u64, _: u64) {}
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.slots.push_back(slot);
    }
    fn hit(&mut self, _: Slot) {}
    fn reweigh(&mut self, _: Slot, _: u64) {}
    fn evict(&mut self) -> Option<Slot> {
        self.most.fetch_max(self.slots.len(), Relaxed);
        self.slots.pop_front()
    }
    fn remove(&mut self, slot: Slot) {
        self.slots.retain(|other| *other != slot);
    }
    fn clear(&mut self) {
        self.slots.clear();
    }
    fn resize(&mut self, _: u64) {}
    fn coldest_first(&self) -> Vec<Slot> {
        self.slots.iter().copied().collect()
    }
    fn check_invariants(&self) {}
}

/// Counted in entries that there are to choose from, not in time.
#[test]
fn quick_cache_69_98_pinned_entries_do_not_slow_evictions() {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let cache: Cache<u32, u32> = Cache::builder()
        .capacity(10_000)
        .policy_with(move |_| Queue { slots: VecDeque::new(), most: Arc::clone(&seen) })
        .shards(1)
        .build()
        .unwrap();
    for key in 0..9_998 {
        cache.insert_with(key, key, &Terms::new().pinned());
    }
    (10_000..20_000).for_each(|key| assert_eq!(cache.insert(key, key), None));
    assert_eq!((cache.stats().rejections, cache.stats().evictions), (0, 9_998));
    assert_eq!(most.load(Relaxed), 2, "it chooses among the two that are not pinned");
    assert!((0..9_998).all(|key| cache.contains(&key)));
}

#[test]
fn quick_cache_73_109_an_upsert_under_a_guard_lets_nobody_in_between() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 2_000);
        let barrier = Barrier::new(2);
        let firsts = thread::scope(|scope| {
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let (cache, barrier) = (&cache, &barrier);
                    scope.spawn(move || {
                        let mut firsts = 0;
                        for key in 0..1_000 {
                            barrier.wait();
                            let entry = cache.entry(key);
                            firsts += u32::from(entry.get().is_none());
                            entry.insert(1);
                        }
                        firsts
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
        });
        assert_eq!(firsts, 1_000, "of two who look and insert, one is first");
    }
}

#[test]
fn quick_cache_84_weight_can_be_freed() {
    let cache =
        Cache::builder().weight_capacity(1_000).weigher(|_: &u32, value: &u64| *value).build().unwrap();
    (0..100).for_each(|key| assert_eq!(cache.insert(key, 10), None));
    cache.resize(300).unwrap();
    assert_eq!(cache.weight(), 300);
    cache.resize(1_000).unwrap();
    assert_eq!((cache.weight(), cache.capacity()), (300, 1_000));
}

#[test]
fn quick_cache_46_keys_of_a_segment_are_invalidated_together() {
    for storage in BOTH {
        let cache = cache(storage, 4_000);
        for segment in 0..10_u32 {
            let terms = Terms::new().tag(format!("segment {segment}"));
            (0..100_u32)
                .for_each(|block| assert_eq!(cache.insert_with((segment, block), block, &terms), None));
        }
        let held = |segment| (0..100).filter(|block| cache.contains(&(segment, *block))).count();
        let before: Vec<usize> = (0..10).map(held).collect();
        cache.invalidate_tag("segment 3");
        assert_eq!(held(3), 0);
        assert!(
            (0..10).filter(|segment| *segment != 3).all(|segment| held(segment) == before[segment as usize])
        );
    }
}

#[test]
fn quick_cache_40_104_a_load_that_is_given_up_or_removed_leaves_nobody_waiting() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 2_000);
        thread::scope(|scope| {
            for thread in 0..4_u32 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..3_000 {
                        let key = step % 3;
                        match (step + thread) % 4 {
                            0 => {
                                let failed: Result<u32, _> =
                                    cache.try_get_or_insert_with(&key, || Err("given up"));
                                let _ = failed;
                            }
                            1 => drop(cache.remove(&key).map(|value| value.to_string())),
                            _ => assert!(cache.get_or_insert_with(&key, || key + 7) == key + 7),
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn quick_cache_120_what_waits_for_a_load_is_freed_with_it() {
    for storage in BOTH {
        let (cache, alive) = (cache::<u32, Arc<()>>(storage, 2_000), Arc::new(()));
        for key in 0..500_u32 {
            let failed: Result<Arc<()>, _> = cache.try_get_or_insert_with(&key, || {
                let _held = Arc::clone(&alive);
                Err(())
            });
            assert!(failed.is_err());
            let loaded = cache.try_get_or_insert_with(&key, || Ok::<_, Infallible>(Arc::clone(&alive)));
            drop(loaded);
            cache.remove(&key);
        }
        assert_eq!((cache.len(), Arc::strong_count(&alive)), (0, 1));
    }
}

/// What is loaded once and never asked for again leaves before what is asked for often.
#[test]
fn quick_cache_95_what_is_loaded_is_no_hotter_than_what_is_inserted() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 200);
        (0..50).for_each(|key| assert_eq!(cache.get_or_insert_with(&key, || key), key));
        for round in 0..40 {
            (0..50).for_each(|key| assert!(cache.get(&key).is_none_or(|value| value == key)));
            for once in 0..50 {
                cache.get_or_insert_with(&(1_000 + round * 50 + once), || 0);
            }
        }
        let hot = (0..50).filter(|key| cache.contains(key)).count();
        assert!(hot >= 45, "{hot} of 50 hot keys are held");
    }
}

#[test]
fn quick_cache_106_a_capacity_of_one_stores_one() {
    for storage in BOTH {
        let cache = cache(storage, 1);
        for key in 0..10 {
            cache.insert(key, key);
            assert_eq!((cache.get(&key), cache.len()), (Some(key), 1));
        }
    }
}
