//! Every call of ours that docs/migrating.md names exists and does what it is said to do.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use nuthatch::{Cache, Cause, Change, Expiry, LoadError, Lookup, PolicyKind, StorageKind, Terms};

struct Forever;

impl Expiry<String, u32> for Forever {
    fn after_create(&self, _: &String, _: &u32) -> Option<Duration> {
        Some(Duration::MAX)
    }
}

#[test]
fn from_moka() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    let cache = Cache::builder()
        .weight_capacity(100)
        .weigher(|_: &String, value: &u32| u64::from(*value))
        .policy(PolicyKind::WTinyLfu)
        .time_to_live(Duration::from_secs(60))
        .time_to_idle(Duration::from_secs(60))
        .expiry(Forever)
        .listener(move |key, _, cause| teller.lock().unwrap().push((key.clone(), cause)))
        .hasher(std::hash::RandomState::new())
        .build()
        .unwrap();
    cache.insert("a".to_owned(), 1);
    assert!(cache.contains("a"));
    assert_eq!(cache.get_or_insert_with("b", || 2), 2);
    assert_eq!(cache.try_get_or_insert_with("c", || None.ok_or(())), Err(LoadError::Failed(())));
    assert_eq!(cache.entry("d".to_owned()).or_insert_with(|| 4), 4);
    assert_eq!(cache.entry("e".to_owned()).or_default(), 0);
    assert_eq!(
        cache.compute("a".to_owned(), |held| held.map_or(Change::Keep, |a| Change::Put(a + 1))),
        Some(1)
    );
    assert_eq!(cache.compute("d".to_owned(), |_| Change::Remove), Some(4));
    assert_eq!((cache.len(), cache.weight(), cache.capacity()), (3, 4, 100));
    assert_eq!(cache.storage(), StorageKind::Exact);

    cache.retain(|key, _| key != "e");
    let mut entries: Vec<(String, u32)> = cache.iter().collect();
    entries.sort();
    assert_eq!(entries, [("a".to_owned(), 2), ("b".to_owned(), 2)]);
    assert_eq!(cache.remove("a"), Some(2));
    cache.clear();
    cache.sweep(u32::MAX);
    let causes: Vec<_> = told.lock().unwrap().iter().map(|(_, cause)| *cause).collect();
    let explicit = Cause::Explicit;
    assert_eq!(causes, [Cause::Replaced, explicit, explicit, explicit, explicit], "d, e, a and b at last");
}

#[test]
fn from_quick_cache() {
    let cache: Cache<u32, u32> = Cache::builder().capacity(10).shards(2).build().unwrap();
    cache.insert_with(0, 0, &Terms::new().pinned());
    cache.insert_many((1..10).map(|key| (key, key)));
    assert!(cache.pin(&1) && cache.unpin(&1));
    assert_eq!((cache.peek(&2), cache.len()), (Some(2), 10));
    assert_eq!(cache.remove_if(&2, |_, value| *value == 3), None);
    assert_eq!(cache.update(&2, |value| std::mem::replace(value, 5)), Some(2));
    let Lookup::Miss(reservation) = cache.lookup(&77) else { panic!("77 was never there") };
    assert!(matches!(cache.lookup(&77), Lookup::Busy));
    drop(reservation);
    cache.resize(4).unwrap();
    assert!(cache.len() <= 4 && cache.contains(&0));
    assert!(cache.approximate_memory() > size_of_val(&cache));
    let stats = cache.stats();
    assert_eq!((stats.insertions, stats.evictions), (10, 6));
}

#[test]
fn from_cached() {
    let once: Cache<(), u32> = Cache::new(1);
    assert_eq!((once.get_or_insert_with(&(), || 1), once.get_or_insert_with(&(), || 2)), (1, 1));

    let cache: Cache<u32, u32> = Cache::builder()
        .capacity(10)
        .time_to_live(Duration::from_secs(60))
        .stale_if_error(Duration::from_secs(60))
        .build()
        .unwrap();
    cache.insert_with(1, 1, &Terms::new().ttl(Duration::from_secs(1)));
    assert_eq!(cache.get(&1), Some(1));
    assert_eq!(cache.reserve(&1).map(|reservation| reservation.insert(2)), Some(2));
    assert_eq!(cache.get(&1), Some(2));
}

#[test]
fn from_lru() {
    let cache = Cache::builder().capacity(3).policy(PolicyKind::Lru).build().unwrap();
    cache.insert_many([("a", 1), ("b", 2), ("c", 3)]);
    assert_eq!(cache.get_with("a", |value| *value), Some(1));
    assert_eq!(cache.get_ref("b").map(|value| *value), Some(2));
    assert_eq!(cache.hot(), [("b", 2), ("a", 1), ("c", 3)]);
    if let Some(mut value) = cache.get_mut("c") {
        *value += 10;
    }
    assert_eq!(cache.hot(), [("c", 13), ("b", 2), ("a", 1)]);
}
