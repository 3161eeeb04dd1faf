//! From the hash of a key to its slot: linear hashing over buckets of a cache line each.
//!
//! The table grows by one bucket at a time, which takes about half of what one older bucket holds: no insert ever waits
//! for all entries to be moved, and there are no traces of removed ones to be cleared away. What does not fit into a
//! bucket goes to overflow buckets behind it.
//!
//! Buckets come in planes: of `base` places, each has one bucket in the first plane; the second plane splits them all,
//! the third and fourth split them again. A table whose size is known from the start chooses its base so that it is
//! full when a plane is: then all buckets are equally full, and few overflow.
//!
//! Compared with other tables, with figures: docs/decisions/0008-exact-index.md.

use crate::storage::exact::{
    bucket::{Bucket, NONE},
    chunks::Chunks,
};

/// Entries for each bucket: of twelve ways, two thirds. A few in a hundred buckets overflow.
const LOAD: usize = 8;
/// The first plane has fewer buckets than this; at least half as many, if it is known that the table will grow beyond.
const BASE_END: usize = 64;

/// O(1) each; the dearest insert splits one bucket.
pub(super) struct Index {
    buckets: Chunks<Bucket>,
    overflow: Chunks<Bucket>,
    /// The first of the overflow buckets that are not in use, which are a chain.
    free: u32,
    len: usize,
    base: u32,
    /// Planes that are complete: one less than a power of two.
    planes_mask: u32,
    /// Used for a split: kept for its room.
    moving: Vec<u32>,
}

impl Index {
    /// For about so many entries, if that is known. Takes up no memory for them yet.
    pub(super) fn new(entries: u64) -> Self {
        let mut base = usize::try_from(entries).unwrap_or(usize::MAX).div_ceil(LOAD).max(1);
        while base >= BASE_END {
            base = base.div_ceil(2);
        }
        Self {
            buckets: Chunks::new(),
            overflow: Chunks::new(),
            free: NONE,
            len: 0,
            #[expect(clippy::cast_possible_truncation, reason = "less than BASE_END")]
            base: base as u32,
            planes_mask: 0,
            moving: Vec::new(),
        }
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        self.buckets.bytes() + self.overflow.bytes() + self.moving.capacity() * size_of::<u32>()
    }

