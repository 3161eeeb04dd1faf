//! What is kept of an entry beside key and value, and entries that leave.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use crate::{Cause, lifetimes::Times};

/// What is kept of an entry beside key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamps {
    pub(crate) times: Times,
    /// Its tags and when they were put on, packed. Zero: none.
    pub(crate) tags: u64,
    pub(crate) weight: u64,
}

impl Stamps {
    /// Of an entry that has nothing but its weight.
    pub(crate) const fn plain(weight: u64) -> Self {
        Self { times: Times::FOREVER, tags: 0, weight }
    }
}

/// What a cache keeps beside its entries by now, so that one that keeps nothing asks for nothing. Told before the first
/// entry that needs it comes in; who sees that entry sees this.
///
/// One byte for all that may stand in the way of the shortest look-up.
#[derive(Debug, Default)]
pub(crate) struct Kept(AtomicU8);

impl Kept {
    const TIMES: u8 = 1;
    const TAGS: u8 = 2;
    /// Nothing kept, but look-ups have more to do than to read.
    const BUSY_READS: u8 = 4;

    /// Whether an entry may be held and yet not to be served.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.0.load(Relaxed) & (Self::TIMES | Self::TAGS) != 0
    }

    /// Whether a look-up is a read and nothing else, so that nothing is to be asked.
    #[inline]
    pub(crate) fn reads_are_plain(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// Look-ups have more to do than to read, whatever is kept.
    pub(crate) fn make_reads_busy(&self) {
        self.0.fetch_or(Self::BUSY_READS, Relaxed);
    }

    /// `stamps` are about to be kept.
    pub(crate) fn tell(&self, stamps: &Stamps) {
        let times = if stamps.times == Times::FOREVER { 0 } else { Self::TIMES };
        let more = times | if stamps.tags == 0 { 0 } else { Self::TAGS };
        if self.0.load(Relaxed) & more != more {
            self.0.fetch_or(more, Relaxed);
        }
    }
}

/// An entry outside the storage.
#[derive(Debug)]
pub(crate) struct Entry<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) stamps: Stamps,
}

impl<K, V> Entry<K, V> {
    /// The value. The key is dropped while the value is still held here: a key that panics then takes it with it, where a
    /// value on its way to the caller would be neither returned nor dropped.
    pub(crate) fn into_value(self) -> V {
        let Self { key, value, .. } = self;
        drop(key);
        value
    }
}

/// Entries on their way out: kept until the lock is released, for dropping them and telling the listener runs their
/// owner's code. The first needs no allocation, and seldom does a second come.
pub(crate) struct Departed<K, V> {
    first: Option<(Entry<K, V>, Cause)>,
    rest: Vec<(Entry<K, V>, Cause)>,
}

impl<K, V> Departed<K, V> {
    pub(crate) const fn new() -> Self {
        Self { first: None, rest: Vec::new() }
    }

    pub(crate) fn push(&mut self, entry: Entry<K, V>, cause: Cause) {
        if self.first.is_none() {
            self.first = Some((entry, cause));
        } else {
            self.rest.push((entry, cause));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Entry<K, V>, Cause)> {
        self.first.iter().chain(&self.rest).map(|(entry, cause)| (entry, *cause))
    }

    /// The cause of the last that left.
    pub(crate) fn last_cause(&self) -> Option<Cause> {
        self.rest.last().or(self.first.as_ref()).map(|(_, cause)| *cause)
    }
}

impl<K, V> Default for Departed<K, V> {
    fn default() -> Self {
        Self::new()
    }
}
