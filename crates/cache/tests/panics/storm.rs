//! Every operation, with a panic at every place where one can come from.

use std::sync::Arc;

use nuthatch_cache::{Cache, Change, Cursor, StorageKind, Terms};

use crate::touchy::{CAPACITY, From, Key, Value, armed, caches, touch};

type Operation = fn(&Cache<Key, Value>, Key, Value);

const OPERATIONS: [(&str, Operation); 21] = [
    ("get", |cache, key, _| drop(cache.get(&key))),
    ("get_with", |cache, key, _| cache.get_with(&key, |_| touch(From::Closure)).unwrap_or_default()),
    ("peek", |cache, key, _| drop(cache.peek(&key))),
    ("get_ref", |cache, key, _| drop(cache.get_ref(&key).map(|value| value.clone()))),
    ("get_many", |cache, key, _| drop(cache.get_many([&key, &key]))),
    ("insert", |cache, key, value| drop(cache.insert(key, value))),
    ("insert_with", |cache, key, value| drop(cache.insert_with(key, value, &Terms::new().tag("t")))),
    ("remove", |cache, key, _| drop(cache.remove(&key))),
    ("remove_if", |cache, key, _| {
        drop(cache.remove_if(&key, |_, _| {
            touch(From::Closure);
            true
        }));
    }),
    ("get_mut", |cache, key, value| {
        if let Some(mut held) = cache.get_mut(&key) {
            held.0 = value.0;
            touch(From::Closure);
        }
    }),
    ("update", |cache, key, value| {
        cache.update(&key, |held| {
            held.0 = value.0;
            touch(From::Closure);
        });
    }),
    ("and_modify", |cache, key, value| {
        let change = |held: &mut Value| {
            held.0 += 1;
            touch(From::Closure);
        };
        drop(cache.entry(key).and_modify(change).or_insert(value));
    }),
    ("or_insert_with", |cache, key, value| {
        drop(cache.entry(key).or_insert_with(|| {
            touch(From::Closure);
            value
        }));
    }),
    ("entry insert", |cache, key, value| drop(cache.entry(key).insert(value))),
    ("entry remove", |cache, key, _| drop(cache.entry(key).remove())),
    ("compute", |cache, key, value| {
        drop(cache.compute(key, |held| {
            touch(From::Closure);
            match held {
                Some(held) if held.0 % 3 == 0 => Change::Remove,
                Some(held) if held.0 % 3 == 1 => Change::Keep,
                _ => Change::Put(value),
            }
        }));
    }),
    ("load", |cache, key, value| {
        drop(cache.get_or_insert_with(&key, || {
            touch(From::Closure);
            value
        }));
    }),
    ("retain", |cache, key, _| {
        cache.retain(|held, _| {
            touch(From::Closure);
            held.0 % 8 != key.0 % 8
        });
    }),
    ("iterate", |cache, _, _| drop((cache.iter().count(), cache.hot()))),
    ("scan", |cache, _, _| {
        cache.scan(Cursor::START, usize::MAX, |_, _| touch(From::Closure));
    }),
    ("resize", |cache, key, _| {
        cache.resize(CAPACITY - key.0 % 40).unwrap();
    }),
];

#[test]
fn a_panic_anywhere_leaves_the_cache_in_order() {
    let hook = std::panic::take_hook();
    // Thousands are to come.
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<From>() {
            hook(panic);
        }
    }));
    for cache in caches() {
        let alive = Arc::new(());
        let mut state = 1_u64;
        let (mut panics, mut lost) = (0, 0);
        for round in 0..60_u64 {
            for (from, (name, run)) in
                From::ALL.into_iter().flat_map(|from| OPERATIONS.iter().map(move |op| (from, op)))
            {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (number, nth) = ((state >> 33) % 100, (state >> 50) % 3);
                let (key, value) = (Key(number, Arc::clone(&alive)), Value(round, Arc::clone(&alive)));
                if *name == "retain" && round % 8 != 0 {
                    continue;
                }
                let panicked = armed(from, nth as u32, || run(&cache, key, value)).is_none();
                panics += u64::from(panicked);
                let more = check(&cache, &alive, name) - lost;
                // A value on its way to the caller is neither returned nor dropped if something else is dropped after it
                // and panics: so is the language. Not more than this one.
                let may_be_lost = usize::from(panicked && matches!(from, From::DropKey | From::DropValue));
                assert!(more <= may_be_lost, "{name}, a panic from {from:?}: {more} lost");
                lost += more;
            }
            cache.resize(CAPACITY).unwrap();
        }
        assert!(panics > 1_500, "{panics}");
        cache.clear();
        assert_eq!((cache.len(), cache.weight(), Arc::strong_count(&alive)), (0, 0, 1 + lost));
        for number in 0..200 {
            cache.insert(Key(number, Arc::clone(&alive)), Value(1, Arc::clone(&alive)));
        }
        let full = if cache.storage() == StorageKind::Sets { CAPACITY * 9 / 10 } else { CAPACITY };
        assert!(cache.weight() >= full && cache.weight() <= CAPACITY, "{}", cache.weight());
        drop(cache);
        assert_eq!(Arc::strong_count(&alive), 1 + lost);
    }
}

/// All that is held is counted, and all that is alive is held. That it can be counted says that no lock is held.
/// Returns how many keys and values are alive elsewhere.
fn check(cache: &Cache<Key, Value>, alive: &Arc<()>, name: &str) -> usize {
    let (mut entries, mut weight) = (0, 0);
    cache.scan(Cursor::START, usize::MAX, |_, value| {
        entries += 1;
        weight += if cache.storage() == StorageKind::Sets { 1 } else { value.0 % 4 };
    });
    assert_eq!((cache.len(), cache.weight()), (entries, weight), "after {name}");
    assert!(weight <= cache.capacity());
    Arc::strong_count(alive) - 1 - 2 * entries
}
