//! The folder of published traces.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::bail;

/// Where published traces lie: as the command line says, or `NUTHATCH_TRACES`, or beside the repository.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(chosen: Option<PathBuf>) -> Self {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/traces");
        let told = || env::var_os("NUTHATCH_TRACES").map(PathBuf::from);
        Self(chosen.or_else(told).unwrap_or_else(beside))
    }

    /// # Errors
    ///
    /// There is no such folder.
    pub(crate) fn path(&self) -> anyhow::Result<&Path> {
        if !self.0.is_dir() {
            bail!(
                "there is no folder {}; say where the traces are with --traces or NUTHATCH_TRACES",
                self.0.display()
            );
        }
        Ok(&self.0)
    }

    /// # Errors
    ///
    /// There is no such file.
    pub(crate) fn find(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path()?.join(name);
        if !path.is_file() {
            bail!(
                "there is no {}; say where the traces are with --traces or NUTHATCH_TRACES",
                path.display()
            );
        }
        Ok(path)
    }
}
