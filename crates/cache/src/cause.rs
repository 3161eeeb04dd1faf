//! Why an entry left.

use std::fmt;

/// Why an entry left the cache.
///
/// More may come: a `match` needs an arm for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Its time to live or to idle was over.
    Expired,
    /// It made room for others, or the cache was made smaller.
    Size,
    /// Its key was given a new value; what left is the old one.
    Replaced,
    /// It was removed, alone, by a predicate or with all others.
    Explicit,
    /// One of its tags was invalidated.
    Tag,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "expired",
            Self::Size => "size",
            Self::Replaced => "replaced",
            Self::Explicit => "explicit",
            Self::Tag => "tag",
        })
    }
}
