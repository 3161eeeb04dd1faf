//! What of a trace is honoured beside its keys and first sizes.

use std::str::FromStr;

/// What is honoured of what requests say. Nothing by default: then every request is a read that fills the cache on a miss,
/// as in the published figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honour {
    /// What is stored at a time with a time to live is gone once that has passed, at that very moment: an entry that has
    /// expired neither hits nor takes up room. A read that fills and a write carry their own time to live; a hit does not
    /// prolong it. Time is the trace's, and does not run backwards. Without times in the trace nothing expires.
    pub ttl: bool,
    /// A write stores its object, with the size that it states, and a delete removes it. Neither counts as a request of
    /// the hit ratio.
    pub ops: bool,
}

impl Honour {
    /// Every request is a read, for ever, of the first size.
    pub const NOTHING: Self = Self { ttl: false, ops: false };

    /// Whether anything is honoured.
    #[must_use]
    pub const fn any(self) -> bool {
        self.ttl || self.ops
    }
}

impl FromStr for Honour {
    type Err = UnknownHonour;

    /// `ttl` or `ops`, or both with a comma.
    fn from_str(text: &str) -> Result<Self, UnknownHonour> {
        let mut honour = Self::default();
        for name in text.split(',') {
            match name.trim() {
                "ttl" => honour.ttl = true,
                "ops" => honour.ops = true,
                other => return Err(UnknownHonour { name: other.to_owned() }),
            }
        }
        Ok(honour)
    }
}

/// Something that cannot be honoured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{name}\" cannot be honoured; known are ttl and ops, with a comma between if both")]
pub struct UnknownHonour {
    /// The name as given.
    pub name: String,
}
