//! One load, as those see it who wait for it.

use std::{
    mem,
    task::{Poll, Waker},
};

use nuthatch_policy::{Slab, Slot};

use crate::sync::{Condvar, Mutex, PoisonError};

/// Tells loads apart, over all caches and for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlightId(pub(super) u64);

/// A load that somebody waits for: threads on the condition variable, tasks by their wakers.
pub(crate) struct Flight<V> {
    id: FlightId,
    state: Mutex<State<V>>,
    ended: Condvar,
}

enum State<V> {
    /// The wakers of the tasks that wait.
    Loading(Slab<Waker>),
    Landed(V),
    /// The loader failed, panicked or was dropped: whoever waits must see for itself.
    Abandoned,
}

impl<V> Flight<V> {
    pub(super) fn new(id: FlightId) -> Self {
        Self { id, state: Mutex::new(State::Loading(Slab::new())), ended: Condvar::new() }
    }

    pub(crate) const fn id(&self) -> FlightId {
        self.id
    }

    /// Ends the load with its value, or with none, and wakes all who wait. A load ends once: later calls do nothing.
    pub(crate) fn land(&self, value: Option<V>) {
        let mut end = value.map_or(State::Abandoned, State::Landed);
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*state, State::Loading(_)) {
                mem::swap(&mut *state, &mut end);
            }
        }
        self.ended.notify_all();
        if let State::Loading(mut wakers) = end {
            for slot in 0..wakers.end().0 {
                if let Some(waker) = wakers.remove(Slot(slot)) {
                    waker.wake();
                }
            }
        }
    }

    /// Takes the waker at `place` back: the task waits no longer.
    pub(super) fn leave(&self, place: Slot) {
        let waker = match &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Loading(wakers) => wakers.remove(place),
            _ => None,
        };
        drop(waker); // under no lock: it may drop a task, and that may wait for this very load
    }
}

impl<V: Clone> Flight<V> {
    /// Blocks this thread until the load has ended. `None` if it ended without a value.
    pub(super) fn wait(&self) -> Option<V> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*state {
                State::Loading(_) => {}
                State::Landed(value) => return Some(value.clone()),
                State::Abandoned => return None,
            }
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`wait`](Self::wait) for a task: leaves its waker at `place`, which is empty at first.
    pub(super) fn poll(&self, place: &mut Option<Slot>, waker: &Waker) -> Poll<Option<V>> {
        // Wakers are cloned, woken and dropped under no lock: all three run code of whoever made them.
        let (answer, left) = self.ask(place, waker.clone());
        if let (Poll::Pending, None, Some(waker)) = (&answer, place, left) {
            waker.wake(); // 2^32 - 1 tasks wait already: this one is not woken with them, but keeps asking
        }
        answer
    }

    /// What `poll` answers, and the waker that is not needed, or not any more.
    fn ask(&self, place: &mut Option<Slot>, waker: Waker) -> (Poll<Option<V>>, Option<Waker>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Loading(wakers) => {
                if let Some(held) = place.and_then(|slot| wakers.get_mut(slot)) {
                    return (Poll::Pending, Some(mem::replace(held, waker)));
                }
                let left = wakers.insert(waker).map(|slot| *place = Some(slot)).err();
                (Poll::Pending, left)
            }
            State::Landed(value) => (Poll::Ready(Some(value.clone())), Some(waker)),
            State::Abandoned => (Poll::Ready(None), Some(waker)),
        }
    }
}
