//! What a cache says of its memory, against what an allocator that counts has given out.
#![expect(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use nuthatch_cache::{Cache, PolicyKind, StorageKind, Terms};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What it says, and what it took, for a cache that is full and has been for a while.
fn said_and_took(build: impl Fn() -> Cache<u64, u64>, fill: impl Fn(&Cache<u64, u64>)) -> (f64, f64) {
    let before = HELD.load(Relaxed);
    let cache = build();
    fill(&cache);
    let took = HELD.load(Relaxed) - before;
    (cache.approximate_memory() as f64, took as f64)
}

/// One test, for nothing else may allocate meanwhile.
#[test]
fn the_estimate_is_near_what_was_allocated() {
    let entries = 100_000_u64;
    let plain = |cache: &Cache<u64, u64>| cache.insert_many((0..2 * entries).map(|key| (key, key)));
    let tagged = |cache: &Cache<u64, u64>| {
        let (a, b) = (Terms::new().tag("a").ttl(std::time::Duration::MAX), Terms::new().tag("b"));
        for key in 0..2 * entries {
            cache.insert_with(key, key, if key.is_multiple_of(2) { &a } else { &b });
        }
    };
    let sets = || Cache::builder().capacity(entries).storage(StorageKind::Sets);
    let near = |name: &str, (said, took): (f64, f64), off: std::ops::Range<f64>| {
        assert!(off.contains(&(said / took)), "{name}: said {said}, took {took}");
    };
    near("sets", said_and_took(|| sets().build().unwrap(), plain), 0.98..1.02);
    let full = said_and_took(|| sets().record_miss_causes().build().unwrap(), tagged);
    near("sets, causes and tags", full, 0.98..1.02);
    for policy in PolicyKind::ALL {
        let exact =
            || Cache::builder().capacity(entries).policy(policy).storage(StorageKind::Exact).build().unwrap();
        near(&policy.to_string(), said_and_took(exact, plain), 0.35..2.0);
    }
}
