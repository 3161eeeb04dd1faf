//! Which latches this thread holds by guards, so that waiting for oneself is told instead of done.

use std::{cell::RefCell, ptr};

use crate::storage::latch::Latch;

thread_local! {
    static HELD: RefCell<Vec<*const Latch>> = const { RefCell::new(Vec::new()) };
}

/// That this thread keeps some latches locked beyond a call: known until this is dropped, by the same thread. They are
/// remembered here, for the place that was locked with them may come to be of other latches.
pub(crate) struct Noted([*const Latch; 2]);

/// Notes that this thread keeps these latches locked.
pub(crate) fn note(latches: [Option<&Latch>; 2]) -> Noted {
    let latches = latches.map(|latch| latch.map_or(ptr::null(), ptr::from_ref));
    let _ = HELD.try_with(|held| held.borrow_mut().extend(latches.iter().filter(|latch| !latch.is_null())));
    Noted(latches)
}

impl Drop for Noted {
    fn drop(&mut self) {
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            for latch in self.0 {
                if let Some(at) = held.iter().rposition(|other| ptr::eq(*other, latch)) {
                    held.swap_remove(at);
                }
            }
        });
    }
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
