//! The memory of sets: planes, each with one set of every family, made when the first family needs it.
#![expect(unsafe_code, reason = "zeroed memory at an alignment of our own")]

use std::{
    alloc::{self, Layout as Allocation},
    marker::PhantomData,
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicPtr,
            Ordering::{Acquire, Release},
        },
    },
};

use nuthatch_policy::sets::Geometry;

use crate::storage::sets::{layout::Layout, set::Set};

const PLANES: usize = 1 << Geometry::LEVEL_MAX;

pub(super) struct Planes<K, V> {
    /// The first set of each plane.
    first: [AtomicPtr<u8>; PLANES],
    /// What to give back: pointers as allocated.
    allocated: Mutex<Vec<*mut u8>>,
    allocation: Allocation,
    entries: PhantomData<(K, V)>,
}

// SAFETY: the memory behind the pointers belongs to this value; who may touch it is ruled by the latches in it. Entries are
// handed from thread to thread, one at a time, hence `Send` of both, and never shared: guards and closures run under
// a latch.
unsafe impl<K: Send, V: Send> Send for Planes<K, V> {}
// SAFETY: as above.
unsafe impl<K: Send, V: Send> Sync for Planes<K, V> {}

impl<K, V> Planes<K, V> {
    /// Planes for so many families, the first of them there. Aborts as the standard collections do if the size is
    /// beyond what an address can say.
    pub(super) fn new(families: u64) -> Self {
        let sets = usize::try_from(families).unwrap_or(usize::MAX);
        let allocation = Layout::<K, V>::allocation(sets);
        let planes = Self {
            first: [const { AtomicPtr::new(ptr::null_mut()) }; PLANES],
            allocated: Mutex::new(Vec::new()),
            allocation: allocation.unwrap_or_else(|| alloc::handle_alloc_error(Allocation::new::<u8>())),
            entries: PhantomData,
        };
        planes.make(0);
        planes
    }

    /// How many planes there are.
    pub(super) fn count(&self) -> usize {
        self.allocated.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Makes plane `plane` unless it is there.
    pub(super) fn make(&self, plane: usize) {
        let mut allocated = self.allocated.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.first[plane].load(Acquire).is_null() {
            return;
        }
        // SAFETY: the size is not zero: `Layout::allocation` adds the alignment.
        let at = unsafe { alloc::alloc_zeroed(self.allocation) };
        if at.is_null() {
            alloc::handle_alloc_error(self.allocation);
        }
        allocated.push(at);
        let skip = at.align_offset(Layout::<K, V>::ALIGN);
        // SAFETY: `Layout::allocation` asked for as many bytes more as the alignment takes at most.
        self.first[plane].store(unsafe { at.add(skip) }, Release);
    }

    /// The set of `family` in `plane`, if the plane was made.
    #[inline]
    pub(super) fn set(&self, family: u64, plane: usize) -> Option<Set<'_, K, V>> {
        // A mask instead of a check: there is no plane beyond.
        let first = self.first[plane & (PLANES - 1)].load(Acquire);
        if first.is_null() {
            return None;
        }
        // SAFETY: a plane has a set for each family, of `STRIDE` bytes, zero at first, and lives as long as `self`.
        Some(unsafe { Set::new(first.add(family as usize * Layout::<K, V>::STRIDE)) })
    }
}

impl<K, V> Drop for Planes<K, V> {
    fn drop(&mut self) {
        for at in self.allocated.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // SAFETY: allocated with this very layout, and given back once.
            unsafe { alloc::dealloc(at, self.allocation) };
        }
    }
}
