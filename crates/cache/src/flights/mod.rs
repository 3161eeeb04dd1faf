//! Loads in flight: one loader per key, however many callers.
//!
//! The records of loads lie in stripes beside the storage. A record is the load's right to put its value into the cache:
//! whoever writes or removes the key, or clears the cache, takes that right away (*fences* the load), and the value,
//! stale by then, goes to those who were waiting for it already and is not kept. Where a tag is invalidated nobody can say
//! yet which loads will bring it: those that may are *closed*, nobody joins them any more, and whether the value is kept is
//! asked when it comes.
//!
//! Locks: a stripe's is taken for an instant, alone or under the lock of the key's place, never the other way round. All
//! that concerns one key (`join`, `start`, `fence`, `finish`) is called under the lock of that key's place, so these are
//! in one order; under a stripe's lock runs no user code but `Equivalent`. [`fence_all`](Flights::fence_all) alone is
//! called under no place's lock.

mod caller;
mod flight;
mod records;
mod stopwatch;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use caller::{Recursive, running};
pub(crate) use flight::{Flight, FlightId};
pub(crate) use records::{Before, Finished, Flights};
pub(crate) use stopwatch::Stopwatch;
pub(crate) use waiting::{Waiting, wait};
