//! Caches of nothing and of one.

use nuthatch_cache::{Cache, Change, StorageKind, Terms};

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(a_cache_of_zero_keeps_nothing_and_answers_everything, a_cache_of_one_keeps_the_last,);

fn a_cache_of_zero_keeps_nothing_and_answers_everything<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(0);
    let (key, value) = (T::of(1), T::of(10));
    assert_eq!(cache.insert(key.clone(), value.clone()), None);
    assert_eq!(cache.insert_with(key.clone(), value.clone(), &Terms::new().pinned()), None);
    assert_eq!(cache.entry(key.clone()).or_insert(value.clone()), value);
    assert_eq!(cache.entry(key.clone()).insert(value.clone()), None);
    assert_eq!(cache.compute(key.clone(), |_| Change::Put(value.clone())), None);
    assert_eq!(cache.get_or_insert_with(&key, || value.clone()), value);
    cache.insert_many([(key.clone(), value.clone())]);
    assert_eq!(cache.stats().rejections, 7);
    assert_eq!((cache.get(&key), cache.remove(&key)), (None, None));
    assert!(cache.get_ref(&key).is_none() && cache.update(&key, |_| ()).is_none() && !cache.pin(&key));
    assert_eq!((cache.iter().count(), cache.hot().len(), cache.len()), (0, 0, 0));
    cache.retain(|_, _| true);
    cache.clear();
    cache.resize(5).unwrap();
    cache.resize(0).unwrap();
    assert_eq!((cache.capacity(), cache.weight(), cache.is_empty()), (0, 0, true));
}

fn a_cache_of_one_keeps_the_last<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(1);
    for key in 0..50 {
        cache.insert(T::of(key), T::of(key));
        assert_eq!((cache.len(), cache.get(&T::of(key))), (1, Some(T::of(key))));
        cache.get(&T::of(key));
    }
    for key in 50..100 {
        assert_eq!(cache.get_or_insert_with(&T::of(key), || T::of(key)), T::of(key));
        assert_eq!((cache.len(), cache.contains(&T::of(key))), (1, true));
    }
    cache.entry(T::of(200)).insert(T::of(1));
    assert_eq!(cache.hot(), [(T::of(200), T::of(1))]);
    cache.pin(&T::of(200));
    cache.insert(T::of(201), T::of(1));
    assert_eq!((cache.len(), cache.contains(&T::of(200))), (1, true));
}

#[test]
fn up_to_1024_entries_full_is_full() {
    for capacity in [1, 100, 1_024] {
        let caches = [Cache::new(capacity), Cache::builder().capacity(capacity).build().unwrap()];
        for cache in caches {
            cache.insert_many((0..capacity).map(|key| (key, key)));
            assert_eq!((cache.storage(), cache.len() as u64), (StorageKind::Exact, capacity));
            assert_eq!(cache.stats().evictions, 0);
        }
    }
    assert_eq!(Cache::<u64, u64>::new(1_025).storage(), StorageKind::Sets);
}
