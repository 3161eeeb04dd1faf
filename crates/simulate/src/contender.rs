//! What may be simulated: every policy that runs live, the storage that has one of its own, and the policy that knows the
//! future.

use std::{fmt, str::FromStr};

use nuthatch_policy::{PolicyKind, UnknownPolicy};

/// A policy in a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contender {
    /// One that a live cache can run.
    Online(PolicyKind),
    /// The storage of large live caches: S3-FIFO in sets of 16. Counts entries, whatever their size.
    Sets,
    /// Belady's MIN, which knows all requests to come: the most hits that can be had where objects count as size 1.
    Belady,
}

impl Contender {
    /// Every policy once: the online ones in alphabetical order, then `auto`, and Belady last. [`Sets`](Self::Sets), a
    /// storage, is not among them.
    pub fn all() -> impl Iterator<Item = Self> {
        PolicyKind::ALL.into_iter().map(Self::Online).chain([Self::Belady])
    }

    /// The spelling used on command lines and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online(kind) => kind.name(),
            Self::Sets => "sets",
            Self::Belady => "belady",
        }
    }
}

impl From<PolicyKind> for Contender {
    fn from(kind: PolicyKind) -> Self {
        Self::Online(kind)
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Contender {
    type Err = UnknownContender;

    fn from_str(name: &str) -> Result<Self, UnknownContender> {
        for contender in [Self::Belady, Self::Sets] {
            if name.eq_ignore_ascii_case(contender.name()) {
                return Ok(contender);
            }
        }
        let online = name.parse().map_err(|UnknownPolicy { name }| UnknownContender { name })?;
        Ok(Self::Online(online))
    }
}

/// A policy's name that is not known; the message lists those that are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown policy \"{name}\"; known are {}", spellings())]
pub struct UnknownContender {
    /// The name as given.
    pub name: String,
}

/// All names, for messages.
pub(crate) fn spellings() -> String {
    Contender::all().chain([Contender::Sets]).map(Contender::name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_back_and_another_names_all() {
        for contender in Contender::all().chain([Contender::Sets]) {
            assert_eq!(contender.name().parse(), Ok(contender));
            assert_eq!(contender.to_string().to_uppercase().parse(), Ok(contender));
        }
        let error = "opt".parse::<Contender>().unwrap_err().to_string();
        for name in ["\"opt\"", " fifo,", " s3-fifo,", " belady,", " sets", " auto,"] {
            assert!(error.contains(name), "{error}");
        }
    }
}
