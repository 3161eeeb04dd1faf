//! The locks and atomics of the standard library, under a name where a model checker's can stand in: `tests/tags_model.rs`
//! and `tests/flight_model.rs` compile some of these files a second time, over loom.

pub(crate) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
};
