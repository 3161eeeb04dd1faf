//! Values that are borrowed from the cache, and what that keeps others from.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use nuthatch_cache::Cache;

use crate::{
    on_every_storage,
    shape::{Datum, Shape},
};

on_every_storage!(
    a_guard_reads_and_writes_in_place,
    the_same_place_panics_and_another_works,
    no_other_key_makes_a_thread_wait_for_itself,
    other_threads_wait_for_a_guard,
    an_insert_beside_a_guard_still_ends,
    an_entry_that_made_its_place_grow_leaves_no_trace,
);

fn a_guard_reads_and_writes_in_place<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(100);
    assert!(cache.get_ref(&T::of(1)).is_none() && cache.get_mut(&T::of(1)).is_none());
    assert_eq!(cache.update(&T::of(1), |_| panic!("nothing is held")), None::<()>);
    cache.insert(T::of(1), T::of(10));
    {
        let guard = cache.get_ref(&T::of(1)).unwrap();
        assert_eq!((guard.key(), &*guard), (&T::of(1), &T::of(10)));
        assert!(format!("{guard:?}").starts_with("Ref("));
    }
    {
        let mut guard = cache.get_mut(&T::of(1)).unwrap();
        *guard = T::of(11);
        assert_eq!((guard.key(), &*guard), (&T::of(1), &T::of(11)));
    }
    assert_eq!(cache.get(&T::of(1)), Some(T::of(11)));
    let doubled = cache.update(&T::of(1), |value| {
        *value = T::of(value.number() * 2);
        value.number()
    });
    assert_eq!((doubled, cache.peek(&T::of(1))), (Some(22), Some(T::of(22))));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.len), (4, 3, 1));
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn the_same_place_panics_and_another_works<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(2_000);
    cache.insert(T::of(1), T::of(10));
    cache.insert(T::of(2), T::of(20));
    let asks: [(&str, &dyn Fn()); 5] = [
        ("get", &|| drop(cache.get(&T::of(1)))),
        ("insert", &|| drop(cache.insert(T::of(1), T::of(11)))),
        ("remove", &|| drop(cache.remove(&T::of(1)))),
        ("entry", &|| drop(cache.entry(T::of(1)))),
        ("clear", &|| cache.clear()),
    ];
    for (name, ask) in asks {
        for kind in 0..3 {
            let (mut read, mut write, mut entry) = (None, None, None);
            match kind {
                0 => read = cache.get_ref(&T::of(1)),
                1 => write = cache.get_mut(&T::of(1)),
                _ => entry = Some(cache.entry(T::of(1))),
            }
            let Err(panic) = catch_unwind(AssertUnwindSafe(ask)) else { panic!("{name} came through") };
            let said = said(&*panic);
            assert!(
                said.contains("would wait for itself") && said.contains("drop the guard"),
                "{name}: {said}"
            );
            drop((read, write, entry));
        }
        // Given back: nobody is kept waiting.
        assert_eq!(cache.peek(&T::of(1)), Some(T::of(10)), "{name}");
    }
    let guard = cache.get_ref(&T::of(1)).unwrap();
    let others = (3..300).filter(|key| {
        catch_unwind(AssertUnwindSafe(|| {
            drop(cache.get(&T::of(*key)));
            drop(cache.insert(T::of(*key), T::of(*key)));
            assert_eq!(cache.remove(&T::of(*key)), Some(T::of(*key)));
        }))
        .is_ok()
    });
    let others = others.count();
    drop(guard);
    // With one shard all places are one.
    assert_eq!(others > 0, shape != Shape::OneShard, "{others} other keys worked");
    assert_eq!(cache.get(&T::of(1)), Some(T::of(10)));
}

/// A key's value may be in the other of its two sets, and that may be the one that a guard holds.
fn no_other_key_makes_a_thread_wait_for_itself<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(64);
    (0..300).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
    let held: Vec<u64> = cache.iter().map(|(key, _)| key.number()).collect();
    for key in held.iter().take(4) {
        let guard = cache.get_ref(&T::of(*key)).unwrap();
        for other in 0..300 {
            // It may work or panic. It must come back.
            let _ = catch_unwind(AssertUnwindSafe(|| cache.remove_if(&T::of(other), |_, _| false)));
            let _ = catch_unwind(AssertUnwindSafe(|| cache.peek(&T::of(other))));
            let _ = catch_unwind(AssertUnwindSafe(|| {
                cache.pin(&T::of(other)).then(|| cache.unpin(&T::of(other)))
            }));
        }
        drop(guard);
    }
    let after: Vec<u64> = held.into_iter().filter(|key| cache.contains(&T::of(*key))).collect();
    assert_eq!(after.len(), cache.len());
}

fn other_threads_wait_for_a_guard<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(100);
    cache.insert(T::of(1), T::of(10));
    let (ask, asked) = mpsc::channel();
    thread::scope(|scope| {
        let mut guard = cache.get_mut(&T::of(1)).unwrap();
        let other = scope.spawn(|| {
            ask.send(()).unwrap();
            cache.get(&T::of(1))
        });
        asked.recv().unwrap();
        *guard = T::of(11);
        drop(guard);
        assert_eq!(other.join().unwrap(), Some(T::of(11)));
    });
}

/// What has no room but where a guard is held finds out, and does not wait for it.
fn an_insert_beside_a_guard_still_ends<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(40);
    (0..100).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
    let (key, _) = cache.iter().next().unwrap();
    let guard = cache.get_ref(&key).unwrap();
    for other in 100..200 {
        let _ = catch_unwind(AssertUnwindSafe(|| cache.insert(T::of(other), T::of(other))));
    }
    drop(guard);
    assert!(cache.contains(&key) && cache.len() <= 40);
    (0..100).for_each(|key| drop(cache.insert(T::of(key), T::of(key))));
    assert!(cache.len() <= 40);
}

/// Whoever filled a cache through entries, which grew meanwhile, waits for a guard of another thread like anybody.
fn an_entry_that_made_its_place_grow_leaves_no_trace<T: Datum>(shape: Shape) {
    let cache: Cache<T, T> = shape.cache(3_000);
    (0..3_000).for_each(|key| drop(cache.entry(T::of(key)).insert(T::of(key))));
    let keys: Vec<T> = cache.iter().map(|(key, _)| key).step_by(150).collect();
    let (held, is_held) = mpsc::channel();
    let (ask, asked) = mpsc::channel();
    thread::scope(|scope| {
        let (cache, keys) = (&cache, &keys);
        scope.spawn(move || {
            for key in keys {
                let guard = cache.get_ref(key).unwrap();
                held.send(()).unwrap();
                asked.recv().unwrap();
                (0..20_000).for_each(|_| std::hint::spin_loop()); // it has begun to wait by now, most often
                drop(guard);
                asked.recv().unwrap(); // only then the next, which may be of the same place
            }
        });
        for key in keys {
            is_held.recv().unwrap();
            ask.send(()).unwrap();
            assert_eq!(cache.remove_if(key, |_, _| false), None);
            ask.send(()).unwrap();
        }
    });
}
