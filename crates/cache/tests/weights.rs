//! Entries that weigh, and entries that may not leave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use nuthatch_cache::{Cache, Change, Cursor, PolicyKind, StorageKind, Terms};
use nuthatch_policy::{Policy, Slot};

/// A policy that counts what it is asked.
struct Counted<P> {
    policy: P,
    asked: Arc<Asked>,
}

#[derive(Default)]
struct Asked {
    evictions: AtomicU64,
    hits: AtomicU64,
}

impl<P: Policy> Policy for Counted<P> {
    fn miss(&mut self, hash: u64, weight: u64) {
        self.policy.miss(hash, weight);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        self.policy.insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        self.asked.hits.fetch_add(1, Relaxed);
        self.policy.hit(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.policy.reweigh(slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        self.asked.evictions.fetch_add(1, Relaxed);
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

fn counted(kind: PolicyKind) -> (impl Fn(u64) -> Counted<Box<dyn Policy>>, Arc<Asked>) {
    let asked = Arc::<Asked>::default();
    let of_policy = Arc::clone(&asked);
    (move |capacity| Counted { policy: kind.build(capacity), asked: Arc::clone(&of_policy) }, asked)
}

/// The weight of a value is the value.
fn weighing(capacity: u64, shards: usize, policy: PolicyKind) -> Cache<u64, u64> {
    let builder = Cache::builder().weight_capacity(capacity).weigher(|_, weight| *weight);
    builder.shards(shards).policy(policy).build().unwrap()
}

fn held(cache: &Cache<u64, u64>) -> u128 {
    let mut sum = 0;
    cache.scan(Cursor::START, usize::MAX, |_, weight| sum += u128::from(*weight));
    sum
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn the_bound_holds_at_every_moment_under_eight_writers_of_weights_of_every_size() {
    const CAPACITY: u64 = 1 << 20;
    for (policy, shards) in [(PolicyKind::Lru, 8), (PolicyKind::S3Fifo, 2), (PolicyKind::WTinyLfu, 16)] {
        let cache = weighing(CAPACITY, shards, policy);
        let (done, begin) = (AtomicBool::new(false), Barrier::new(9));
        thread::scope(|scope| {
            let writers = Vec::from_iter((0..8).map(|thread| {
                let (cache, begin) = (&cache, &begin);
                scope.spawn(move || {
                    begin.wait();
                    let mut state = thread;
                    for _ in 0..5_000 {
                        let key = next(&mut state) % 500;
                        // From nothing to all that there is.
                        let weight = next(&mut state) % (2 << (next(&mut state) % 20));
                        match next(&mut state) % 8 {
                            0 => _ = cache.remove(&key),
                            1 => _ = cache.compute(key, |_| Change::Put(weight)),
                            2 => _ = cache.update(&key, |held| *held = weight),
                            3 => _ = cache.insert_with(key, weight % 100, &Terms::new().pinned()),
                            4 => _ = cache.unpin(&key),
                            5 => _ = cache.get_or_insert_with(&key, || weight),
                            _ => _ = cache.insert(key, weight),
                        }
                    }
                })
            }));
            let watcher = scope.spawn(|| {
                begin.wait();
                while !done.load(Relaxed) {
                    assert!(cache.weight() <= CAPACITY);
                    thread::yield_now();
                }
            });
            let all_well = Vec::from_iter(writers.into_iter().map(|writer| writer.join().is_ok()));
            done.store(true, Relaxed);
            assert!(watcher.join().is_ok() && all_well.into_iter().all(|well| well), "{policy}");
        });
        assert_eq!(u128::from(cache.weight()), held(&cache), "{policy}: what is counted is what is held");
        assert!(cache.weight() <= CAPACITY);
    }
}

#[test]
fn weights_near_the_largest_number_overflow_nothing() {
    for policy in PolicyKind::ALL {
        for shards in [1, 4] {
            let cache = weighing(u64::MAX, shards, policy);
            let sizes = [u64::MAX, 0, 1, u64::MAX - 1, u64::MAX / 2, u64::MAX / 2 + 1, 7];
            for round in 0..50 {
                for (at, weight) in (0..).zip(sizes) {
                    let key = (at * 5 + round) % 11;
                    cache.insert(key, weight);
                    assert_eq!(u128::from(cache.weight()), held(&cache), "{policy}");
                    assert!(held(&cache) <= u128::from(u64::MAX), "{policy}");
                    // Nothing but itself is in its way.
                    assert_eq!(cache.peek(&key), Some(weight), "{policy}");
                }
            }
        }
    }
}

#[test]
fn an_entry_that_grows_in_place_makes_room_for_itself() {
    for policy in PolicyKind::ALL {
        let cache = weighing(1_000, 1, policy);
        for key in 0..10 {
            cache.insert(key, 100);
        }
        cache.insert(3, 1_000);
        assert_eq!((cache.len(), cache.weight()), (1, 1_000), "{policy}");
        cache.insert(3, 1);
        assert_eq!((cache.len(), cache.weight()), (1, 1), "{policy}");
    }
}

/// A heavy entry may send many light ones away, but each of these was paid for when it came in.
#[test]
fn an_insert_asks_for_as_many_victims_as_entries_leave() {
    for kind in PolicyKind::ALL {
        let (build, asked) = counted(kind);
        let cache: Cache<u64, u64> = Cache::builder()
            .weight_capacity(10_000)
            .weigher(|_, weight| *weight)
            .shards(1)
            .policy_with(build)
            .build()
            .unwrap();
        let mut state = 1;
        for _ in 0..20_000 {
            let (key, weight) = (next(&mut state) % 1_000, 1 << (next(&mut state) % 13));
            cache.insert(key, weight);
        }
        assert_eq!(asked.evictions.load(Relaxed), cache.stats().evictions, "{kind}");
    }
}

#[test]
fn pinned_entries_do_not_leave_and_make_no_search_longer() {
    for kind in PolicyKind::ALL {
        let (build, asked) = counted(kind);
        let cache: Cache<u64, u64> =
            Cache::builder().capacity(1_000).shards(1).policy_with(build).build().unwrap();
        for key in 0..999 {
            cache.insert_with(key, key, &Terms::new().pinned());
        }
        cache.insert(5_000, 0);
        for key in 5_001..6_000 {
            cache.insert(key, 0);
            assert_eq!(cache.get(&(key % 999)), Some(key % 999), "{kind}");
        }
        // One victim for each newcomer, found at once; and the policy heard nothing of the pinned ones.
        assert_eq!((asked.evictions.load(Relaxed), asked.hits.load(Relaxed)), (999, 0), "{kind}");
        assert!((0..999).all(|key| cache.contains(&key)), "{kind}");
        assert!(cache.contains(&5_999), "{kind}");
    }
}

#[test]
fn a_cache_of_pinned_entries_refuses_newcomers_until_one_is_unpinned() {
    for policy in PolicyKind::ALL {
        for shards in [1, 4] {
            let builder = Cache::builder().capacity(100).shards(shards).storage(StorageKind::Exact);
            let cache: Cache<u64, u64> = builder.policy(policy).build().unwrap();
            for key in 0..100 {
                cache.insert_with(key, key, &Terms::new().pinned());
            }
            for key in 200..203 {
                cache.insert(key, 0);
            }
            assert_eq!(cache.get_or_insert_with(&203, || 7), 7, "loaded, and not kept");
            assert_eq!(cache.stats().rejections, 4, "{policy}");
            assert_eq!((0..300).filter(|key| cache.contains(key)).count(), 100, "{policy}");
            // Its value may still be replaced.
            assert_eq!(cache.insert(7, 70), Some(7));
            assert!(cache.unpin(&7));
            cache.insert(300, 1);
            assert!(cache.contains(&300) && !cache.contains(&7), "{policy}: the only one that may leave");
            assert_eq!(cache.len(), 100);
            // What came is not pinned, and makes room for the next; so does a pinned one that is removed.
            cache.insert(301, 1);
            assert!(cache.contains(&301) && !cache.contains(&300), "{policy}");
            assert_eq!(cache.remove(&8), Some(8));
            cache.insert(302, 1);
            assert!(cache.contains(&301) && cache.contains(&302), "{policy}");
        }
    }
}

#[test]
fn pinned_weight_counts() {
    let cache = weighing(100, 4, PolicyKind::Lru);
    cache.insert_with(1, 60, &Terms::new().pinned());
    cache.insert(2, 30);
    cache.insert(3, 41);
    assert_eq!((cache.peek(&1), cache.peek(&3)), (Some(60), None), "60 of 100 stay, and 41 are too many");
    cache.insert(4, 40);
    assert_eq!((cache.weight(), cache.peek(&4)), (100, Some(40)));
    // A pinned entry that gets lighter leaves more to the others.
    cache.insert(1, 10);
    cache.insert(5, 50);
    assert_eq!((cache.weight(), cache.peek(&4), cache.peek(&5)), (100, Some(40), Some(50)));
    assert!(cache.is_pinned(&1));
}

/// It was inserted on such terms, whether or not another value was there before.
#[test]
fn a_value_inserted_as_pinned_in_place_of_another_is_pinned() {
    for storage in [StorageKind::Exact, StorageKind::Sets] {
        let cache: Cache<u64, u64> = Cache::builder().capacity(2_000).storage(storage).build().unwrap();
        cache.insert(1, 1);
        cache.insert_with(1, 2, &Terms::new().pinned());
        assert!(cache.is_pinned(&1), "{storage:?}");
    }
}
