//! Invalidation by tag, on both storages.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use nuthatch_cache::{Cache, ManualClock, StorageKind, Terms};

fn on_both(test: impl Fn(Cache<u64, u64>)) {
    for storage in [StorageKind::Exact, StorageKind::Sets] {
        test(Cache::builder().capacity(4_000).storage(storage).build().unwrap());
    }
}

fn tagged(tags: &[&str]) -> Terms {
    tags.iter().fold(Terms::new(), |terms, tag| terms.tag(*tag))
}

#[test]
fn a_tag_takes_its_entries_and_no_others_the_moment_the_call_returns() {
    on_both(|cache| {
        for key in 0..900 {
            let group = format!("group {}", key % 9);
            cache.insert_with(key, key, &tagged(&[&group, if key % 2 == 0 { "even" } else { "odd" }]));
        }
        cache.insert(900, 900);
        cache.invalidate_tag("group 4");
        cache.invalidate_tag("grou");
        for key in 0..901 {
            assert_eq!(cache.get(&key).is_some(), key == 900 || key % 9 != 4, "{key}");
        }
        cache.invalidate_tag("even");
        let live: Vec<u64> = (0..901).filter(|key| cache.contains(key)).collect();
        assert!(live.iter().all(|key| *key == 900 || (key % 9 != 4 && key % 2 == 1)), "{live:?}");
        assert_eq!(live.len(), 401);
        let stats = cache.stats();
        assert_eq!((stats.tag_invalidations, stats.removals, stats.len), (500, 0, 401));
    });
}

#[test]
fn what_was_invalidated_is_no_value_to_return_when_replaced_or_removed() {
    on_both(|cache| {
        for key in 0..3 {
            cache.insert_with(key, key, &tagged(&["t"]));
        }
        cache.invalidate_tag("t");
        assert_eq!((cache.insert(0, 10), cache.remove(&1), cache.peek(&2)), (None, None, None));
        assert_eq!(cache.get(&0), Some(10), "written after, and without the tag");
        cache.invalidate_tag("t");
        assert_eq!(cache.get(&0), Some(10));
    });
}

#[test]
fn a_new_value_has_the_tags_that_it_was_given_and_not_those_of_the_old_one() {
    on_both(|cache| {
        cache.insert_with(1, 1, &tagged(&["old", "both"]));
        cache.insert_with(1, 2, &tagged(&["new", "both"]));
        cache.invalidate_tag("old");
        assert_eq!(cache.get(&1), Some(2));
        cache.insert_with(2, 2, &tagged(&["new"]));
        cache.invalidate_tag("both");
        assert_eq!((cache.get(&1), cache.get(&2)), (None, Some(2)));
    });
}

#[test]
fn a_sweep_gives_back_what_was_invalidated() {
    on_both(|cache| {
        for key in 0..100 {
            cache.insert_with(key, key, &tagged(&["t"]));
        }
        cache.invalidate_tag("t");
        cache.sweep(u32::MAX);
        assert_eq!((cache.len(), cache.stats().tag_invalidations), (0, 100));
    });
}

#[test]
fn a_load_that_began_before_its_tag_was_invalidated_is_not_kept() {
    on_both(|cache| {
        let loaded = cache.get_or_insert_with_terms(&1, || {
            cache.invalidate_tag("row");
            (1, tagged(&["row", "table"]))
        });
        assert_eq!((loaded, cache.get(&1)), (1, None), "its caller has it, nobody else");
        assert_eq!(cache.stats().rejections, 1);
        let loaded = cache.get_or_insert_with_terms(&1, || {
            cache.invalidate_tag("another row");
            (2, tagged(&["row", "table"]))
        });
        assert_eq!((loaded, cache.get(&1)), (2, Some(2)));
    });
}

#[test]
fn a_load_says_how_long_its_value_is_good() {
    let clock = ManualClock::new();
    let cache: Cache<String, Option<u32>> = Cache::builder()
        .capacity(10)
        .time_to_live(Duration::from_secs(60))
        .clock(clock.clock())
        .build()
        .unwrap();
    let found = cache.get_or_insert_with_terms("ada", || (Some(1), Terms::new()));
    let absent = cache.get_or_insert_with_terms("bob", || (None, Terms::new().ttl(Duration::from_secs(1))));
    assert_eq!((found, absent), (Some(1), None));
    assert_eq!(cache.get("bob"), Some(None), "known not to be there");
    clock.advance(Duration::from_secs(1));
    assert_eq!((cache.get("ada"), cache.get("bob")), (Some(Some(1)), None));
}

/// Each value is read from a source and tagged; the source changes, then the tag is invalidated, then the value is looked
/// up: it is never older than the change, whoever loads meanwhile.
#[test]
fn threads_that_load_and_invalidate_never_find_what_is_out_of_date() {
    on_both(|cache| {
        let source: Vec<AtomicU64> = (0..4).map(|_| AtomicU64::new(0)).collect();
        let names = ["a", "b", "c", "d"];
        let start = Barrier::new(4);
        let (done, ended) = mpsc::channel::<()>();
        let ended = Arc::new(std::sync::Mutex::new(ended));
        thread::scope(|scope| {
            for thread in 0..3 {
                let (cache, source, start, ended) = (&cache, &source, &start, Arc::clone(&ended));
                scope.spawn(move || {
                    start.wait();
                    let mut round = thread;
                    while ended.lock().unwrap().try_recv() == Err(mpsc::TryRecvError::Empty) {
                        round += 1;
                        let key = round % 4;
                        cache.get_or_insert_with_terms(&(key as u64), || {
                            (source[key].load(SeqCst), tagged(&[names[key], "all"]))
                        });
                    }
                });
            }
            start.wait();
            for round in 0..4_000_usize {
                let key = round % 4;
                let now = source[key].fetch_add(1, SeqCst) + 1;
                cache.invalidate_tag(if round % 5 == 0 { "all" } else { names[key] });
                if let Some(found) = cache.get(&(key as u64)) {
                    assert!(found >= now, "{found} is older than {now}");
                }
            }
            drop(done);
        });
    });
}
