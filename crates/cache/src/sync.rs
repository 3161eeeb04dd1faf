//! The locks and atomics of the standard library, under a name where a model checker's can stand in: `tests/tags_model.rs`,
//! `tests/flight_model.rs`, `tests/latch_model.rs` and `tests/sets_model` compile some of these files a second time, over
//! loom.

pub(crate) use std::{
    hint,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};
