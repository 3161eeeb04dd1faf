//! A scan in steps sees all that stays.

use std::collections::HashSet;

use nuthatch_cache::{Cache, Cursor, StorageKind};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_scan_visits_every_entry_that_is_held_throughout(
        step in 1..20_usize,
        shards in 1..5_usize,
        churn in proptest::collection::vec((any::<bool>(), 1_000..1_200_u32), 0..200),
    ) {
        let cache = Cache::builder().capacity(10_000).shards(shards).build().unwrap();
        for key in 0..100 {
            cache.insert(key, ());
            cache.insert(key + 1_000, ());
        }
        let (mut seen, mut cursor, mut churn) = (HashSet::new(), Cursor::START, churn.into_iter());
        loop {
            cursor = cache.scan(cursor, step, |key, ()| { seen.insert(*key); });
            if cursor == Cursor::START {
                break;
            }
            for (insert, key) in churn.by_ref().take(3) {
                if insert { cache.insert(key, ()); } else { cache.remove(&key); }
            }
        }
        prop_assert!((0..100).all(|key| seen.contains(&key)));
    }
}

/// While sets fill up, entries are moved to others to make room: only to such as the scan has yet to visit.
#[test]
fn a_scan_misses_nobody_who_is_moved_to_make_room() {
    let cache = Cache::builder().capacity(20_000).storage(StorageKind::Sets).build().unwrap();
    for key in 0..17_000 {
        cache.insert(key, ());
    }
    let held = Vec::from_iter(cache.iter().map(|(key, ())| key));
    let (mut seen, mut cursor, mut key) = (HashSet::new(), Cursor::START, 17_000);
    loop {
        cursor = cache.scan(cursor, 70, |key, ()| {
            seen.insert(*key);
        });
        if cursor == Cursor::START {
            break;
        }
        for _ in 0..10 {
            cache.insert(key, ());
            key += 1;
        }
    }
    assert!(key > 19_000, "{key}");
    assert!(held.iter().all(|key| seen.contains(key) || !cache.contains(key)));
}

#[test]
fn a_cursor_from_nowhere_ends_the_scan() {
    let cache = Cache::builder().capacity(10).build().unwrap();
    cache.insert(1, ());
    assert_eq!(cache.scan(Cursor(u64::MAX), 10, |_: &i32, ()| unreachable!()), Cursor::START);
}