    /// The first bucket of the chain of `hash`, in a table of as many buckets as there are.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        let place = (u64::from(hash) * u64::from(self.base)) >> 32;
        let of_plane = |mask: u32| place as usize + self.base as usize * (hash & mask) as usize;
        let split = of_plane(2 * self.planes_mask + 1);
        if split < self.buckets.len() { split } else { of_plane(self.planes_mask) }
    }

    /// The slot under `hash` of which `is_it` says yes. It is asked about others now and then.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let bucket = self.buckets.get(self.home(hash))?;
        let found = bucket.find(hash, &mut is_it);
        if found.is_some() || bucket.next == NONE {
            return found;
        }
        self.find_in_overflow(bucket.next, hash, is_it)
    }

    fn find_in_overflow(&self, first: u32, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut bucket = self.overflow.get(first as usize)?;
        loop {
            if let Some(slot) = bucket.find(hash, &mut is_it) {
                return Some(slot);
            }
            bucket = self.overflow.get(bucket.next as usize)?;
        }
    }

    /// Takes `slot` in, which is not there. `hash_of` says under which hash another slot was taken in.
    pub(super) fn insert(&mut self, hash: u32, slot: u32, hash_of: impl Fn(u32) -> u32) {
        if self.len >= LOAD * self.buckets.len() {
            self.grow(hash_of);
        }
        self.put(self.home(hash), hash, slot);
        self.len += 1;
    }

    /// Takes `slot` out, which was taken in under `hash`. `hash_of` as for [`insert`](Self::insert).
    pub(super) fn remove(&mut self, hash: u32, slot: u32, hash_of: impl Fn(u32) -> u32) {
        let home = self.home(hash);
        let Some(bucket) = self.buckets.get_mut(home) else { return };
        let mut next = bucket.next;
        if bucket.remove(hash, slot) {
            self.len -= 1;
            if next != NONE {
                self.refill(home, None, hash_of);
            }
            return;
        }
        while let Some(bucket) = self.overflow.get_mut(next as usize) {
            if bucket.remove(hash, slot) {
                self.len -= 1;
                return self.refill(home, Some(next), hash_of);
            }
            next = bucket.next;
        }
    }

    /// Puts `slot` into the chain at `home`. Only the first overflow bucket of a chain has free ways, or the home if none
    /// follows it.
    fn put(&mut self, home: usize, hash: u32, slot: u32) {
        let Some(first) = self.buckets.get_mut(home) else { return };
        let next = first.next;
        let open = if next == NONE { Some(first) } else { self.overflow.get_mut(next as usize) };
        if open.is_some_and(|bucket| bucket.put(hash, slot)) {
            return;
        }
        let mut bucket = Bucket::EMPTY;
        bucket.next = next;
        bucket.put(hash, slot);
        let number = match self.overflow.get_mut(self.free as usize) {
            Some(place) => {
                let number = std::mem::replace(&mut self.free, place.next);
                *place = bucket;
                number
            }
            None => {
                self.overflow.push(bucket);
                #[expect(clippy::cast_possible_truncation, reason = "fewer than slots, which are u32")]
                let number = self.overflow.len() as u32 - 1;
                number
            }
        };
        if let Some(first) = self.buckets.get_mut(home) {
            first.next = number;
        }
    }

    /// A way became free in a bucket of the chain at `home`, an overflow bucket or the home itself: one of the first overflow
    /// bucket takes it, and that bucket is given back once it is empty.
    fn refill(&mut self, home: usize, hole: Option<u32>, hash_of: impl Fn(u32) -> u32) {
        let Some(first) = self.buckets.get(home).map(|bucket| bucket.next) else { return };
        let Some(open) = self.overflow.get_mut(first as usize) else { return };
        let spare = if hole == Some(first) { None } else { open.pop() };
        let emptied = open.is_empty().then_some(open.next);
        if let Some(slot) = spare {
            let bucket = match hole {
                None => self.buckets.get_mut(home),
                Some(number) => self.overflow.get_mut(number as usize),
            };
            bucket.map(|bucket| bucket.put(hash_of(slot), slot));
        }
        if let Some(next) = emptied {
            self.free_overflow(first);
            if let Some(bucket) = self.buckets.get_mut(home) {
                bucket.next = next;
            }
        }
    }

    fn free_overflow(&mut self, number: u32) {
        if let Some(bucket) = self.overflow.get_mut(number as usize) {
            bucket.next = std::mem::replace(&mut self.free, number);
        }
    }

    /// One bucket more: all of the first plane at once, later one that shares with an older one.
    fn grow(&mut self, hash_of: impl Fn(u32) -> u32) {
        let base = self.base as usize;
        let count = self.buckets.len();
        if count < base {
            (0..base).for_each(|_| self.buckets.push(Bucket::EMPTY));
            return;
        }
        let planes = self.planes_mask as usize + 1;
        let older = count - base * planes;
        self.buckets.push(Bucket::EMPTY);
        let mut moving = std::mem::take(&mut self.moving);
        self.drain(older, &mut moving);
        for slot in moving.drain(..) {
            let hash = hash_of(slot);
            let home = self.home(hash);
            debug_assert!(home == older || home == count, "a bucket shares with that which split off it");
            self.put(home, hash, slot);
        }
        self.moving = moving;
        if count + 1 == 2 * base * planes {
            self.planes_mask = 2 * self.planes_mask + 1;
        }
    }

    /// Takes all out of a chain, and leaves its home empty.
    fn drain(&mut self, home: usize, into: &mut Vec<u32>) {
        let Some(bucket) = self.buckets.get_mut(home) else { return };
        let mut next = std::mem::replace(&mut bucket.next, NONE);
        into.extend(std::iter::from_fn(|| bucket.pop()));
        while let Some(bucket) = self.overflow.get_mut(next as usize) {
            into.extend(std::iter::from_fn(|| bucket.pop()));
            let number = next;
            next = bucket.next;
            self.free_overflow(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn mix(key: u32) -> u32 {
        let key = u64::from(key);
        let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (key ^ (key >> 31)) as u32
    }

    fn find(index: &Index, hashes: &HashMap<u32, u32>, slot: u32) -> Option<u32> {
        index.find(hashes[&slot], |other| other == slot)
    }

    /// Panics unless chains are as `put` says, and buckets as many as there should be.
    fn check(index: &Index) {
        let mut used = 0;
        for home in 0..index.buckets.len() {
            let mut bucket = index.buckets.get(home).unwrap().clone();
            let mut next = bucket.next;
            if next != NONE {
                assert!(!bucket.put(0, 0), "a home with room overflows");
            }
            for nth in 0.. {
                let Some(other) = index.overflow.get(next as usize) else { break };
                bucket = other.clone();
                assert!(!bucket.is_empty());
                assert!(nth == 0 || !bucket.put(0, 0), "only the first of a chain has room");
                (used, next) = (used + 1, other.next);
            }
        }
        let mut free = index.free;
        while let Some(bucket) = index.overflow.get(free as usize) {
            assert!(bucket.is_empty());
            (used, free) = (used + 1, bucket.next);
        }
        assert_eq!(used, index.overflow.len());
        assert!(index.len <= LOAD * index.buckets.len());
    }

    proptest! {
        #[test]
        fn what_is_in_is_found_and_what_is_not_is_not(
            expected in prop_oneof![Just(0), 0..4000_u64],
            steps in prop::collection::vec((0..3000_u32, any::<bool>()), 1..6000),
            clash in any::<bool>(),
        ) {
            let mut index = Index::new(expected);
            let mut hashes = HashMap::new();
            for (slot, insert) in steps {
                // Where hashes clash, chains get long.
                let hash = if clash { mix(slot % 16) } else { mix(slot) };
                if insert && !hashes.contains_key(&slot) {
                    index.insert(hash, slot, |slot| hashes[&slot]);
                    hashes.insert(slot, hash);
                } else if hashes.remove(&slot).is_some() {
                    index.remove(hash, slot, |slot| hashes[&slot]);
                    prop_assert_eq!(index.find(hash, |other| other == slot), None);
                }
            }
            check(&index);
            prop_assert_eq!(index.len, hashes.len());
            for slot in hashes.keys() {
                prop_assert_eq!(find(&index, &hashes, *slot), Some(*slot));
            }
        }
    }

    #[test]
    fn an_insert_adds_one_bucket_at_most_and_what_is_expected_fills_whole_planes() {
        for expected in [0, 1, 7, 100, 1000, 5000, 33_000] {
            let mut index = Index::new(expected);
            let mut hashes = HashMap::new();
            for slot in 0..expected.max(1000) as u32 {
                let (hash, before) = (mix(slot), index.buckets.len());
                index.insert(hash, slot, |slot| hashes[&slot]);
                hashes.insert(slot, hash);
                assert!(before == 0 || index.buckets.len() <= before + 1);
                if u64::from(slot) + 1 == expected {
                    let (buckets, base) = (index.buckets.len(), index.base as usize);
                    let whole = base * buckets.div_ceil(base).next_power_of_two();
                    assert!(buckets * 100 >= whole * 96, "{expected}: {buckets} of {whole}");
                }
            }
            check(&index);
            assert!(hashes.keys().all(|slot| find(&index, &hashes, *slot) == Some(*slot)));
        }
    }
}
