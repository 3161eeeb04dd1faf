//! Who hears of what leaves: once, with the cause, under no lock, whatever the listener does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use nuthatch_cache::{Cache, Cause, ManualClock, StorageKind, Terms};

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [StorageKind; 2] = [StorageKind::Exact, StorageKind::Sets];

type Heard = Arc<Mutex<Vec<(u32, u32, Cause)>>>;

fn listening(storage: StorageKind, clock: &ManualClock) -> (Cache<u32, u32>, Heard) {
    let heard = Heard::default();
    let notes = Arc::clone(&heard);
    let cache = Cache::builder()
        .capacity(2_000)
        .storage(storage)
        .clock(clock.clock())
        .listener(move |key, value, cause| notes.lock().unwrap().push((*key, *value, cause)))
        .build()
        .unwrap();
    (cache, heard)
}

#[test]
fn every_way_out_has_its_cause() {
    for storage in BOTH {
        let clock = ManualClock::new();
        let (cache, heard) = listening(storage, &clock);
        let heard = || std::mem::take(&mut *heard.lock().unwrap());
        cache.insert(1, 1);
        cache.insert(1, 2);
        assert_eq!(heard(), [(1, 1, Cause::Replaced)]);
        cache.remove(&1);
        assert_eq!(heard(), [(1, 2, Cause::Explicit)]);
        cache.insert_with_ttl(2, 2, SECOND);
        cache.insert_with_ttl(3, 3, SECOND);
        cache.insert_with(4, 4, &Terms::new().tag("t"));
        cache.insert(5, 5);
        clock.advance(SECOND);
        cache.invalidate_tag("t");
        assert_eq!(heard(), [], "nobody has met them");
        assert_eq!(cache.get(&2), None);
        assert_eq!(cache.insert(3, 33), None);
        assert_eq!(cache.get(&4), None);
        assert_eq!(heard(), [(2, 2, Cause::Expired), (3, 3, Cause::Expired), (4, 4, Cause::Tag)]);
        cache.retain(|key, _| *key != 5);
        cache.clear();
        assert_eq!(heard(), [(5, 5, Cause::Explicit), (3, 33, Cause::Explicit)]);
    }
}

#[test]
fn what_makes_room_is_told() {
    for storage in BOTH {
        let (cache, heard) = listening(storage, &ManualClock::new());
        for key in 0..5_000 {
            cache.insert(key, key);
        }
        let heard = heard.lock().unwrap();
        assert!(heard.iter().all(|(key, value, cause)| key == value && *cause == Cause::Size));
        assert_eq!(heard.len(), 5_000 - cache.len());
    }
}

/// It runs when the call is as good as over: it may look at the cache, and change it.
#[test]
fn a_listener_may_use_the_cache() {
    for storage in BOTH {
        let own: Arc<OnceLock<Weak<Cache<u32, u32>>>> = Arc::default();
        let inner = Arc::clone(&own);
        let listener = move |key: &u32, value: &u32, _: Cause| {
            let cache = inner.get().and_then(Weak::upgrade).unwrap();
            assert_ne!(cache.peek(key), Some(*value), "it has left");
            if *key < 1_000 {
                cache.insert(key + 1_000, *value);
            }
        };
        let cache = Cache::builder().capacity(4_000).storage(storage).listener(listener).build().unwrap();
        let cache = Arc::new(cache);
        own.set(Arc::downgrade(&cache)).unwrap();
        for key in 0..100 {
            cache.insert(key, key);
        }
        cache.remove(&1);
        cache.insert(2, 22);
        assert_eq!((cache.get(&1_001), cache.get(&1_002)), (Some(1), Some(2)));
        cache.retain(|key, _| *key >= 1_000);
        assert_eq!(cache.len(), 100);
    }
}

#[test]
fn a_listener_that_panics_hears_of_the_rest_and_the_cache_is_as_it_should_be() {
    for storage in BOTH {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let listener = move |key: &u32, _: &Arc<()>, _: Cause| {
            notes.lock().unwrap().push(*key);
            panic!("in the listener");
        };
        let value = Arc::new(());
        let cache = Cache::builder().capacity(4_000).storage(storage).listener(listener).build().unwrap();
        for key in 0..1_000 {
            cache.insert(key, Arc::clone(&value));
        }
        assert!(catch_unwind(AssertUnwindSafe(|| cache.insert(7, Arc::clone(&value)))).is_err());
        assert!(cache.contains(&7), "the new value came in before anyone was told of the old one");
        assert!(catch_unwind(AssertUnwindSafe(|| cache.remove(&7))).is_err());
        assert!(!cache.contains(&7));
        assert!(catch_unwind(AssertUnwindSafe(|| cache.clear())).is_err());
        assert!(cache.is_empty(), "all are gone, though each was a panic");
        let mut heard = heard.lock().unwrap();
        assert_eq!(heard.drain(..2).collect::<Vec<_>>(), [7, 7]);
        heard.sort_unstable();
        assert!(heard.iter().copied().eq((0..1_000).filter(|key| *key != 7)), "each once");
        assert_eq!(Arc::strong_count(&value), 1);
        let stats = cache.stats();
        assert_eq!((stats.insertions, stats.replacements, stats.removals), (1_001, 1, 1_000));
    }
}

/// A closure that panics under the lock ends the call; what had left by then is told all the same.
#[test]
fn what_left_is_told_though_the_call_ends_in_a_panic() {
    for storage in BOTH {
        let (cache, heard) = listening(storage, &ManualClock::new());
        for key in 0..300 {
            cache.insert(key, key);
        }
        let mut looked_at = 0;
        let retain = || {
            cache.retain(|_, _| {
                looked_at += 1;
                assert!(looked_at < 100, "enough");
                false
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(retain)).is_err());
        let heard = heard.lock().unwrap();
        assert_eq!((heard.len(), cache.len()), (99, 201));
        assert!(heard.iter().all(|(key, _, cause)| *cause == Cause::Explicit && !cache.contains(key)));
        assert_eq!(cache.stats().removals, 99);
    }
}
