//! One shard: a table of slots, a slab of entries, a policy over the same slots. Everything here runs under its lock.

use hashbrown::{Equivalent, HashTable};
use nuthatch_policy::{Policy, Slab, Slot};

use crate::storage::{Entry, Stamps};

/// Bytes of a policy for each entry, as none can be asked: 7 (NRU) to 136 (LRU-K) in `tests/approximate_memory.rs`.
const POLICY_BYTES: usize = 48;

#[derive(Debug)]
pub(super) struct Stored<K, V> {
    hash: u64,
    pinned: bool,
    pub(super) entry: Entry<K, V>,
}

pub(super) struct Shard<K, V> {
    table: HashTable<Slot>,
    entries: Slab<Stored<K, V>>,
    policy: Box<dyn Policy>,
    swept: Slot,
}

impl<K, V> Shard<K, V> {
    pub(super) fn new(policy: Box<dyn Policy>) -> Self {
        Self { table: HashTable::new(), entries: Slab::new(), policy, swept: Slot(0) }
    }

    pub(super) fn find<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> Option<Slot> {
        let entries = &self.entries;
        let matches =
            |slot: &Slot| entries.get(*slot).is_some_and(|e| e.hash == hash && key.equivalent(&e.entry.key));
        self.table.find(hash, matches).copied()
    }

    pub(super) fn stored(&self, slot: Slot) -> Option<&Stored<K, V>> {
        self.entries.get(slot)
    }

    pub(super) fn stored_mut(&mut self, slot: Slot) -> Option<&mut Stored<K, V>> {
        self.entries.get_mut(slot)
    }

    /// Bytes allocated. The policy's part is a guess.
    pub(super) fn bytes(&self) -> usize {
        let entry = size_of::<Option<Stored<K, V>>>() + POLICY_BYTES;
        self.entries.end().index() * entry + self.table.allocation_size()
    }

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
        let weight = entry.stamps.weight;
        let stored = Stored { hash, pinned: false, entry };
        let slot = self.entries.insert(stored).map_err(|stored| stored.entry)?;
        let entries = &self.entries;
        self.table.insert_unique(hash, slot, |slot| entries.get(*slot).map_or(0, |stored| stored.hash));
        self.policy.insert(slot, hash, weight);
        Ok(slot)
    }

    pub(super) fn set_stamps(&mut self, slot: Slot, stamps: &Stamps) {
        let Some(stored) = self.entries.get_mut(slot) else { return };
        let old = std::mem::replace(&mut stored.entry.stamps, *stamps);
        if old.weight != stamps.weight && !stored.pinned {
            self.policy.reweigh(slot, stamps.weight);
        }
    }

    pub(super) fn is_pinned(&self, slot: Slot) -> bool {
        self.entries.get(slot).is_some_and(|stored| stored.pinned)
    }

    /// A pinned entry is unknown to the policy, so that no number of them makes the search for a victim longer.
    pub(super) fn set_pinned(&mut self, slot: Slot, pinned: bool) {
        let Some(stored) = self.entries.get_mut(slot) else { return };
        if std::mem::replace(&mut stored.pinned, pinned) == pinned {
            return;
        }
        if pinned {
            self.policy.remove(slot);
        } else {
            self.policy.insert(slot, stored.hash, stored.entry.stamps.weight);
        }
    }

    pub(super) fn take(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        if !self.is_pinned(slot) && self.entries.get(slot).is_some() {
            self.policy.remove(slot);
        }
        self.detach(slot)
    }

    /// Lets the entry that the policy chooses go.
    pub(super) fn evict(&mut self) -> Option<(Slot, Entry<K, V>)> {
        let slot = self.policy.evict()?;
        Some((slot, self.detach(slot)?))
    }

    fn detach(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        let stored = self.entries.remove(slot)?;
        if let Ok(place) = self.table.find_entry(stored.hash, |other| *other == slot) {
            place.remove();
        }
        Some(stored.entry)
    }

    /// The next slot, round and round, if it is occupied.
    pub(super) fn sweep(&mut self) -> Option<Slot> {
        let slot = if self.swept < self.entries.end() { self.swept } else { Slot(0) };
        self.swept = Slot(slot.0 + 1);
        self.entries.get(slot).map(|_| slot)
    }

    /// All slots, the next to leave first; at the end those that are pinned.
    pub(super) fn coldest_first(&self) -> Vec<Slot> {
        let pinned = self.entries.iter().filter(|(_, stored)| stored.pinned).map(|(slot, _)| slot);
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
