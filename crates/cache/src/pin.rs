//! Entries that do not leave to make room.

use std::hash::{BuildHasher, Hash};

use hashbrown::Equivalent;

use crate::Cache;

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Keeps the entry of `key` from leaving to make room for others, until it is [unpinned](Self::unpin). Returns whether
    /// it is held. It still takes room, expires, can be replaced and removed, and leaves if the cache is made smaller than
    /// all that is pinned.
    ///
    /// What is pinned is not looked at when room is made, however much it is. A newcomer for whom nothing else could
    /// leave is refused, and counted as a rejection: in a cache of [sets](crate::StorageKind::Sets), that may be when all
    /// of one set is pinned.
    pub fn pin<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.set_pinned(key, true)
    }

    /// Lets the entry of `key` leave again. Returns whether it is held.
    pub fn unpin<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.set_pinned(key, false)
    }

    /// Whether the entry of `key` is held and pinned.
    pub fn is_pinned<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (place, found) = self.storage.find(self.hash(key), key);
        found.is_some_and(|slot| place.pinned(slot))
    }

    fn set_pinned<Q>(&self, key: &Q, pinned: bool) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (mut place, found) = self.storage.find(self.hash(key), key);
        found.map(|slot| place.set_pinned(slot, pinned)).is_some()
    }
}
