//! For each set of tags: the epoch that its entries must have at least, and how many there are.

use std::sync::OnceLock;

use crate::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// Sets of the first chunk; each of the next has as many as all before it together, up to [`CHUNK_MAX`].
const FIRST: u32 = 64;
/// Log 2 of the sets of a large chunk.
const CHUNK_BITS: u32 = 14;
const CHUNK_MAX: u32 = 1 << CHUNK_BITS;
/// Chunks below `CHUNK_MAX`: of 64, 64, 128, 256 and so on.
const SMALL: u32 = CHUNK_BITS - FIRST.ilog2() + 1;
const CHUNKS: u32 = SMALL + (super::SETS_MAX >> CHUNK_BITS);

/// Gates by the number of their set, in chunks that come as they are needed, never move and stay.
pub(super) struct Gates(Box<[OnceLock<Chunk>]>);

/// What reads look at and what writes change lie apart.
struct Chunk {
    from: Box<[AtomicU64]>,
    entries: Box<[AtomicU32]>,
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gates").finish_non_exhaustive()
    }
}

impl Gates {
    pub(super) fn new() -> Self {
        Self((0..CHUNKS).map(|_| OnceLock::new()).collect())
    }

    /// Whether a value begun in `epoch` passes.
    #[inline]
    pub(super) fn admits(&self, set: u32, epoch: u64) -> bool {
        let (chunk, index) = place(set);
        // Acquire: who sees a gate closed sees what came before the invalidation.
        self.0[chunk].get().is_some_and(|chunk| epoch >= chunk.from[index].load(Acquire))
    }

    /// A set comes into use, with one entry.
    pub(super) fn open(&self, set: u32, from: u64) {
        let (chunk, index) = place(set);
        let chunk = self.0[chunk].get_or_init(|| Chunk::new(length(chunk)));
        chunk.from[index].store(from, Release);
        chunk.entries[index].store(1, Relaxed);
    }

    pub(super) fn close(&self, set: u32, from: u64) {
        let (chunk, index) = place(set);
        if let Some(chunk) = self.0[chunk].get() {
            chunk.from[index].store(from, Release);
        }
    }

    /// One more entry. Under the lock under which sets are forgotten, so it is not forgotten at the same time.
    pub(super) fn enter(&self, set: u32) {
        if let Some(entries) = self.entries(set) {
            entries.fetch_add(1, Relaxed);
        }
    }

    /// One entry less; true if it was the last. All that was done with the others comes before what the last one does.
    pub(super) fn leave(&self, set: u32) -> bool {
        self.entries(set).is_some_and(|entries| entries.fetch_sub(1, AcqRel) == 1)
    }

    pub(super) fn is_unused(&self, set: u32) -> bool {
        self.entries(set).is_none_or(|entries| entries.load(Acquire) == 0)
    }

    pub(super) fn bytes(&self) -> usize {
        let chunks = self.0.iter().filter_map(OnceLock::get);
        size_of_val(&*self.0)
            + chunks.map(|chunk| size_of_val(&*chunk.from) + size_of_val(&*chunk.entries)).sum::<usize>()
    }

    fn entries(&self, set: u32) -> Option<&AtomicU32> {
        let (chunk, index) = place(set);
        self.0[chunk].get().map(|chunk| &chunk.entries[index])
    }
}

impl Chunk {
    fn new(length: u32) -> Self {
        Self {
            from: (0..length).map(|_| AtomicU64::new(0)).collect(),
            entries: (0..length).map(|_| AtomicU32::new(0)).collect(),
        }
    }
}

/// The chunk of a set and its place there.
#[inline]
const fn place(set: u32) -> (usize, usize) {
    if set < FIRST {
        return (0, set as usize);
    }
    let log = set.ilog2();
    if log < CHUNK_BITS {
        let chunk = log - FIRST.ilog2() + 1;
        return (chunk as usize, (set - (1 << log)) as usize);
    }
    ((SMALL - 1 + (set >> CHUNK_BITS)) as usize, (set & (CHUNK_MAX - 1)) as usize)
}

const fn length(chunk: usize) -> u32 {
    let chunk = chunk as u32;
    if chunk == 0 {
        FIRST
    } else if chunk < SMALL {
        FIRST << (chunk - 1)
    } else {
        CHUNK_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_a_place_of_its_own_within_its_chunk() {
        let mut expected = (0, 0);
        for set in 0..=super::super::SETS_MAX {
            assert_eq!(place(set), expected, "{set}");
            expected.1 += 1;
            if expected.1 == length(expected.0) as usize {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(expected, (CHUNKS as usize, 0), "and no chunk is too many");
    }
}
