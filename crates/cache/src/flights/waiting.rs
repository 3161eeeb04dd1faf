//! Waiting for a load, as a thread or as a task.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use nuthatch_policy::Slot;

use super::{
    Flight,
    caller::{Recursive, Wait},
};
use crate::sync::Arc;

/// Blocks this thread until the load has ended. `None` if it ended without a value.
pub(crate) fn wait<V: Clone>(flight: &Flight<V>) -> Result<Option<V>, Recursive> {
    let _noted = Wait::note(flight.id())?;
    Ok(flight.wait())
}

/// As [`wait`], for a task. Dropped earlier, it leaves nothing behind.
pub(crate) struct Waiting<V> {
    flight: Arc<Flight<V>>,
    /// Where the flight keeps this task's waker.
    place: Option<Slot>,
    noted: Option<Wait>,
}

impl<V> Waiting<V> {
    pub(crate) const fn new(flight: Arc<Flight<V>>) -> Self {
        Self { flight, place: None, noted: None }
    }
}

impl<V: Clone> Future for Waiting<V> {
    type Output = Result<Option<V>, Recursive>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { flight, place, noted } = self.get_mut();
        if !noted.as_ref().is_some_and(Wait::is_of_this_caller) {
            *noted = None; // before the new one, or a future that moved would wait for itself
            *noted = Some(Wait::note(flight.id())?);
        }
        flight.poll(place, context.waker()).map(Ok)
    }
}

impl<V> Drop for Waiting<V> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.flight.leave(place);
        }
    }
}
