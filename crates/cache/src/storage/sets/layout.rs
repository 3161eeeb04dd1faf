//! What a set looks like in memory: a header and sixteen pairs.

use std::{alloc::Layout as Allocation, marker::PhantomData};

use nuthatch_policy::sets::WAYS;

use crate::storage::sets::header::Header;

const _: () = assert!(size_of::<Header>() == 64 && WAYS == 16);

/// Key and value of an entry, side by side: one line of memory for both when they are small.
pub(super) struct Pair<K, V> {
    pub(super) key: K,
    pub(super) value: V,
}

/// Sizes and offsets, in bytes.
pub(super) struct Layout<K, V>(PhantomData<fn(K, V)>);

impl<K, V> Layout<K, V> {
    /// Sets begin at multiples of this.
    pub(super) const ALIGN: usize = {
        let (header, pair) = (align_of::<Header>(), align_of::<Pair<K, V>>());
        if header > pair { header } else { pair }
    };
    /// Where the pairs begin.
    pub(super) const PAIRS: usize = size_of::<Header>().next_multiple_of(align_of::<Pair<K, V>>());
    /// From one set to the next.
    pub(super) const STRIDE: usize =
        (Self::PAIRS + WAYS * size_of::<Pair<K, V>>()).next_multiple_of(Self::ALIGN);

    /// The allocation for `sets` sets, with room to align the first. Asked for with a small alignment, so that the
    /// allocator may hand out untouched zero pages instead of clearing memory.
    pub(super) fn allocation(sets: usize) -> Option<Allocation> {
        let bytes = sets.checked_mul(Self::STRIDE)?.checked_add(Self::ALIGN)?;
        Allocation::from_size_align(bytes, 16).ok()
    }
}
