//! <https://github.com/maypok86/otter>

use std::{sync::mpsc, thread};

use nuthatch_cache::{Cache, LoadError};

use crate::{BOTH, cache};

#[test]
fn otter_117_139_clear_neither_blocks_nor_fails_while_others_write() {
    for storage in BOTH {
        let cache: Cache<u64, u64> = cache(storage, 500);
        thread::scope(|scope| {
            for thread in 0..3_u64 {
                let cache = &cache;
                scope.spawn(move || cache.insert_many((0..10_000).map(|step| (step * 3 + thread, 0))));
            }
            scope.spawn(|| (0..200).for_each(|_| cache.clear()));
        });
        cache.clear();
        assert!(cache.is_empty());
    }
}

/// Who asks after the invalidation does not join the load from before it.
#[test]
fn otter_137_single_flight_is_consistent_after_an_invalidation() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 2_000);
        let (started, has_started) = mpsc::channel();
        let (go, may_go) = mpsc::channel();
        thread::scope(|scope| {
            let cache = &cache;
            let before = scope.spawn(move || {
                cache.get_or_insert_with(&1, || {
                    started.send(()).unwrap();
                    may_go.recv().unwrap();
                    1
                })
            });
            has_started.recv().unwrap();
            cache.remove(&1);
            assert_eq!(cache.get_or_insert_with(&1, || 2), 2);
            go.send(()).unwrap();
            assert_eq!(before.join().unwrap(), 1);
        });
        assert_eq!(cache.get(&1), Some(2));
    }
}

#[test]
fn otter_132_a_load_that_fails_is_an_error_and_no_value() {
    for storage in BOTH {
        let cache: Cache<u32, u32> = cache(storage, 2_000);
        assert_eq!(cache.try_get_or_insert_with(&1, || Err("no")), Err(LoadError::Failed("no")));
        assert_eq!((cache.get(&1), cache.stats().load_failures), (None, 1));
        assert_eq!(cache.try_get_or_insert_with(&1, || Ok::<_, ()>(1)), Ok(1));
    }
}
