//! Many keys in one call.

use nuthatch_cache::Cache;

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(get_many_is_so_many_gets, insert_many_is_so_many_inserts);

fn get_many_is_so_many_gets<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(500);
    (0..800).for_each(|key| drop(cache.insert(T::of(key), T::of(key * 2))));
    for count in [0, 1, 2, 31, 32, 33, 100, 900] {
        // Held, not held, and the same more than once.
        let keys: Vec<T> = (0..count).map(|at| T::of(at * 7 % 1_000)).chain([T::of(1), T::of(1)]).collect();
        let before = cache.stats();
        let many = cache.get_many(&keys);
        let after = cache.stats();
        let each: Vec<Option<T>> = keys.iter().map(|key| cache.peek(key)).collect();
        assert_eq!(many, each);
        let found = each.iter().flatten().count() as u64;
        assert_eq!(after.hits - before.hits, found);
        assert_eq!(after.misses - before.misses, keys.len() as u64 - found);
    }
}

fn insert_many_is_so_many_inserts<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(2_000); // room in every set, wherever the keys fall
    cache.insert_many((0..50).map(|key| (T::of(key), T::of(key))));
    cache.insert_many((0..50).map(|key| (T::of(key % 3), T::of(key))));
    assert_eq!(cache.len(), 50);
    assert_eq!(cache.get_many(&[T::of(0), T::of(1), T::of(2)]), [48, 49, 47].map(|last| Some(T::of(last))));
    (&cache).extend([(T::of(60), T::of(1))]);
    assert!(cache.contains(&T::of(60)));
    let cache: Cache<T, T> = shape.cache(100);
    cache.insert_many((0..1_000).map(|key| (T::of(key), T::of(key))));
    assert!(cache.len() <= 100);
    assert!(cache.contains(&T::of(999)));
}
