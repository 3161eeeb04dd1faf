//! Belady's MIN: who is needed again farthest in the future leaves. It needs the future, so it runs offline only.
//!
//! No online policy hits more often where all entries weigh the same: what it leaves to the best of them is what is left to
//! gain. With weights it is no bound, since it may keep one large entry where many small ones would fit. Every miss comes
//! in, as in the other policies, even if it is never needed again.
//!
//! Cost: every operation O(log n) amortised. Metadata: 4 bytes per entry, and 8 to 16 in the heap.
//!
//! Source: Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal, 1966.

use std::{
    collections::BinaryHeap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{Policy, Slot, slab::cover};

/// Tells a [`Belady`] what is to come: before each `hit` and `insert`, when that entry is needed next.
#[derive(Clone, Debug)]
pub struct Oracle(Arc<AtomicU32>);

impl Oracle {
    /// The entry is not needed again.
    pub const NEVER: u32 = u32::MAX;

    /// The number of the request, counted from the start, that needs the entry of the next call again.
    pub fn tell(&self, next_use: u32) {
        self.0.store(next_use, Ordering::Relaxed);
    }
}

/// The offline optimum for entries of one weight. Not among the kinds of [`PolicyKind`](crate::PolicyKind): what runs
/// live does not know its future.
#[derive(Debug)]
pub struct Belady {
    oracle: Oracle,
    /// By slot: when the entry is needed next.
    next_uses: Vec<u32>,
    /// The farthest first. An entry that was hit is still here under the use that came true. That use is past, so it is
    /// nearer than those of all entries held, and never comes up while one of them is left.
    farthest: BinaryHeap<(u32, Slot)>,
    held: usize,
}

/// The next use of a slot that holds nothing: request 0 has no predecessor.
const NOT_HELD: u32 = 0;

impl Belady {
    /// An empty one, and what tells it the future.
    #[must_use]
    pub fn new() -> (Self, Oracle) {
        let oracle = Oracle(Arc::new(AtomicU32::new(Oracle::NEVER)));
        let belady =
            Self { oracle: oracle.clone(), next_uses: Vec::new(), farthest: BinaryHeap::new(), held: 0 };
        (belady, oracle)
    }

    fn note(&mut self, slot: Slot) {
        if self.farthest.len() >= 2 * self.held.max(32) {
            let next_uses = &self.next_uses;
            self.farthest.retain(|(next_use, slot)| next_uses[slot.index()] == *next_use);
        }
        let next_use = self.oracle.0.load(Ordering::Relaxed);
        self.next_uses[slot.index()] = next_use;
        self.farthest.push((next_use, slot));
    }
}

impl Policy for Belady {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        cover(&mut self.next_uses, slot, NOT_HELD);
        self.held += 1;
        self.note(slot);
    }

    fn hit(&mut self, slot: Slot) {
        self.note(slot);
    }

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        loop {
            let (next_use, slot) = self.farthest.pop()?;
            // Another value belongs to a use that came true, or to an entry that was removed.
            if self.next_uses[slot.index()] == next_use {
                self.remove(slot);
                return Some(slot);
            }
        }
    }

    fn remove(&mut self, slot: Slot) {
        self.next_uses[slot.index()] = NOT_HELD;
        self.held -= 1;
    }

    fn clear(&mut self) {
        self.next_uses.clear();
        self.farthest.clear();
        self.held = 0;
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        let slots = self.next_uses.iter().copied().zip((0..).map(Slot));
        let mut farthest = slots.filter(|(next_use, _)| *next_use != NOT_HELD).collect::<Vec<_>>();
        farthest.sort_unstable_by(|a, b| b.cmp(a));
        farthest.into_iter().map(|(_, slot)| slot).collect()
    }

    fn check_invariants(&self) {
        let held = self.next_uses.iter().filter(|next_use| **next_use != NOT_HELD).count();
        assert_eq!(self.held, held);
        for (slot, next_use) in (0..).map(Slot).zip(&self.next_uses).filter(|(_, next)| **next != NOT_HELD) {
            assert!(self.farthest.iter().any(|queued| *queued == (*next_use, slot)), "{slot:?} cannot leave");
        }
    }
}
