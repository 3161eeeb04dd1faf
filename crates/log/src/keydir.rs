//! Where each key's newest record is: the table in memory that makes a read one `pread`.
//!
//! Sharded, so that readers and the one writer (under the append lock) seldom meet. Each shard is an [`IndexMap`]: its
//! dense order is what makes [`scan`](Keydir::scan) a few array reads with the guarantee that Redis gives for SCAN.
//!
//! Keys may come from whoever can reach a server, so they are hashed with the standard library's SipHash, which keeps
//! colliding keys from being found out: docs/decisions/0003-hash.md.
//!
//! Bytes per key: 56 in the dense array (key pointer, location, hash), 9 to 18 in the hash table, and the key's own
//! allocation.

#[cfg(test)]
mod page;
#[cfg(test)]
mod place;
#[cfg(test)]
mod shard;
#[cfg(test)]
mod table;

use std::{
    hash::{BuildHasher, RandomState},
    sync::RwLock,
};

use indexmap::{
    IndexMap,
    map::{RawEntryApiV1, raw_entry_v1::RawEntryMut},
};

use crate::{
    format::{Lsn, record_bytes},
    locks::{read, write},
};

const SHARDS: usize = 64;

/// A cursor's low bits: how many entries of the shard, from its start, are still to visit. Its high bits: the shard.
const CURSOR_SHARD_SHIFT: u32 = 48;
const CURSOR_REST_MASK: u64 = (1 << CURSOR_SHARD_SHIFT) - 1;

/// Where a record is, and what is asked about it without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) value_len: u32,
    /// Unix milliseconds, 0 = never.
    pub(crate) expires_at: u64,
    pub(crate) lsn: Lsn,
}

// Every key pays for this.
const _: () = assert!(size_of::<Location>() == 32);

impl Location {
    pub(crate) fn record_bytes(&self, key_bytes: usize) -> u64 {
        record_bytes(key_bytes, self.value_len as usize)
    }

    pub(crate) fn expires_at(&self) -> Option<u64> {
        (self.expires_at != 0).then_some(self.expires_at)
    }

    pub(crate) fn expired(&self, now_ms: u64) -> bool {
        self.expires_at != 0 && self.expires_at <= now_ms
    }
}

type Map = IndexMap<Box<[u8]>, Location, RandomState>;

/// Apart by a cache line, so that the lock of one shard is not the false neighbour of the next.
#[derive(Debug)]
#[repr(align(64))]
struct Shard(RwLock<Map>);

#[derive(Debug)]
pub(crate) struct Keydir {
    shards: Box<[Shard]>,
    hasher: RandomState,
}

