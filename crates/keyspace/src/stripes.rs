//! Locks over groups of keys: whoever changes a key holds its stripe.

use std::{
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
};

use nuthatch_cache::RandomState;

/// Enough that writers of different keys seldom meet.
const STRIPES: usize = 256;

pub(crate) struct Stripes {
    hasher: RandomState,
    stripes: Box<[Padded]>,
}

/// On a cache line of its own, so that neighbours do not slow each other down.
#[derive(Default)]
#[repr(align(64))]
struct Padded(Mutex<()>);

impl Stripes {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            stripes: std::iter::repeat_with(Padded::default).take(STRIPES).collect(),
        }
    }

    pub(crate) fn lock(&self, key: &[u8]) -> MutexGuard<'_, ()> {
        self.lock_at(self.index(key))
    }

    /// The stripes of all `keys`, in one fixed order, so that two callers cannot wait for each other.
    pub(crate) fn lock_many<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Vec<MutexGuard<'_, ()>> {
        let mut indices: Vec<usize> = keys.map(|key| self.index(key)).collect();
        indices.sort_unstable();
        indices.dedup();
        indices.into_iter().map(|index| self.lock_at(index)).collect()
    }

    pub(crate) fn lock_all(&self) -> Vec<MutexGuard<'_, ()>> {
        (0..STRIPES).map(|index| self.lock_at(index)).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 256")]
    fn index(&self, key: &[u8]) -> usize {
        (self.hasher.hash_one(key) % STRIPES as u64) as usize
    }

    fn lock_at(&self, index: usize) -> MutexGuard<'_, ()> {
        // The lock guards an order of events, not data that a panic could leave half-changed.
        self.stripes[index].0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
