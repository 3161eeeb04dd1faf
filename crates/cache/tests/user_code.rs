//! Keys and values run their owners' code: it may panic, and it may use the cache.

use std::{
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use nuthatch_cache::{Cache, Cursor, Expiry, StorageKind};

#[derive(Clone, Debug)]
struct Fussy(u32, bool);

impl PartialEq for Fussy {
    fn eq(&self, other: &Self) -> bool {
        assert!(!self.1, "this key panics when it is compared");
        self.0 == other.0
    }
}
impl Eq for Fussy {}
impl Hash for Fussy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[test]
fn a_key_that_panics_when_compared_leaves_the_cache_in_order() {
    let cache = Cache::builder().capacity(2).build().unwrap();
    cache.insert(Fussy(1, false), 'a');
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| cache.get(&Fussy(1, true)))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| cache.insert(Fussy(1, true), 'x'))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| cache.remove(&Fussy(1, true)))).is_err());
    }
    assert_eq!(cache.get(&Fussy(1, false)), Some('a'));
    cache.insert(Fussy(2, false), 'b');
    cache.insert(Fussy(3, false), 'c');
    assert_eq!((cache.len(), cache.weight()), (2, 2));
}

struct Parting {
    cache: Weak<Cache<u32, Arc<Parting>>>,
    last_words: Arc<OnceLock<usize>>,
}

impl Drop for Parting {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.upgrade() {
            let _ = self.last_words.set(cache.len());
        }
    }
}

#[test]
fn a_value_that_leaves_is_dropped_under_no_lock() {
    let cache = Arc::new(Cache::builder().capacity(1).build().unwrap());
    for leave in 0..4 {
        let last_words = Arc::new(OnceLock::new());
        let parting = Parting { cache: Arc::downgrade(&cache), last_words: Arc::clone(&last_words) };
        cache.insert(1, Arc::new(parting));
        let other = || Arc::new(Parting { cache: Weak::new(), last_words: Arc::default() });
        match leave {
            0 => drop(cache.insert(1, other())),
            1 => drop(cache.insert(2, other())),
            2 => drop(cache.remove(&1)),
            _ => cache.clear(),
        }
        assert!(last_words.get().is_some(), "dropped, and could use the cache");
    }
}

/// What an [`Expiry`] says is asked for under the lock, when room may have been made already: none of it is lost.
#[test]
fn an_expiry_that_panics_takes_no_room_with_it() {
    struct Panics;
    impl Expiry<u32, u64> for Panics {
        fn after_create(&self, _: &u32, value: &u64) -> Option<Duration> {
            assert_ne!(*value, 5, "no such value");
            None
        }
    }
    let exact = Cache::builder().weight_capacity(20).weigher(|_: &u32, value: &u64| *value).expiry(Panics);
    let sets = Cache::builder().capacity(20).storage(StorageKind::Sets).expiry(Panics);
    for cache in [exact.build().unwrap(), sets.build().unwrap()] {
        cache.insert(1, 3);
        for key in [1, 2, 2, 3, 4, 5, 6] {
            assert!(catch_unwind(AssertUnwindSafe(|| cache.insert(key, 5))).is_err());
        }
        let mut held = Vec::new();
        cache.scan(Cursor::START, usize::MAX, |key, value| held.push((*key, *value)));
        let weight = if cache.storage() == StorageKind::Exact { 3 } else { 1 };
        assert_eq!((held, cache.weight()), (vec![(1, 3)], weight));
    }
}
