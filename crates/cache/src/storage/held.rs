//! Which latches this thread holds by guards, so that waiting for oneself is told instead of done.

use std::{cell::RefCell, ptr};

use crate::storage::latch::Latch;

thread_local! {
    static HELD: RefCell<Vec<*const Latch>> = const { RefCell::new(Vec::new()) };
}

/// Notes that this thread keeps `latch` locked beyond a call.
pub(crate) fn note(latch: &Latch) {
    let _ = HELD.try_with(|held| held.borrow_mut().push(ptr::from_ref(latch)));
}

/// Forgets one [note](note) of `latch`.
pub(crate) fn forget(latch: &Latch) {
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        if let Some(at) = held.iter().rposition(|other| ptr::eq(*other, latch)) {
            held.swap_remove(at);
        }
    });
}

/// Called by those who are about to wait for `latch`.
///
/// # Panics
///
/// If this thread holds it.
#[cold]
#[expect(clippy::panic, reason = "the alternative is to wait for ever")]
pub(crate) fn forbid(latch: &Latch) {
    let own = HELD.try_with(|held| held.borrow().iter().any(|other| ptr::eq(*other, latch)));
    if own == Ok(true) {
        panic!(
            "this thread would wait for itself: it holds a guard (Ref, RefMut or Entry) of this cache, or runs in a \
             closure under one; drop the guard before the next call"
        );
    }
}
