//! After a failed write or sync, nothing newer can be promised.
//!
//! Linux may drop the pages that it failed to write and report the error only once, so a second fsync that succeeds
//! says nothing about them (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020). Hence no retry:
//! the first failure is kept and every later write is refused with it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use crate::{LogError, Result};

#[derive(Debug, Default)]
pub(crate) struct Poison(OnceLock<(PathBuf, Arc<io::Error>)>);

impl Poison {
    pub(crate) fn check(&self) -> Result<()> {
        match self.0.get() {
            None => Ok(()),
            Some((path, source)) => {
                Err(LogError::Poisoned { path: path.clone(), source: Arc::clone(source) })
            }
        }
    }

    /// Poisons the log, and returns the error for the caller that met it.
    pub(crate) fn set(&self, path: &Path, source: io::Error) -> LogError {
        let source = Arc::new(source);
        // A second failure adds nothing: the first one is the cause.
        let _ = self.0.set((path.to_owned(), Arc::clone(&source)));
        LogError::Write { path: path.to_owned(), source }
    }
}
