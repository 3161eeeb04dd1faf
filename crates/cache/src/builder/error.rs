//! Why a cache cannot be built.

use std::fmt;

/// A setting of a [`Builder`](crate::Builder) that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildError {
    /// The builder's method whose value it is.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl BuildError {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cache cannot be built: {}: {}", self.field, self.problem)
    }
}

impl std::error::Error for BuildError {}
