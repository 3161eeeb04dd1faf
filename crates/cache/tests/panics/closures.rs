//! What a panic leaves as it was, and what not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nuthatch_cache::{Cache, Change, StorageKind};

fn fails<R>(call: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
}

const BOTH: [StorageKind; 2] = [StorageKind::Exact, StorageKind::Sets];

#[test]
fn a_decision_that_panics_changes_nothing() {
    for storage in BOTH {
        let cache: Cache<u32, String> = Cache::builder().capacity(2_000).storage(storage).build().unwrap();
        cache.insert(1, "a".to_owned());
        fails(|| cache.compute(1, |_| -> Change<String> { panic!("no decision") }));
        fails(|| cache.compute(2, |_| -> Change<String> { panic!("no decision") }));
        fails(|| cache.entry(2).or_insert_with(|| panic!("no value")));
        fails(|| cache.remove_if(&1, |_, _| panic!("no decision")));
        fails(|| cache.get_or_insert_with(&2, || panic!("no value")));
        assert_eq!((cache.get(&1), cache.get(&2), cache.len()), (Some("a".to_owned()), None, 1));
        assert_eq!(
            cache.get_or_insert_with(&2, || "b".to_owned()),
            "b",
            "nobody waits for the load that failed"
        );
    }
}

/// The change is the caller's, and stays as far as it came; the weight follows it.
#[test]
fn a_change_that_panics_half_way_is_weighed_as_it_is() {
    let cache: Cache<u32, Vec<u8>> = Cache::builder()
        .weight_capacity(100)
        .weigher(|_, value: &Vec<u8>| value.len() as u64)
        .build()
        .unwrap();
    let change = |value: &mut Vec<u8>, len| {
        value.resize(len, 0);
        panic!("half way");
    };
    (1..=4).for_each(|key| drop(cache.insert(key, vec![0; 20])));
    fails(|| cache.update(&1, |value| change(value, 30)));
    assert_eq!(cache.weight(), 90);
    fails(|| cache.entry(2).and_modify(|value| change(value, 30)).or_default());
    assert_eq!(cache.weight(), 100);
    fails(|| change(&mut cache.get_mut(&3).unwrap(), 10));
    assert_eq!(cache.weight(), 90);
    fails(|| cache.update(&4, |value| change(value, 101)));
    assert_eq!((cache.weight(), cache.contains(&4)), (70, false), "too heavy to stay");
}

/// Both the change and the weigher that comes after it panic: the first panic goes on, and what cannot be weighed goes.
#[test]
fn a_weigher_that_panics_after_a_change_that_did_does_not_end_the_process() {
    let weigher = |_: &u32, value: &u64| if *value == 13 { panic!("weigher") } else { *value };
    let cache = Cache::builder().weight_capacity(100).weigher(weigher).build().unwrap();
    let change = |value: &mut u64| {
        *value = 13;
        std::panic::panic_any("change");
    };
    for round in 0..3 {
        cache.insert(1, 10);
        cache.insert(2, 10);
        let first = match round {
            0 => catch_unwind(AssertUnwindSafe(|| cache.update(&1, change).unwrap_or_default())),
            1 => catch_unwind(AssertUnwindSafe(|| change(&mut cache.get_mut(&1).unwrap()))),
            _ => {
                fails(|| cache.entry(1).and_modify(change).or_insert(1));
                Err(Box::new("change") as Box<_>)
            }
        };
        assert_eq!(first.unwrap_err().downcast_ref::<&str>(), Some(&"change"));
        assert_eq!((cache.weight(), cache.len()), (10, 1));
        fails(|| cache.update(&2, |value| *value = 13));
        assert_eq!((cache.weight(), cache.len()), (0, 0));
    }
}
