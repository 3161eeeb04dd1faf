//! Entries that weigh something, and weigh something else after a change in place.

use nuthatch_cache::{Cache, Cursor, PolicyKind};

fn weighed(capacity: u64, shards: usize) -> Cache<u32, Vec<u8>> {
    Cache::builder()
        .weight_capacity(capacity)
        .weigher(|_, value: &Vec<u8>| value.len() as u64)
        .policy(PolicyKind::Lru)
        .shards(shards)
        .build()
        .unwrap()
}

fn held(cache: &Cache<u32, Vec<u8>>) -> u64 {
    let mut sum = 0;
    cache.scan(Cursor::START, usize::MAX, |_, value| sum += value.len() as u64);
    sum
}

/// Makes the value of a key so many bytes long.
type Change = fn(&Cache<u32, Vec<u8>>, u32, usize);

/// All ways to change a value in place.
const WAYS: [Change; 5] = [
    |cache, key, len| cache.get_mut(&key).unwrap().resize(len, 0),
    |cache, key, len| cache.update(&key, |value| value.resize(len, 0)).unwrap(),
    |cache, key, len| drop(cache.entry(key).and_modify(|value| value.resize(len, 0))),
    |cache, key, len| drop(cache.entry(key).insert(vec![0; len])),
    |cache, key, len| drop(cache.compute(key, |_| nuthatch_cache::Change::Put(vec![0; len]))),
];

#[test]
fn a_value_changed_in_place_is_weighed_anew() {
    for change in WAYS {
        let cache = weighed(100, 1);
        (0..10).for_each(|key| drop(cache.insert(key, vec![0; 10])));
        change(&cache, 9, 4);
        assert_eq!((cache.weight(), cache.len()), (94, 10));
        change(&cache, 9, 10);
        assert_eq!((cache.weight(), cache.len()), (100, 10));
        // Heavier: others leave, until there is room.
        change(&cache, 9, 45);
        assert!(cache.weight() <= 100 && cache.contains(&9));
        assert_eq!((cache.weight(), cache.weight()), (held(&cache), 45 + 10 * (cache.len() as u64 - 1)));
        change(&cache, 9, 100);
        assert_eq!((cache.weight(), cache.len()), (100, 1));
        change(&cache, 9, 0);
        assert_eq!((cache.weight(), cache.len()), (0, 1));
    }
}

#[test]
fn a_value_that_becomes_too_heavy_leaves_alone() {
    for change in WAYS {
        let cache = weighed(100, 1);
        (0..10).for_each(|key| drop(cache.insert(key, vec![0; 10])));
        change(&cache, 0, 101);
        assert_eq!((cache.len(), cache.weight(), cache.contains(&0)), (9, 90, false));
        assert_eq!(cache.stats().rejections, 1);
    }
}

#[test]
fn beside_pins_a_value_that_grows_beyond_what_is_left_leaves() {
    for change in WAYS {
        let cache = weighed(100, 1);
        (0..10).for_each(|key| drop(cache.insert(key, vec![0; 10])));
        (1..10).for_each(|key| assert!(cache.pin(&key)));
        change(&cache, 0, 20);
        assert!((1..10).all(|key| cache.is_pinned(&key)) && !cache.contains(&0));
        assert_eq!(cache.weight(), 90);
    }
}

#[test]
fn a_pinned_value_may_grow_at_the_cost_of_others() {
    let cache = weighed(100, 1);
    (0..10).for_each(|key| drop(cache.insert(key, vec![0; 10])));
    cache.pin(&0);
    cache.update(&0, |value| value.resize(50, 0));
    assert_eq!((cache.weight(), cache.len(), cache.is_pinned(&0)), (100, 6, true));
    cache.unpin(&0);
    (20..30).for_each(|key| drop(cache.insert(key, vec![0; 10])));
    assert_eq!((cache.weight(), cache.contains(&0)), (100, false));
}

#[test]
fn what_weighs_nothing_takes_no_room() {
    for shards in [1, 8] {
        let cache = weighed(20, shards);
        (0..500).for_each(|key| drop(cache.insert(key, Vec::new())));
        assert_eq!((cache.len(), cache.weight(), cache.stats().evictions), (500, 0, 0));
        cache.insert(500, vec![0; 20]);
        assert_eq!(cache.weight(), 20);
        cache.insert(501, vec![0; 20]);
        assert_eq!((cache.weight(), cache.contains(&501)), (20, true));
        cache.resize(0).unwrap();
        assert_eq!(cache.weight(), 0);
        cache.insert(502, Vec::new());
        cache.insert(503, vec![1]);
        assert_eq!((cache.contains(&502), cache.contains(&503)), (true, false));
        cache.clear();
        assert_eq!((cache.len(), cache.weight()), (0, 0));
    }
}

#[test]
fn weights_as_large_as_numbers_go() {
    let cache =
        Cache::builder().weight_capacity(u64::MAX).weigher(|_: &u8, value: &u64| *value).build().unwrap();
    for value in [u64::MAX, 1, u64::MAX - 1, u64::MAX, 0, u64::MAX / 2, u64::MAX / 2 + 2] {
        for key in 0..3 {
            cache.insert(key, value);
            assert_eq!(cache.peek(&key), Some(value));
            let held: u128 = cache.iter().map(|(_, weight)| u128::from(weight)).sum();
            assert_eq!(u128::from(cache.weight()), held);
        }
    }
}
