//! What a cache has seen.

/// Counts since the cache was built, and what it holds now. Sums over the shards, each exact, taken one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Lookups that found a live entry.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Entries that came in, replacements included.
    pub insertions: u64,
    /// Entries that left to make room.
    pub evictions: u64,
    /// Entries that left because their time had come.
    pub expirations: u64,
    /// Entries refused because they weigh more than the whole cache may hold.
    pub rejections: u64,
    /// Entries held now, expired ones included until they are met or swept.
    pub len: u64,
    /// Weight held now.
    pub weight: u64,
}

impl Stats {
    /// Hits per lookup, or `None` before the first lookup.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
    pub fn hit_ratio(&self) -> Option<f64> {
        let lookups = self.hits + self.misses;
        (lookups > 0).then(|| self.hits as f64 / lookups as f64)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.insertions += other.insertions;
        self.evictions += other.evictions;
        self.expirations += other.expirations;
        self.rejections += other.rejections;
        self.len += other.len;
        self.weight += other.weight;
    }
}
