//! The locks and atomics of the standard library, under a name where a model checker's can stand in: `tests/tags_model.rs`
//! compiles some of these files a second time, over loom.

pub(crate) use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
