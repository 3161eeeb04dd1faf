//! Entries with tags: their marks, and their invalidation.

use crate::{
    Cache, Terms,
    storage::Stamps,
    tags::{Begin, Mark, Refused, Tags},
};

/// The mark of an entry that is to come in. Dropped before it did, it is taken back.
pub(crate) struct Pass<'a> {
    tags: Option<&'a Tags>,
    mark: Mark,
}

impl Pass<'_> {
    /// For an entry without tags.
    pub(crate) const NONE: Self = Self { tags: None, mark: Mark::NONE };

    pub(crate) const fn mark(&self) -> Mark {
        self.mark
    }

    /// The entry came in: its mark is taken back when it leaves.
    pub(crate) fn used(mut self) {
        self.tags = None;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(tags) = self.tags {
            tags.leave(self.mark);
        }
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// Removes the entries that have `tag`, however many: when this returns, none of them is found any more, and no load
    /// that began before will bring one in with this tag. Their memory comes back as they are met, by look-ups, inserts
    /// beside them or a [`sweep`](Self::sweep); until then they count towards [`len`](Self::len).
    ///
    /// ```
    /// use nuthatch_cache::{Cache, Terms};
    ///
    /// let cache = Cache::new(1_000);
    /// cache.insert_with("eggs", 12, &Terms::new().tag("food").tag("shop:1"));
    /// cache.insert_with("nails", 500, &Terms::new().tag("shop:1"));
    /// cache.invalidate_tag("food");
    /// assert_eq!((cache.get("eggs"), cache.get("nails")), (None, Some(500)));
    /// ```
    ///
    /// # Cost
    ///
    /// One store for each *distinct set* of tags in use that contains this one, under a lock that inserts with tags share,
    /// and a look at the loads in flight; no look at any entry. Entries with a user's tag and a shop's, of which there are
    /// thousands, make it cheap to invalidate a user and thousands of stores to invalidate a shop. Reads of entries without
    /// tags pay nothing; those of entries with tags one load, and the lock of their place.
    pub fn invalidate_tag(&self, tag: &str) {
        self.tags().invalidate(tag);
        self.flights.close_tagged();
    }

    pub(crate) fn tags(&self) -> &Tags {
        self.tags.get_or_init(|| Box::new(Tags::new()))
    }

    /// The mark for an entry on these terms, whose value was begun at `begin`, or now.
    pub(crate) fn pass(&self, terms: Option<&Terms>, begin: Option<&Begin<'_>>) -> Result<Pass<'_>, Refused> {
        match terms.map(Terms::tags) {
            None | Some([]) => Ok(Pass::NONE),
            Some(names) => {
                let tags = self.tags();
                tags.enter(names, begin).map(|mark| Pass { tags: Some(tags), mark })
            }
        }
    }

    /// Whether no tag of the entry was invalidated. To be asked while the entry is where it was found.
    pub(crate) fn is_valid(&self, stamps: &Stamps) -> bool {
        let mark = Mark(stamps.tags);
        mark == Mark::NONE || self.tags.get().is_some_and(|tags| tags.is_valid(mark))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        time::Duration,
    };

    use crate::{Cache, Expiry, ManualClock, StorageKind, Terms};

    /// However an entry leaves, or does not come in, it is no longer counted with its tags.
    #[test]
    fn tags_are_forgotten_with_their_last_entry() {
        struct Fragile;
        impl Expiry<u64, u64> for Fragile {
            fn after_create(&self, _: &u64, value: &u64) -> Option<Duration> {
                assert_ne!(*value, u64::MAX, "no such value");
                None
            }
        }
        for storage in [StorageKind::Exact, StorageKind::Sets] {
            let clock = ManualClock::new();
            let cache: Cache<u64, u64> = Cache::builder()
                .capacity(1_500)
                .storage(storage)
                .clock(clock.clock())
                .expiry(Fragile)
                .build()
                .unwrap();
            let terms = |key: u64| {
                let terms =
                    Terms::new().tag(format!("own {key}")).tag("all").tag(format!("some {}", key % 7));
                if key.is_multiple_of(3) { terms.ttl(Duration::from_secs(1)) } else { terms }
            };
            for key in 0..3_000 {
                cache.insert_with(key, key, &terms(key)); // half of them are evicted
                cache.insert_with(key / 2, key, &terms(key + 5_000)); // or replaced
            }
            let (_, sets, _) = cache.tags().sizes();
            assert_eq!(sets, cache.len(), "each entry has a set of its own");
            for value in [u64::MAX, 1] {
                let insert = || cache.insert_with(9_001, value, &terms(9_001));
                assert_eq!(catch_unwind(AssertUnwindSafe(insert)).is_err(), value == u64::MAX);
            }
            for key in 0..500 {
                cache.remove(&key);
            }
            clock.advance(Duration::from_secs(1));
            for key in 500..900 {
                cache.get(&key);
            }
            cache.invalidate_tag("some 1");
            for key in 900..1_200 {
                cache.get_or_insert_with_terms(&key, || (key, terms(key)));
            }
            cache.retain(|key, _| key % 2 == 0);
            cache.sweep(u32::MAX);
            assert_eq!(cache.tags().sizes().1, cache.len());
            cache.clear();
            cache.get_or_insert_with_terms(&1, || {
                cache.invalidate_tag("all");
                (1, terms(1)) // refused
            });
            (0..3).for_each(|_| cache.invalidate_tag("none"));
            assert_eq!((cache.len(), cache.tags().sizes()), (0, (0, 0, 0)));
        }
    }
}
