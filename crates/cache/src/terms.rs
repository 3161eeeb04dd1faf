//! What may be said of one entry when it is written.

use std::time::Duration;

/// How an entry is to be kept, where that differs from what the cache does on its own.
///
/// ```
/// use std::time::Duration;
/// use nuthatch_cache::Terms;
///
/// let terms = Terms::new().ttl(Duration::from_secs(30)).tag("tenant:7").tag("prices");
/// # let _ = terms;
/// ```
///
/// Make one and use it for many entries: each tag costs an allocation here, and none when an entry is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    ttl: Option<Duration>,
    /// In order, each once.
    tags: Vec<Box<str>>,
    pinned: bool,
}

impl Terms {
    /// Nothing out of the ordinary.
    #[must_use]
    pub const fn new() -> Self {
        Self { ttl: None, tags: Vec::new(), pinned: false }
    }

    /// The entry lives this long, whatever the cache's own time to live or its [`Expiry`](crate::Expiry) say.
    /// `Duration::MAX` is for ever.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// The entry goes when this tag is invalidated. An entry may have any number of tags, and one tag any number of
    /// entries.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Box<str>>) -> Self {
        let tag = tag.into();
        if let Err(place) = self.tags.binary_search(&tag) {
            self.tags.insert(place, tag);
        }
        self
    }

    /// The entry does not leave to make room for others, until it is unpinned.
    #[must_use]
    pub const fn pinned(mut self) -> Self {
        self.pinned = true;
        self
    }

    pub(crate) const fn own_ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// The tags in order, each once.
    pub(crate) fn tags(&self) -> &[Box<str>] {
        &self.tags
    }

    pub(crate) const fn is_pinned(&self) -> bool {
        self.pinned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_a_set() {
        let terms = Terms::new().tag("b").tag("a".to_owned()).tag("b").tag("");
        let names: Vec<&str> = terms.tags().iter().map(|tag| &**tag).collect();
        assert_eq!(names, ["", "a", "b"]);
        assert_eq!(terms, Terms::new().tag("a").tag("").tag("b"));
    }

    #[test]
    fn nothing_out_of_the_ordinary_is_the_default() {
        assert_eq!(Terms::new(), Terms::default());
        let all = Terms::new().ttl(Duration::from_secs(1)).pinned();
        assert_eq!((all.own_ttl(), all.is_pinned()), (Some(Duration::from_secs(1)), true));
    }
}
