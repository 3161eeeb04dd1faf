//! Entries that stay, however full the cache is.

use nuthatch_cache::{Cache, PolicyKind, Terms};

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(
    a_pinned_entry_stays_through_a_flood,
    a_cache_full_of_pins_refuses_newcomers_and_says_so,
    a_pinned_entry_can_be_replaced_and_removed,
    pins_stay_while_the_cache_grows,
);

fn a_pinned_entry_stays_through_a_flood<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(200);
    assert!(!cache.pin(&T::of(1)) && !cache.unpin(&T::of(1)) && !cache.is_pinned(&T::of(1)));
    cache.insert(T::of(1), T::of(10));
    cache.insert_with(T::of(2), T::of(20), &Terms::new().pinned());
    assert!(cache.pin(&T::of(1)) && cache.pin(&T::of(1)));
    assert!(cache.is_pinned(&T::of(1)) && cache.is_pinned(&T::of(2)));
    for key in 100..2_100 {
        cache.insert(T::of(key), T::of(key));
        assert!(cache.len() <= 200);
    }
    assert_eq!((cache.peek(&T::of(1)), cache.peek(&T::of(2))), (Some(T::of(10)), Some(T::of(20))));
    assert!(cache.unpin(&T::of(1)) && !cache.is_pinned(&T::of(1)));
    for key in 2_100..8_000 {
        cache.insert(T::of(key), T::of(key));
    }
    assert_eq!((cache.peek(&T::of(1)), cache.peek(&T::of(2))), (None, Some(T::of(20))));
}

fn a_cache_full_of_pins_refuses_newcomers_and_says_so<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(32);
    let pinned = Terms::new().pinned();
    let mut kept = 0;
    for key in 0..200 {
        cache.insert_with(T::of(key), T::of(key), &pinned);
        kept += u64::from(cache.contains(&T::of(key)));
        assert_eq!(cache.len() as u64, kept, "nothing pinned has left");
    }
    assert_eq!((cache.stats().rejections, cache.stats().evictions), (200 - kept, 0));
    assert!(if shape == Shape::Sets { kept <= 32 && kept > 16 } else { kept == 32 }, "{kept}");
    // Nobody is refused a look, and what is loaded is served.
    assert_eq!(cache.get_or_insert_with(&T::of(1_000), || T::of(1)), T::of(1));
    assert_eq!(cache.entry(T::of(1_001)).or_insert(T::of(2)), T::of(2));
    let key = cache.iter().next().unwrap().0;
    cache.unpin(&key);
    for other in 2_000..2_200 {
        cache.insert(T::of(other), T::of(other));
    }
    assert!(!cache.contains(&key));
    assert!(cache.len() as u64 <= 32);
}

fn a_pinned_entry_can_be_replaced_and_removed<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(32);
    cache.insert_with(T::of(1), T::of(10), &Terms::new().pinned());
    assert_eq!(cache.insert(T::of(1), T::of(11)), Some(T::of(10)));
    assert!(cache.is_pinned(&T::of(1)), "a new value for it changes nothing of that");
    assert_eq!(cache.remove(&T::of(1)), Some(T::of(11)));
    cache.insert(T::of(1), T::of(12));
    assert!(!cache.is_pinned(&T::of(1)), "another entry of the same key");
    cache.pin(&T::of(1));
    cache.clear();
    assert!(cache.is_empty());
}

fn pins_stay_while_the_cache_grows<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(3_000);
    let mut pinned = Vec::new();
    for key in 0..30_000 {
        cache.insert(T::of(key), T::of(key));
        if key % 20 == 0 && cache.pin(&T::of(key)) {
            pinned.push(key);
        }
        if key == 15_000 {
            cache.resize(6_000).unwrap();
        }
    }
    assert!(pinned.len() > 1_400, "{}", pinned.len());
    for key in &pinned {
        assert!(cache.is_pinned(&T::of(*key)), "{key} of {}", pinned.len());
    }
    assert!(cache.len() <= 6_000);
}

/// However many entries are pinned, the policy does not look at them: it steps over none.
#[test]
fn who_leaves_is_found_without_a_look_at_what_is_pinned() {
    for policy in PolicyKind::ALL {
        let cache: Cache<u64, u64> = Cache::builder().capacity(500).policy(policy).shards(1).build().unwrap();
        for key in 0..499 {
            cache.insert_with(key, key, &Terms::new().pinned());
        }
        for key in 500..1_000 {
            cache.insert(key, key);
            assert!(cache.contains(&key), "{policy}: the newcomer is in");
        }
        assert_eq!((cache.len(), cache.stats().rejections), (500, 0), "{policy}");
        assert!((0..499).all(|key| cache.is_pinned(&key)), "{policy}");
    }
}
