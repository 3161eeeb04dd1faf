//! Why a load gave no value.

use std::{convert::Infallible, error::Error, fmt};

use crate::flights::Recursive;

/// Why a load gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader failed. Only the caller that ran it gets its error.
    Failed(E),
    /// The loader asked for the very key that it loads, itself or through the loaders of other keys, on this thread or
    /// on others: waiting would never end.
    Recursive,
    /// The loader of many keys returned more or fewer values than it got keys: nobody can say which is which.
    Miscounted {
        /// How many keys it got.
        asked: usize,
        /// How many values it returned.
        returned: usize,
    },
}

impl<E> LoadError<E> {
    /// The loader's own error, if that is what it was.
    pub fn failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl<E> From<Recursive> for LoadError<E> {
    fn from(_: Recursive) -> Self {
        Self::Recursive
    }
}

impl<E> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => f.write_str("the loader failed"),
            Self::Recursive => f.write_str(
                "the load waits for itself: its loader asked for the key that it loads; have it ask for other keys only",
            ),
            Self::Miscounted { asked, returned } => {
                write!(f, "the loader returned {returned} values for {asked} keys; it is to return one for each")
            }
        }
    }
}

impl<E: Error + 'static> Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// The value of a load that cannot fail, called `method`.
pub(super) fn infallible<V>(loaded: Result<V, LoadError<Infallible>>, method: &str) -> V {
    match loaded {
        Ok(value) => value,
        Err(LoadError::Failed(never)) => match never {},
        #[expect(clippy::panic, reason = "documented: there is nothing to return")]
        Err(LoadError::Miscounted { asked, returned }) => panic!(
            "the loader of `{method}` returned {returned} values for {asked} keys; it is to return one for each"
        ),
        #[expect(
            clippy::panic,
            reason = "documented: there is nothing to return, and waiting would be hanging"
        )]
        Err(LoadError::Recursive) => panic!(
            "`{method}` waits for itself: the loader of a key asked for that key again, itself or through the loaders of \
             other keys; have it ask for other keys only, or use `try_{method}`, which returns `LoadError::Recursive`"
        ),
    }
}
