//! Who runs which load: a caller that would wait for itself is told so instead.
//!
//! A thread knows the loads whose loader it is running at the moment, innermost last; a loader that is a future is
//! running while it is polled. To wait for one of these would be to wait for oneself. Where different callers wait for
//! each other in a circle, the one that would close it is told: what the loads being run here wait for is noted in a table
//! for the whole process, which only a loader that itself has to wait for another load ever comes to.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::FlightId;

/// Waiting would never end: for a load that the caller itself is running, or that waits for one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recursive;

/// Identifiers that a thread takes at once, so that threads seldom meet at the counter.
const IDS_AT_ONCE: u64 = 1 << 12;
static NEXT_IDS: AtomicU64 = AtomicU64::new(0);

struct Caller {
    running: RefCell<Vec<FlightId>>,
    next_id: Cell<u64>,
}

thread_local! {
    static CALLER: Caller = const { Caller { running: RefCell::new(Vec::new()), next_id: Cell::new(0) } };
}

/// An identifier that no other load has or will have.
pub(super) fn next_id() -> FlightId {
    let id = CALLER.try_with(|caller| {
        let next = caller.next_id.get();
        let id = if next.is_multiple_of(IDS_AT_ONCE) { more_ids() } else { next };
        caller.next_id.set(id + 1);
        id
    });
    // A thread that is ending has no place of its own any more.
    FlightId(id.unwrap_or_else(|_| more_ids()))
}

fn more_ids() -> u64 {
    NEXT_IDS.fetch_add(IDS_AT_ONCE, Relaxed)
}

/// Says that this thread runs the loader of these loads, until what this returns is dropped.
pub(crate) fn running(loads: &[FlightId]) -> Running {
    let noted = CALLER.try_with(|caller| caller.running.borrow_mut().extend_from_slice(loads));
    Running(if noted.is_ok() { loads.len() } else { 0 })
}

/// See [`running`].
pub(crate) struct Running(usize);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = CALLER.try_with(|caller| {
            let mut running = caller.running.borrow_mut();
            let outer = running.len().saturating_sub(self.0);
            running.truncate(outer);
        });
    }
}

/// What waits for what: (the load whose loader waits, the wait) and the load that is waited for.
type Waits = BTreeMap<(FlightId, u64), FlightId>;

static WAITS: Mutex<Waits> = Mutex::new(Waits::new());

fn waits() -> MutexGuard<'static, Waits> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That the loads run here wait for another, for as long as this is kept.
pub(super) struct Wait {
    /// The loads run here when this was noted. None for most: their callers are in no loader.
    waiting: Vec<FlightId>,
    id: u64,
}

impl Wait {
    /// Notes that this thread, or the task it runs, is about to wait for `load`, unless that would never end.
    pub(super) fn note(load: FlightId) -> Result<Self, Recursive> {
        let waiting = CALLER.try_with(|caller| caller.running.borrow().clone()).unwrap_or_default();
        if waiting.is_empty() {
            return Ok(Self { waiting, id: 0 });
        }
        let id = next_id().0;
        let mut waits = waits();
        if leads_to(&waits, load, &waiting) {
            return Err(Recursive);
        }
        waits.extend(waiting.iter().map(|from| ((*from, id), load)));
        Ok(Self { waiting, id })
    }

    /// Whether the loads run here are still those that were noted: a future may move to another task.
    pub(super) fn is_of_this_caller(&self) -> bool {
        CALLER.try_with(|caller| *caller.running.borrow() == self.waiting).unwrap_or(true)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if !self.waiting.is_empty() {
            let mut waits = waits();
            for from in &self.waiting {
                waits.remove(&(*from, self.id));
            }
        }
    }
}

/// Whether `load` is one of `loads`, or waits for one of them, through however many others.
fn leads_to(waits: &Waits, load: FlightId, loads: &[FlightId]) -> bool {
    let mut seen = vec![load];
    let mut at = 0;
    while let Some(load) = seen.get(at).copied() {
        if loads.contains(&load) {
            return true;
        }
        for next in waits.range((load, 0)..=(load, u64::MAX)).map(|(_, next)| *next) {
            if !seen.contains(&next) {
                seen.push(next);
            }
        }
        at += 1;
    }
    false
}
