//! What became of what is missed.

use std::time::Duration;

use nuthatch_cache::{Cache, ManualClock, MissCauses, StorageKind, Terms};

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [StorageKind; 2] = [StorageKind::Exact, StorageKind::Sets];

fn causes(stats: &MissCauses) -> [u64; 4] {
    [stats.cold, stats.expired, stats.evicted, stats.invalidated]
}

#[test]
fn a_miss_says_what_became_of_the_entry() {
    for storage in BOTH {
        let clock = ManualClock::new();
        // Owned and borrowed keys, and a hasher given after: all hash alike.
        let cache: Cache<String, u32, _> = Cache::builder()
            .capacity(4_000)
            .record_miss_causes()
            .hasher(foldhash::fast::FixedState::with_seed(7))
            .storage(storage)
            .clock(clock.clock())
            .build()
            .unwrap();
        cache.insert_with_ttl("expired".to_owned(), 1, SECOND);
        cache.insert("removed".to_owned(), 2);
        cache.insert_with("tagged".to_owned(), 3, &Terms::new().tag("t"));
        clock.advance(SECOND);
        cache.invalidate_tag("t");
        cache.remove("removed");
        for _ in 0..3 {
            // The first meets it, the others remember.
            for key in ["expired", "removed", "tagged", "never there"] {
                assert_eq!(cache.get(key), None);
            }
        }
        assert_eq!(causes(&cache.stats().miss_causes), [3, 3, 0, 6]);
        cache.insert("removed".to_owned(), 4);
        assert_eq!(cache.get("removed"), Some(4));
        cache.clear();
        assert_eq!(cache.get_or_insert_with("removed", || 5), 5);
        assert_eq!(causes(&cache.stats().miss_causes), [3, 3, 0, 7]);
    }
}

#[test]
fn what_made_room_is_an_evicted_miss() {
    for storage in BOTH {
        let cache = Cache::builder().capacity(1_000).record_miss_causes().storage(storage).build().unwrap();
        for key in 0..1_200_u64 {
            cache.insert(key, key);
        }
        let missed = (0..1_200).filter(|key| cache.get(key).is_none()).count() as u64;
        assert!(missed >= 200);
        let [cold, expired, evicted, invalidated] = causes(&cache.stats().miss_causes);
        assert_eq!((cold + evicted, expired, invalidated), (missed, 0, 0));
        // 1,024 places for some 200 that left: about one in ten was pushed out by another.
        assert!(evicted * 10 >= missed * 7, "{evicted} of {missed}");
    }
}

#[test]
fn without_the_memory_a_look_up_knows_what_it_meets() {
    let clock = ManualClock::new();
    let cache = Cache::builder().capacity(10).time_to_live(SECOND).clock(clock.clock()).build().unwrap();
    cache.insert(1, 1);
    clock.advance(SECOND);
    assert_eq!((cache.get(&1), cache.get(&1)), (None, None));
    assert_eq!(causes(&cache.stats().miss_causes), [1, 1, 0, 0]);
}

#[test]
fn loads_are_counted_and_timed() {
    let clock = ManualClock::new();
    let cache: Cache<u32, u32> = Cache::builder().capacity(10).clock(clock.clock()).build().unwrap();
    let slow = |result: Result<u32, ()>| {
        clock.advance(SECOND);
        result
    };
    assert_eq!(cache.try_get_or_insert_with(&1, || slow(Ok(1))), Ok(1));
    assert!(cache.try_get_or_insert_with(&2, || slow(Err(()))).is_err());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cache.get_or_insert_with(&3, || panic!("in the loader"))
    }));
    assert!(panicked.is_err());
    assert_eq!(cache.get_or_insert_with(&1, || unreachable!()), 1);
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.load_failures, stats.load_time), (3, 2, 2 * SECOND));
    assert_eq!((stats.hits, stats.misses, stats.insertions), (1, 3, 1));
}
