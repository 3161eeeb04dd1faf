//! <https://github.com/foyer-rs/foyer>

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use nuthatch_cache::{Cache, LoadError, ManualClock};

use crate::{BOTH, builder, cache};

#[test]
fn foyer_308_983_entries_have_a_time_to_live() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let second = Duration::from_secs(1);
        let cache: Cache<u32, u32> =
            builder(storage, 2_000).clock(clock.clock()).time_to_live(second).build().unwrap();
        cache.insert(1, 1);
        clock.advance(second - Duration::from_millis(1));
        assert_eq!(cache.get(&1), Some(1));
        clock.advance(Duration::from_millis(1));
        assert_eq!((cache.get(&1), cache.len()), (None, 0));
    }
}

#[test]
fn foyer_802_747_obtain_and_replace_in_a_loop_keeps_the_bound_and_frees_the_old() {
    for storage in BOTH {
        let (cache, alive) = (cache(storage, 100), Arc::new(()));
        for step in 0..20_000_u32 {
            let key = step % 150;
            let obtained = cache.get(&key);
            let borrowed = cache.get_ref(&key).map(|value| Arc::clone(&value));
            drop((obtained, borrowed));
            cache.insert(key, Arc::clone(&alive));
            assert!(cache.len() <= 100 && Arc::strong_count(&alive) == 1 + cache.len());
        }
    }
}

#[test]
fn foyer_1121_531_1095_loads_and_inserts_of_one_key_race_without_harm() {
    for storage in BOTH {
        let cache: Cache<u32, u64> = cache(storage, 64);
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for step in 0..5_000 {
                        match (step + thread) % 5 {
                            0 => drop(cache.insert(1, step).map(|old| old.to_string())),
                            1 => drop(cache.remove(&1).map(|old| old.to_string())),
                            2 => drop(cache.insert((step % 500) as u32 + 2, step).map(|old| old.to_string())),
                            _ => assert!(cache.get_or_insert_with(&1, || step) < 5_000),
                        }
                    }
                });
            }
        });
        assert!(cache.len() <= 64);
    }
}

/// A leader that was slow does not write over what was inserted while it loaded, and one whose load was taken from it
/// does not close the load of another.
#[test]
fn foyer_1289_1310_a_stale_leader_does_not_overwrite_a_newer_insert() {
    for storage in BOTH {
        let cache: Cache<u32, &str> = cache(storage, 2_000);
        let (started, has_started) = mpsc::channel();
        let (go, may_go) = mpsc::channel();
        thread::scope(|scope| {
            let cache = &cache;
            let leader = scope.spawn(move || {
                cache.get_or_insert_with(&1, || {
                    started.send(()).unwrap();
                    may_go.recv().unwrap();
                    "stale"
                })
            });
            has_started.recv().unwrap();
            cache.insert(1, "newer");
            cache.remove(&1);
            let inner: Result<&str, LoadError<()>> = cache.try_get_or_insert_with(&1, || {
                go.send(()).unwrap();
                assert_eq!(leader.join().unwrap(), "stale", "it has its own value");
                Ok("newest")
            });
            assert_eq!(inner, Ok("newest"));
        });
        assert_eq!(cache.get(&1), Some("newest"));
    }
}
