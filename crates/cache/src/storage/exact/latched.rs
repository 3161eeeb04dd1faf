//! A value behind a latch.
#![expect(
    unsafe_code,
    reason = "a lock of our own: half the cost of the standard one on a read, see docs/decisions/0007-two-storages.md"
)]

use std::{
    cell::UnsafeCell,
    ops::{Deref, DerefMut},
};

use crate::storage::latch::Latch;

/// On cache lines of its own, two because processors fetch them in pairs: neighbours do not slow each other down.
#[repr(align(128))]
pub(super) struct Latched<T> {
    latch: Latch,
    value: UnsafeCell<T>,
}

// SAFETY: the latch lets one thread at a time to the value, and hands it from thread to thread.
unsafe impl<T: Send> Sync for Latched<T> {}

impl<T> Latched<T> {
    pub(super) fn new(value: T) -> Self {
        Self { latch: Latch::default(), value: UnsafeCell::new(value) }
    }

    /// The value, for its only user until the guard is dropped.
    #[inline]
    pub(super) fn lock(&self) -> Guard<'_, T> {
        self.latch.lock();
        Guard(self)
    }

    /// The same if nobody has it now.
    pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.latch.try_lock().then(|| Guard(self))
    }
}

pub(super) struct Guard<'a, T>(&'a Latched<T>);

impl<'a, T> Guard<'a, T> {
    pub(super) const fn latch(&self) -> &'a Latch {
        &self.0.latch
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the latch is ours; of the value there is this guard only, which lends it as itself is lent.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.latch.unlock(true);
    }
}
