//! An allocator that can count what is allocated, to tell bytes per entry.
#![expect(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; every call is handed on to System unchanged"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
};

/// The system's allocator. While [`live_bytes_of`] runs it counts; otherwise that costs one load of a flag that nobody
/// writes, the same for every subject.
pub(crate) struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);
static PEAK_BYTES: AtomicI64 = AtomicI64::new(0);

/// Runs `build` and returns how many bytes it requested and did not free, together with what it made. Bytes are those
/// asked for: what the allocator adds by rounding up is not in them. Counts all threads; one call at a time.
pub(crate) fn live_bytes_of<T>(build: impl FnOnce() -> T) -> (i64, T) {
    LIVE_BYTES.store(0, Relaxed);
    COUNTS.store(true, Relaxed);
    let built = build();
    COUNTS.store(false, Relaxed);
    (LIVE_BYTES.load(Relaxed), built)
}

/// As [`live_bytes_of`], but the most that was requested and not freed at any one time.
pub(crate) fn peak_bytes_of<T>(run: impl FnOnce() -> T) -> (i64, T) {
    PEAK_BYTES.store(0, Relaxed);
    let (_, ran) = live_bytes_of(run);
    (PEAK_BYTES.load(Relaxed), ran)
}

fn count(allocated: usize, freed: usize) {
    if COUNTS.load(Relaxed) {
        let change = allocated as i64 - freed as i64;
        PEAK_BYTES.fetch_max(LIVE_BYTES.fetch_add(change, Relaxed) + change, Relaxed);
    }
}

// SAFETY: every method passes its arguments to the same method of `System` and returns what that returned, so the
// contract between caller and `System` is untouched. Counting neither allocates nor panics: it is arithmetic on atomics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps `GlobalAlloc::alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller got `pointer` from this allocator with `layout`, that is, from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as in `dealloc`; `size` is the caller's to have checked.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
