//! Time to live, on a clock that the test moves.

use std::time::Duration;

use nuthatch_cache::{Cache, ManualClock, StorageKind};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_entry_is_gone_the_moment_its_time_has_come() {
    let clock = ManualClock::new();
    let cache = Cache::builder().capacity(10).time_to_live(2 * SECOND).clock(clock.clock()).build().unwrap();
    cache.insert("default", 1);
    cache.insert_with_ttl("own", 2, 3 * SECOND);
    clock.advance(2 * SECOND - Duration::from_nanos(1));
    assert_eq!(cache.get("default"), Some(1));
    clock.advance(Duration::from_nanos(1));
    assert_eq!((cache.get("default"), cache.get("own")), (None, Some(2)));
    assert_eq!(cache.stats().expirations, 1);
}

#[test]
fn writing_again_starts_the_time_anew_and_can_end_it() {
    let clock = ManualClock::new();
    let cache = Cache::builder().capacity(10).clock(clock.clock()).build().unwrap();
    cache.insert_with_ttl(1, 'a', SECOND);
    clock.advance(SECOND / 2);
    cache.insert_with_ttl(1, 'b', SECOND);
    clock.advance(SECOND / 2);
    assert_eq!(cache.get(&1), Some('b'));
    cache.insert(1, 'c');
    clock.advance(1_000_000 * SECOND);
    assert_eq!(cache.get(&1), Some('c'));
}

#[test]
fn expired_entries_that_nobody_asks_for_are_reclaimed_by_inserts() {
    let clock = ManualClock::new();
    let cache = Cache::builder().capacity(1_000).clock(clock.clock()).build().unwrap();
    for key in 0..500 {
        cache.insert_with_ttl(key, key, SECOND);
    }
    clock.advance(SECOND);
    for key in 500..750 {
        cache.insert(key, key);
    }
    assert_eq!((cache.len(), cache.stats().evictions), (250, 0));
}

#[test]
fn an_expired_entry_is_no_value_to_return_when_replaced_or_removed() {
    let clock = ManualClock::new();
    let cache = Cache::builder().capacity(10).clock(clock.clock()).build().unwrap();
    cache.insert_with_ttl(1, 'a', SECOND);
    cache.insert_with_ttl(2, 'b', SECOND);
    clock.advance(SECOND);
    assert_eq!((cache.insert(1, 'c'), cache.remove(&2)), (None, None));
}

/// Sets keep deadlines in four bytes, from a point in time that moves on with the writes to the set: nothing is early
/// for that, and nothing more than about a second late.
#[test]
fn deadlines_months_away_are_kept_while_time_and_writes_go_on() {
    let day = 86_400 * SECOND;
    for storage in [StorageKind::Exact, StorageKind::Sets] {
        let clock = ManualClock::new();
        let cache = Cache::builder().capacity(4_000).storage(storage).clock(clock.clock()).build().unwrap();
        // Key n lives for n days and a bit; key 0 for ever.
        cache.insert(0, 0);
        for key in 1..=200 {
            cache.insert_with_ttl(key, key, key * day + Duration::from_millis(u64::from(key)));
        }
        let mut now = Duration::ZERO;
        let mut go_to = |time: Duration| {
            clock.advance(time - now);
            now = time;
        };
        for today in 1..=220_u32 {
            let due = today * day + Duration::from_millis(u64::from(today));
            go_to(due - 20 * SECOND);
            for key in 1_000..1_200 {
                cache.insert_with_ttl(key, today, SECOND);
            }
            go_to(due - 19 * SECOND - Duration::from_millis(1));
            assert_eq!(cache.get(&1_100), Some(today));
            go_to(due - 19 * SECOND);
            assert_eq!(cache.get(&1_100), None, "on day {today}");
            go_to(due - Duration::from_millis(1));
            assert!(today > 200 || cache.contains(&today), "{today} is early");
            go_to(due + Duration::from_millis(1_024));
            for key in 0..=200 {
                assert_eq!(cache.contains(&key), key == 0 || key > today, "{key} on day {today}");
            }
        }
    }
}
