//! What happens when entries leave, and whom it concerns: the counters, the tags they had, the memory of why keys are
//! missed, the listener.

use std::{
    fmt,
    hash::{BuildHasher, Hasher},
    mem,
    ops::{Deref, DerefMut},
};

use nuthatch_policy::spread;

use crate::{
    Cache, Cause,
    counters::Count,
    departures::{Departures, Miss},
    listener::tell,
    storage::{Departed, Entry, Stamps},
    tags::Mark,
};

/// Collects entries on their way out, and sees them off when it is dropped: also where a panic in the user's code, in an
/// `Eq` or a `Clone`, ends the call. Made before a place is locked, so dropped after it is given back.
pub(crate) struct Leaving<'a, K, V, S> {
    pub(crate) cache: &'a Cache<K, V, S>,
    departed: Departed<K, V>,
}

impl<K, V, S> Deref for Leaving<'_, K, V, S> {
    type Target = Departed<K, V>;

    fn deref(&self) -> &Departed<K, V> {
        &self.departed
    }
}

impl<K, V, S> DerefMut for Leaving<'_, K, V, S> {
    fn deref_mut(&mut self) -> &mut Departed<K, V> {
        &mut self.departed
    }
}

impl<K, V, S> Drop for Leaving<'_, K, V, S> {
    #[inline]
    fn drop(&mut self) {
        if !self.departed.is_empty() {
            self.cache.see_off(mem::take(&mut self.departed));
        }
    }
}

/// Hashes a key. Taken where keys are known to have a hash, for where entries leave that is not known.
pub(crate) type FeedKey<K> = fn(&mut dyn Hasher, &K);

/// The memory of why keys are missed, if the cache was built with one.
pub(crate) struct Memory<K, S> {
    departures: Departures,
    feed: FeedKey<K>,
    hash: fn(&S, FeedKey<K>, &K) -> u64,
}

impl<K, S> Memory<K, S> {
    pub(crate) fn bytes(&self) -> usize {
        self.departures.bytes()
    }
}

impl<K, S: BuildHasher> Memory<K, S> {
    pub(crate) fn new(entries: u64, feed: FeedKey<K>) -> Self {
        let hash = |hasher: &S, feed: FeedKey<K>, key: &K| {
            let mut hasher = hasher.build_hasher();
            feed(&mut hasher, key);
            spread(hasher.finish())
        };
        Self { departures: Departures::new(entries), feed, hash }
    }
}

impl<K, S> fmt::Debug for Memory<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.departures.fmt(f)
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// To be made before a place is locked.
    #[inline]
    pub(crate) fn leaving(&self) -> Leaving<'_, K, V, S> {
        Leaving { cache: self, departed: Departed::new() }
    }

    /// All is noted before the listener is told of the first, and each is told before the first is dropped: what the
    /// user's code does, panics included, is not in the way of the rest.
    fn see_off(&self, departed: Departed<K, V>) {
        for (entry, cause) in departed.iter() {
            self.note(entry, cause);
        }
        if let Some(listener) = &self.listener {
            tell(&**listener, departed.iter().map(|(entry, cause)| (&entry.key, &entry.value, cause)));
        }
    }

    /// Sees an entry off whose value the caller is given.
    pub(crate) fn see_off_one(&self, entry: &Entry<K, V>, cause: Cause) {
        self.note(entry, cause);
        if let Some(listener) = &self.listener {
            listener(&entry.key, &entry.value, cause);
        }
    }

    /// Sees an entry off of which nothing was kept but key and value; returns the value.
    #[inline]
    pub(crate) fn see_off_plain(&self, key: K, value: V, cause: Cause) -> Option<V> {
        if self.listener.is_none() && self.memory.is_none() {
            self.counters.one(match cause {
                Cause::Replaced => Count::Replacements,
                _ => Count::Evictions,
            });
            drop(key); // before the value is on its way: see `Entry::into_value`
            return Some(value);
        }
        let entry = Entry { key, value, stamps: Stamps::plain(1) };
        self.see_off_one(&entry, cause);
        Some(entry.into_value())
    }

    fn note(&self, entry: &Entry<K, V>, cause: Cause) {
        self.counters.one(match cause {
            Cause::Size => Count::Evictions,
            Cause::Expired => Count::Expirations,
            Cause::Tag => Count::TagInvalidations,
            Cause::Replaced => Count::Replacements,
            Cause::Explicit => Count::Removals,
        });
        let mark = Mark(entry.stamps.tags);
        if mark != Mark::NONE {
            self.tags().leave(mark);
        }
        if let Some(memory) = &self.memory {
            memory.departures.note((memory.hash)(&self.hasher, memory.feed, &entry.key), cause);
        }
    }

    /// Counts a look-up that found nothing; `met` is why the entry left that it met, if it met one.
    #[inline(never)]
    pub(crate) fn count_miss(&self, hash: u64, met: Option<Cause>) {
        self.counters.one(match (met, &self.memory) {
            (Some(Cause::Expired), _) => Count::ExpiredMisses,
            (Some(_), _) => Count::InvalidatedMisses,
            (None, None) => Count::ColdMisses,
            (None, Some(memory)) => match memory.departures.why(hash) {
                Miss::Cold => Count::ColdMisses,
                Miss::Expired => Count::ExpiredMisses,
                Miss::Evicted => Count::EvictedMisses,
                Miss::Invalidated => Count::InvalidatedMisses,
            },
        });
    }
}
