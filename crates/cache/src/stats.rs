//! What a cache has seen.

use std::{fmt, time::Duration};

use crate::counters::{Count, Counts};

/// Counts since the cache was built, and what it holds now.
///
/// Every event is counted once: after the threads that used the cache have been joined the sums are exact; while they run
/// each is read at its own moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Lookups that found a live entry.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// The misses by what became of the entry.
    pub miss_causes: MissCauses,
    /// Entries that came in, replacements included.
    pub insertions: u64,
    /// Entries that came in where one of the same key was held.
    pub replacements: u64,
    /// Entries that were not kept: heavier than the whole cache may be, or without a place among those that may not
    /// leave, or with a tag that was invalidated while they were loaded.
    pub rejections: u64,
    /// Entries that left to make room.
    pub evictions: u64,
    /// Entries that left because their time had come.
    pub expirations: u64,
    /// Entries that were removed, one by one, by a predicate or all at once.
    pub removals: u64,
    /// Entries that left because one of their tags was invalidated, counted when they are met, not when it was.
    pub tag_invalidations: u64,
    /// Loads that ended, with a value or without.
    pub loads: u64,
    /// Loads that ended without a value: an error, a panic, a future that was dropped.
    pub load_failures: u64,
    /// How long all loads took together. Of those that take less than 10 µs one in 64 is timed and stands for the others.
    pub load_time: Duration,
    /// Entries held now, expired and invalidated ones included until they are met or swept.
    pub len: u64,
    /// Weight held now.
    pub weight: u64,
}

/// Misses by what became of the entry, as far as that is known.
///
/// A lookup that itself meets an entry whose time has come, or whose tag was invalidated, always knows. What left before
/// is remembered only by a cache built with `record_miss_causes`, and not for ever; all other misses are `cold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissCauses {
    /// Never held, for all that is known.
    pub cold: u64,
    /// Held, until its time had come. Longer times would make hits of these.
    pub expired: u64,
    /// Held, until it made room for others. More capacity would make hits of these.
    pub evicted: u64,
    /// Held, until it was removed or a tag of it invalidated.
    pub invalidated: u64,
}

impl Stats {
    /// Hits per lookup, or `None` before the first lookup.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
    pub fn hit_ratio(&self) -> Option<f64> {
        let lookups = self.hits + self.misses;
        (lookups > 0).then(|| self.hits as f64 / lookups as f64)
    }

    /// How long a load took on average, or `None` before the first has ended.
    #[must_use]
    pub fn mean_load_time(&self) -> Option<Duration> {
        (self.loads > 0).then(|| {
            let nanos = self.load_time.as_nanos() / u128::from(self.loads);
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        })
    }

    /// What was counted, beside what is held.
    pub(crate) fn new(counts: &Counts, len: u64, weight: u64) -> Self {
        let miss_causes = MissCauses {
            cold: counts.of(Count::ColdMisses),
            expired: counts.of(Count::ExpiredMisses),
            evicted: counts.of(Count::EvictedMisses),
            invalidated: counts.of(Count::InvalidatedMisses),
        };
        Self {
            hits: counts.of(Count::Hits),
            misses: miss_causes.cold + miss_causes.expired + miss_causes.evicted + miss_causes.invalidated,
            miss_causes,
            insertions: counts.of(Count::Insertions),
            replacements: counts.of(Count::Replacements),
            rejections: counts.of(Count::Rejections),
            evictions: counts.of(Count::Evictions),
            expirations: counts.of(Count::Expirations),
            removals: counts.of(Count::Removals),
            tag_invalidations: counts.of(Count::TagInvalidations),
            loads: counts.of(Count::Loads),
            load_failures: counts.of(Count::LoadFailures),
            load_time: Duration::from_nanos(counts.of(Count::LoadNanos)),
            len,
            weight,
        }
    }
}

/// Four lines for people; may change.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, misses, miss_causes, insertions, replacements, rejections, .. } = self;
        write!(f, "lookups: {hits} hits")?;
        if let Some(ratio) = self.hit_ratio() {
            write!(f, " ({:.2} %)", 100.0 * ratio)?;
        }
        let MissCauses { cold, expired, evicted, invalidated } = miss_causes;
        writeln!(
            f,
            ", {misses} misses ({cold} cold, {expired} expired, {evicted} evicted, {invalidated} invalidated)"
        )?;
        writeln!(f, "came: {insertions} ({replacements} replaced another), {rejections} rejected")?;
        let Self { evictions, expirations, removals, tag_invalidations, .. } = self;
        writeln!(
            f,
            "left: {evictions} evicted, {expirations} expired, {removals} removed, {tag_invalidations} by tag; \
             held: {}, weight {}",
            self.len, self.weight
        )?;
        write!(f, "loads: {}, {} failed", self.loads, self.load_failures)?;
        self.mean_load_time().map_or(Ok(()), |mean| write!(f, ", {mean:.1?} each"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Counters;

    fn some() -> Stats {
        let counters = Counters::new(10);
        for (what, count) in [
            (Count::Hits, 30),
            (Count::ColdMisses, 4),
            (Count::ExpiredMisses, 3),
            (Count::EvictedMisses, 2),
            (Count::InvalidatedMisses, 1),
            (Count::Insertions, 12),
            (Count::Replacements, 5),
            (Count::Rejections, 6),
            (Count::Evictions, 7),
            (Count::Expirations, 8),
            (Count::Removals, 9),
            (Count::TagInvalidations, 10),
            (Count::Loads, 4),
            (Count::LoadFailures, 1),
            (Count::LoadNanos, 6_000),
        ] {
            counters.add(what, count);
        }
        Stats::new(&counters.sum(), 13, 14)
    }

    #[test]
    fn each_count_has_its_place() {
        let stats = some();
        assert_eq!((stats.hits, stats.misses, stats.hit_ratio()), (30, 10, Some(0.75)));
        assert_eq!(stats.mean_load_time(), Some(Duration::from_nanos(1_500)));
        assert_eq!(
            stats.to_string(),
            "lookups: 30 hits (75.00 %), 10 misses (4 cold, 3 expired, 2 evicted, 1 invalidated)\n\
             came: 12 (5 replaced another), 6 rejected\n\
             left: 7 evicted, 8 expired, 9 removed, 10 by tag; held: 13, weight 14\n\
             loads: 4, 1 failed, 1.5µs each"
        );
    }

    #[test]
    fn nothing_seen_divides_by_nothing() {
        let none = Stats::default();
        assert_eq!((none.hit_ratio(), none.mean_load_time()), (None, None));
        assert_eq!(none.to_string().lines().count(), 4);
        assert!(none.to_string().starts_with("lookups: 0 hits, 0 misses (0 cold"));
    }
}
