//! The weight that the whole cache holds, and may hold.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts weight against a capacity. Room is taken before an entry comes in and given back after it left, so what is
/// counted is never less than what is held.
///
/// Relaxed throughout: the count publishes nothing but itself; entries are published by the locks of their shards.
#[derive(Debug)]
pub(crate) struct Bound {
    capacity: AtomicU64,
    held: AtomicU64,
    /// Of what is held, that which may not leave: so whoever can never fit in beside it learns so at once.
    pinned: AtomicU64,
}

impl Bound {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self { capacity: AtomicU64::new(capacity), held: AtomicU64::new(0), pinned: AtomicU64::new(0) }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity.load(Relaxed)
    }

    /// What may be held from now on. What is held already stays until it is released.
    pub(crate) fn set_capacity(&self, capacity: u64) {
        self.capacity.store(capacity, Relaxed);
    }

    pub(crate) fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }

    /// Turns `given` units that the caller already holds into `wanted` units, if there is room for the difference.
    ///
    /// An insert into a full cache hands in what it evicted: equal weights touch no shared line but to read it.
    pub(crate) fn exchange(&self, given: u64, wanted: u64) -> bool {
        if wanted <= given {
            self.release(given - wanted);
            return true;
        }
        let more = wanted - given;
        let room = |held: u64| held.checked_add(more).filter(|after| *after <= self.capacity());
        self.held.fetch_update(Relaxed, Relaxed, room).is_ok()
    }

    pub(crate) fn release(&self, weight: u64) {
        if weight > 0 {
            self.held.fetch_sub(weight, Relaxed);
        }
    }

    /// Whether some of what is held may not leave.
    #[inline]
    pub(crate) fn any_pinned(&self) -> bool {
        self.pinned.load(Relaxed) != 0
    }

    /// Whether `weight` might fit in if all left that may, and `own` of what is pinned.
    #[inline]
    pub(crate) fn might_fit(&self, weight: u64, own: impl FnOnce() -> u64) -> bool {
        let pinned = self.pinned.load(Relaxed);
        pinned == 0 || weight <= self.capacity().saturating_sub(pinned.saturating_sub(own()))
    }

    /// So much of what is held may not leave from now on.
    pub(crate) fn pin(&self, weight: u64) {
        self.pinned.fetch_add(weight, Relaxed);
    }

    /// So much of what is pinned may leave again, or is gone.
    pub(crate) fn unpin(&self, weight: u64) {
        self.pinned.fetch_sub(weight, Relaxed);
    }
}