impl Keydir {
    pub(crate) fn new() -> Self {
        let hasher = RandomState::default();
        let shards = (0..SHARDS).map(|_| Shard(RwLock::new(Map::with_hasher(hasher.clone())))).collect();
        Self { shards, hasher }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Location> {
        let (hash, shard) = self.shard(key);
        read(shard).raw_entry_v1().from_key_hashed_nocheck(hash, key).map(|(_, location)| *location)
    }

    /// Returns the location it replaces.
    pub(crate) fn insert(&self, key: &[u8], location: Location) -> Option<Location> {
        let (hash, shard) = self.shard(key);
        match write(shard).raw_entry_mut_v1().from_key_hashed_nocheck(hash, key) {
            RawEntryMut::Occupied(mut entry) => Some(entry.insert(location)),
            RawEntryMut::Vacant(entry) => {
                entry.insert_hashed_nocheck(hash, key.into(), location);
                None
            }
        }
    }

    pub(crate) fn remove(&self, key: &[u8]) -> Option<Location> {
        self.remove_if(key, |_| true)
    }

    pub(crate) fn remove_if(
        &self,
        key: &[u8],
        condition: impl FnOnce(&Location) -> bool,
    ) -> Option<Location> {
        let (hash, shard) = self.shard(key);
        match write(shard).raw_entry_mut_v1().from_key_hashed_nocheck(hash, key) {
            // `swap_remove`, not `shift_remove`: O(1), and as good for `scan`.
            RawEntryMut::Occupied(entry) if condition(entry.get()) => Some(entry.swap_remove()),
            _ => None,
        }
    }

    /// Empties the table. The old maps are returned, for the caller to drop when it holds no lock.
    pub(crate) fn take_all(&self) -> Vec<impl Sized + use<>> {
        let empty = || Map::with_hasher(self.hasher.clone());
        self.shards.iter().map(|shard| std::mem::replace(&mut *write(&shard.0), empty())).collect()
    }

    /// Keeps the entries for which `keep(key, location)` holds.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&[u8], &Location) -> bool) {
        for shard in &self.shards {
            write(&shard.0).retain(|key, location| keep(key, location));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(&shard.0).len()).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| read(&shard.0).is_empty())
    }

    /// Up to `count` keys (at least one per call while there are any) and the cursor to go on with; 0 starts and ends.
    ///
    /// Each shard is walked from its end to its start. A removal moves the last entry into the hole: the last entry was
    /// visited already, or it is still ahead and moves further ahead; an insertion appends behind the walk. So no entry
    /// that stays can pass the cursor unseen, though one may be seen twice.
    pub(crate) fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<Box<[u8]>>) {
        let mut shard = (cursor >> CURSOR_SHARD_SHIFT) as usize;
        let mut rest = match cursor & CURSOR_REST_MASK {
            0 => CURSOR_REST_MASK, // the start of everything; no cursor that was handed out has nothing to visit
            rest => rest,
        };
        let count = count.max(1);
        let mut keys = Vec::new();
        while shard < SHARDS {
            let map = read(&self.shards[shard].0);
            let from = usize::try_from(rest).unwrap_or(usize::MAX).min(map.len());
            let to = from.saturating_sub(count - keys.len());
            let visited = map.get_range(to..from).map(|range| range.keys().rev().cloned());
            keys.extend(visited.into_iter().flatten());
            if to > 0 {
                return ((shard as u64) << CURSOR_SHARD_SHIFT | to as u64, keys);
            }
            shard += 1;
            rest = CURSOR_REST_MASK;
            if keys.len() == count && shard < SHARDS {
                return ((shard as u64) << CURSOR_SHARD_SHIFT | rest, keys);
            }
        }
        (0, keys)
    }

    fn shard(&self, key: &[u8]) -> (u64, &RwLock<Map>) {
        let hash = self.hasher.hash_one(key);
        // Bits that the map inside the shard uses neither for its buckets (lowest) nor for its tags (highest).
        (hash, &self.shards[(hash >> 48) as usize % SHARDS].0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn location(offset: u32) -> Location {
        Location { segment: 1, offset, value_len: 0, expires_at: 0, lsn: Lsn(u64::from(offset)) }
    }

    #[test]
    fn a_key_has_the_location_that_was_inserted_last() {
        let keydir = Keydir::new();
        assert_eq!(keydir.insert(b"a", location(1)), None);
        assert_eq!(keydir.insert(b"a", location(2)), Some(location(1)));
        assert_eq!((keydir.get(b"a"), keydir.get(b"b")), (Some(location(2)), None));
        assert_eq!(keydir.remove_if(b"a", |at| at.offset == 1), None);
        assert_eq!(keydir.remove(b"a"), Some(location(2)));
        assert!(keydir.is_empty());
    }

    #[test]
    fn a_scan_of_a_still_table_returns_each_key_once_in_calls_of_the_asked_size() {
        let keydir = Keydir::new();
        for key in 0..1000_u32 {
            keydir.insert(&key.to_le_bytes(), location(key));
        }
        for count in [1, 7, 100, 5000] {
            let (mut seen, mut cursor) = (Vec::new(), 0);
            loop {
                let (next, keys) = keydir.scan(cursor, count);
                assert!(keys.len() <= count);
                seen.extend(keys);
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
            assert_eq!(seen.len(), 1000, "count {count}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>().len(), 1000);
        }
    }

    #[test]
    fn a_cursor_from_nowhere_is_harmless() {
        let keydir = Keydir::new();
        keydir.insert(b"a", location(1));
        for cursor in [u64::MAX, 63 << CURSOR_SHARD_SHIFT, 64 << CURSOR_SHARD_SHIFT | 1, 12345] {
            let (_, keys) = keydir.scan(cursor, usize::MAX);
            assert!(keys.len() <= 1);
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16),
        Remove(u16),
        Scan(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..600_u16).prop_map(Step::Insert),
            3 => (0..600_u16).prop_map(Step::Remove),
            1 => (1..20_usize).prop_map(Step::Scan),
        ]
    }

    proptest! {
        /// The guarantee of SCAN: what is there from the first call to the last is returned at least once, and what is
        /// returned was there at some time in between.
        #[test]
        fn a_scan_misses_no_key_that_stays(
            start in prop::collection::btree_set(0..600_u16, 0..400),
            steps in prop::collection::vec(step(), 0..800),
        ) {
            let keydir = Keydir::new();
            let mut present = start.clone();
            for key in &start {
                keydir.insert(&key.to_le_bytes(), location(u32::from(*key)));
            }
            let (mut stayed, mut ever) = (start.clone(), start);
            let (mut cursor, mut seen) = (0, BTreeSet::new());
            let mut scan = |cursor: &mut u64, count, stayed: &mut BTreeSet<u16>, ever: &mut BTreeSet<u16>, present: &BTreeSet<u16>| {
                let (next, keys) = keydir.scan(*cursor, count);
                seen.extend(keys.iter().map(|key| u16::from_le_bytes([key[0], key[1]])));
                *cursor = next;
                if next == 0 {
                    prop_assert!(seen.is_superset(stayed), "missed {:?}", stayed.difference(&seen).collect::<Vec<_>>());
                    prop_assert!(seen.is_subset(ever));
                    seen.clear();
                    stayed.clone_from(present);
                    ever.clone_from(present);
                }
                Ok(())
            };
            for step in steps {
                match step {
                    Step::Insert(key) => {
                        keydir.insert(&key.to_le_bytes(), location(u32::from(key)));
                        present.insert(key);
                        ever.insert(key);
                    }
                    Step::Remove(key) => {
                        prop_assert_eq!(keydir.remove(&key.to_le_bytes()).is_some(), present.remove(&key));
                        stayed.remove(&key);
                    }
                    Step::Scan(count) => scan(&mut cursor, count, &mut stayed, &mut ever, &present)?,
                }
            }
            while cursor != 0 {
                scan(&mut cursor, 16, &mut stayed, &mut ever, &present)?;
            }
            prop_assert_eq!(keydir.len(), present.len());
        }

        #[test]
        fn the_table_agrees_with_a_tree(steps in prop::collection::vec((any::<bool>(), 0..50_u32), 0..300)) {
            let (keydir, mut model) = (Keydir::new(), BTreeMap::new());
            for (at, (insert, key)) in (0..).zip(steps) {
                let bytes = key.to_le_bytes();
                if insert {
                    prop_assert_eq!(keydir.insert(&bytes, location(at)), model.insert(key, location(at)));
                } else {
                    prop_assert_eq!(keydir.remove(&bytes), model.remove(&key));
                }
                prop_assert_eq!(keydir.get(&bytes), model.get(&key).copied());
            }
        }
    }
}
