//! One set: a header and sixteen places for entries.
#![expect(unsafe_code, reason = "entries in line behind their header, at offsets known at run time")]

use std::{marker::PhantomData, mem::MaybeUninit};

use crate::storage::sets::{
    header::Header,
    layout::{Layout, Pair},
    words,
};

/// A set in memory that outlives this.
///
/// Invariants, kept by `Sets`: `at` points to `Layout::STRIDE` bytes of live memory, aligned to `Layout::ALIGN`, that were
/// zero once; a way whose tag is not zero holds an initialised pair; pairs are written only by who holds the latch, and
/// through [`words`] if they are ever read without it.
pub(super) struct Set<'a, K, V> {
    at: *mut u8,
    entries: PhantomData<&'a (K, V)>,
}

impl<K, V> Clone for Set<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Set<'_, K, V> {}

impl<'a, K, V> Set<'a, K, V> {
    /// # Safety
    ///
    /// The invariants of the type, for as long as `'a`.
    #[inline]
    pub(super) const unsafe fn new(at: *mut u8) -> Self {
        Self { at, entries: PhantomData }
    }

    #[inline]
    pub(super) const fn header(&self) -> &'a Header {
        // SAFETY: a set begins with its header; all bit patterns are valid, and it is shared by atomics only.
        unsafe { &*self.at.cast::<Header>() }
    }

    #[inline]
    pub(super) fn prefetch_header(&self) {
        prefetch(self.at);
    }

    #[inline]
    pub(super) fn prefetch_pair(&self, way: usize) {
        prefetch(self.pair(way).cast());
    }

    #[inline]
    const fn pair(&self, way: usize) -> *mut Pair<K, V> {
        debug_assert!(way < 16);
        // SAFETY: way is below 16, and so many pairs are in a set from `PAIRS` on.
        unsafe { self.at.add(Layout::<K, V>::PAIRS).cast::<Pair<K, V>>().add(way) }
    }

    /// Key and value at an occupied `way`.
    ///
    /// # Safety
    ///
    /// The caller holds the latch for as long as `'a`, the way is occupied, and nobody has or makes a `&mut` to it meanwhile.
    #[inline]
    pub(super) unsafe fn entry(&self, way: usize) -> &'a Pair<K, V> {
        // SAFETY: occupied ways are initialised; under the latch nobody writes.
        unsafe { &*self.pair(way) }
    }

    /// As [`entry`](Self::entry), to be changed.
    ///
    /// # Safety
    ///
    /// As there, and no other reference to it exists, and readers without the latch are not allowed in this cache.
    #[inline]
    pub(super) unsafe fn value_mut(&self, way: usize) -> &'a mut V {
        // SAFETY: the caller's.
        unsafe { &mut (*self.pair(way)).value }
    }

    /// A copy of the pair at `way`, which may be torn: it may be looked at only if the latch's version stayed the same.
    ///
    /// # Safety
    ///
    /// Key and value are `Copy`, and this cache writes pairs by [`put`](Self::put) and [`put_value`](Self::put_value) only,
    /// with `racing` set.
    #[inline]
    pub(super) unsafe fn racing_copy(&self, way: usize) -> MaybeUninit<Pair<K, V>> {
        // SAFETY: the pair is inside the set; it is written at the same time by `words::store` only.
        unsafe { words::load(self.pair(way)) }
    }

    /// Writes a pair into a free way. `racing`: readers without the latch may look.
    ///
    /// # Safety
    ///
    /// The caller holds the latch, and the way is free.
    #[inline]
    pub(super) unsafe fn put(&self, way: usize, pair: Pair<K, V>, racing: bool) {
        // SAFETY: inside the set; the latch keeps other writers away, `store` does what readers need.
        unsafe { if racing { words::store(self.pair(way), pair) } else { self.pair(way).write(pair) } }
    }

    /// Writes the value of an occupied way, and forgets the one that was there, which the caller has taken or copied.
    ///
    /// # Safety
    ///
    /// The caller holds the latch, the way is occupied, and the old value is not used again.
    pub(super) unsafe fn put_value(&self, way: usize, value: V, racing: bool) {
        // SAFETY: as in `put`.
        unsafe {
            let to = &raw mut (*self.pair(way)).value;
            if racing { words::store(to, value) } else { to.write(value) }
        }
    }

    /// Moves the pair at an occupied `way` out; its tag is to be cleared by the caller.
    ///
    /// # Safety
    ///
    /// The caller holds the latch, the way is occupied, and the pair is not used again.
    pub(super) unsafe fn take(&self, way: usize) -> Pair<K, V> {
        // SAFETY: initialised; read under the latch, so nobody writes.
        unsafe { self.pair(way).read() }
    }

    /// Moves the value at an occupied `way` out, to be followed by [`put_value`](Self::put_value).
    ///
    /// # Safety
    ///
    /// As [`take`](Self::take).
    pub(super) unsafe fn take_value(&self, way: usize) -> V {
        // SAFETY: as in `take`.
        unsafe { (&raw const (*self.pair(way)).value).read() }
    }
}

/// Asks for a line of memory that is going to be read. Changes nothing.
#[inline]
fn prefetch(at: *const u8) {
    #[cfg(all(not(miri), target_arch = "x86_64"))]
    // SAFETY: a hint; any address is allowed.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(all(not(miri), target_arch = "aarch64"))]
    // SAFETY: a hint; any address is allowed.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{at}]", at = in(reg) at, options(nostack, readonly, preserves_flags));
    }
    let _ = at;
}
