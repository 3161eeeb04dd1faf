//! One shard: an index of slots, a slab of entries, a policy over the same slots. Everything here runs under its lock.

use hashbrown::Equivalent;
use nuthatch_policy::{Policy, Slot};

use crate::storage::{
    Entry, Stamps,
    exact::{
        columns::Beside,
        index::Index,
        slab::{Held, Slab},
    },
};

/// Bytes of a policy for each entry, as none can be asked: 7 (NRU) to 136 (LRU-K) in `tests/approximate_memory.rs`.
const POLICY_BYTES: usize = 32;

pub(super) struct Shard<K, V> {
    index: Index,
    entries: Slab<K, V>,
    beside: Beside,
    policy: Box<dyn Policy>,
    swept: Slot,
}

/// The bits of a hash that the index goes by. Which shard it is follows from others.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn lower(hash: u64) -> u32 {
    hash as u32
}

impl<K, V> Shard<K, V> {
    /// For about so many entries; zero if nobody knows.
    pub(super) fn new(policy: Box<dyn Policy>, entries: u64) -> Self {
        Self {
            index: Index::new(entries),
            entries: Slab::new(),
            beside: Beside::default(),
            policy,
            swept: Slot(0),
        }
    }

    #[inline]
    pub(super) fn find<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> Option<Slot> {
        let is_it = |slot| {
            let held = self.entries.get(Slot(slot));
            held.is_some_and(|held| held.hash == lower(hash) && key.equivalent(&held.key))
        };
        self.index.find(lower(hash), is_it).map(Slot)
    }

    /// Lets `read` see the value of `key`, if it is held; the policy hears of it if it `count`s.
    #[inline]
    pub(super) fn look<Q>(&mut self, hash: u64, key: &Q, count: bool, read: impl FnOnce(&V)) -> bool
    where
        Q: Equivalent<K> + ?Sized,
    {
        let Some(slot) = self.find(hash, key) else { return false };
        let Some(held) = self.entries.get(slot) else { return false };
        if count && !held.pinned {
            self.policy.hit(slot);
        }
        read(&held.value);
        true
    }

    #[inline]
    pub(super) fn held(&self, slot: Slot) -> Option<&Held<K, V>> {
        self.entries.get(slot)
    }

    #[inline]
    pub(super) fn held_mut(&mut self, slot: Slot) -> Option<&mut Held<K, V>> {
        self.entries.get_mut(slot)
    }

    /// Bytes allocated. The policy's part is a guess.
    pub(super) fn bytes(&self) -> usize {
        let policy = self.entries.end().index() * POLICY_BYTES;
        policy + self.entries.bytes() + self.index.bytes() + self.beside.bytes()
    }

    #[inline]
    pub(super) fn hit(&mut self, slot: Slot) {
        if !self.is_pinned(slot) {
            self.policy.hit(slot);
        }
    }

    /// The policy is told of a key that is about to come in.
    pub(super) fn announce(&mut self, hash: u64, weight: u64) {
        self.policy.miss(hash, weight);
    }

    /// Takes in an entry whose key is not held and for which room was made. Gives it back if slots ran out.
    pub(super) fn insert(&mut self, hash: u64, entry: Entry<K, V>) -> Result<Slot, Entry<K, V>> {
        let Entry { key, value, stamps } = entry;
        let held = Held { hash: lower(hash), pinned: false, key, value };
        let give_back = |Held { key, value, .. }| Entry { key, value, stamps };
        let slot = self.entries.insert(held).map_err(give_back)?;
        self.beside.set(slot, &stamps);
        let entries = &self.entries;
        let hash_of = |slot| entries.get(Slot(slot)).map_or(0, |held| held.hash);
        self.index.insert(lower(hash), slot.0, hash_of);
        self.policy.insert(slot, hash, stamps.weight);
        Ok(slot)
    }

    #[inline]
    pub(super) fn stamps(&self, slot: Slot) -> Stamps {
        self.beside.get(slot)
    }

    #[inline]
    pub(super) fn weight(&self, slot: Slot) -> u64 {
        self.beside.weight(slot)
    }

    pub(super) fn set_stamps(&mut self, slot: Slot, stamps: &Stamps) {
        let before = self.weight(slot);
        self.beside.set(slot, stamps);
        if before != stamps.weight && !self.is_pinned(slot) {
            self.policy.reweigh(slot, stamps.weight);
        }
    }

    #[inline]
    pub(super) fn is_pinned(&self, slot: Slot) -> bool {
        self.entries.get(slot).is_some_and(|held| held.pinned)
    }

    /// A pinned entry is unknown to the policy, so that no number of them makes the search for a victim longer. `hash` is
    /// that of its key. Returns whether that is a change.
    pub(super) fn set_pinned(&mut self, slot: Slot, hash: u64, pinned: bool) -> bool {
        let weight = self.weight(slot);
        let Some(held) = self.entries.get_mut(slot) else { return false };
        if std::mem::replace(&mut held.pinned, pinned) == pinned {
            return false;
        }
        if pinned {
            self.policy.remove(slot);
        } else {
            self.policy.insert(slot, hash, weight);
        }
        true
    }

    pub(super) fn take(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        if !self.held(slot)?.pinned {
            self.policy.remove(slot);
        }
        self.detach(slot)
    }

    /// The pinned entries that weigh something.
    pub(super) fn pinned(&self) -> Vec<Slot> {
        (0..self.end().0).map(Slot).filter(|slot| self.is_pinned(*slot) && self.weight(*slot) > 0).collect()
    }

    /// Lets the entry that the policy chooses go.
    pub(super) fn evict(&mut self) -> Option<(Slot, Entry<K, V>)> {
        let slot = self.policy.evict()?;
        Some((slot, self.detach(slot)?))
    }

    fn detach(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        let stamps = self.stamps(slot);
        let Held { hash, key, value, .. } = self.entries.remove(slot)?;
        let entries = &self.entries;
        self.index.remove(hash, slot.0, |slot| entries.get(Slot(slot)).map_or(0, |held| held.hash));
        Some(Entry { key, value, stamps })
    }

    /// The next slot, round and round, if it is occupied.
    pub(super) fn sweep(&mut self) -> Option<Slot> {
        let slot = if self.swept < self.entries.end() { self.swept } else { Slot(0) };
        self.swept = Slot(slot.0 + 1);
        self.entries.get(slot).map(|_| slot)
    }

    /// All slots, the next to leave first; at the end those that are pinned.
    pub(super) fn coldest_first(&self) -> Vec<Slot> {
        let pinned = (0..self.end().0).map(Slot).filter(|slot| self.is_pinned(*slot));
        let mut slots = self.policy.coldest_first();
        slots.extend(pinned);
        slots
    }

    /// One past the last slot.
    pub(super) fn end(&self) -> Slot {
        self.entries.end()
    }

    pub(super) fn resize(&mut self, capacity: u64) {
        self.policy.resize(capacity);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
