//! One shard: a table of slots, a slab of entries, a policy over the same slots. Everything here runs under its lock.

use std::time::Duration;

use hashbrown::{Equivalent, HashTable};
use nuthatch_policy::{Policy, PolicyKind, Slab, Slot};

use crate::{
    clock::{Clock, nanos},
    stats::Stats,
};

/// Slots that an insert looks at for expired entries, so that they go even if nobody asks for them again.
const SWEEP_PER_INSERT: u32 = 2;

/// When an entry expires, in nanoseconds of the cache's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(u64);

impl Deadline {
    pub(crate) const NEVER: Self = Self(u64::MAX);

    pub(crate) fn after(clock: &Clock, ttl: Duration) -> Self {
        Self(nanos(clock.elapsed()).saturating_add(nanos(ttl)))
    }

    /// Reads the clock only for an entry that has a deadline at all.
    fn has_passed(self, clock: &Clock) -> bool {
        self != Self::NEVER && self.0 <= nanos(clock.elapsed())
    }
}

#[derive(Debug)]
pub(crate) struct Entry<K, V> {
    pub(crate) hash: u64,
    pub(crate) weight: u64,
    pub(crate) deadline: Deadline,
    pub(crate) key: K,
    pub(crate) value: V,
}

pub(crate) struct Shard<K, V> {
    table: HashTable<Slot>,
    entries: Slab<Entry<K, V>>,
    pub(crate) policy: Box<dyn Policy>,
    /// How many entries have a deadline: without any, nothing is swept.
    mortals: usize,
    sweep_at: Slot,
    pub(crate) stats: Stats,
}

impl<K, V> Shard<K, V> {
    pub(crate) fn new(policy: PolicyKind, capacity: u64) -> Self {
        Self {
            table: HashTable::new(),
            entries: Slab::new(),
            policy: policy.build(capacity),
            mortals: 0,
            sweep_at: Slot(0),
            stats: Stats::default(),
        }
    }

    pub(crate) fn find<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> Option<Slot> {
        let entries = &self.entries;
        let matches =
            |slot: &Slot| entries.get(*slot).is_some_and(|e| e.hash == hash && key.equivalent(&e.key));
        self.table.find(hash, matches).copied()
    }

    pub(crate) fn entry(&self, slot: Slot) -> Option<&Entry<K, V>> {
        self.entries.get(slot)
    }

    /// The entry of `key` if it is alive. One that has expired is taken out and handed to `departed`.
    pub(crate) fn live<Q: Equivalent<K> + ?Sized>(
        &mut self,
        hash: u64,
        key: &Q,
        clock: &Clock,
        departed: &mut Departed<K, V>,
    ) -> Option<Slot> {
        let slot = self.find(hash, key)?;
        if self.entry(slot)?.deadline.has_passed(clock) {
            departed.push(self.expire(slot));
            return None;
        }
        Some(slot)
    }

    /// Counts a lookup, and the hit with the policy.
    pub(crate) fn touch(&mut self, found: Option<Slot>) {
        match found {
            Some(slot) => {
                self.stats.hits += 1;
                self.policy.hit(slot);
            }
            None => self.stats.misses += 1,
        }
    }

    /// Takes in an entry whose key is not held and for which room was made. Gives it back if slots ran out.
    pub(crate) fn admit(&mut self, entry: Entry<K, V>) -> Result<Slot, Entry<K, V>> {
        let (hash, weight) = (entry.hash, entry.weight);
        let mortal = usize::from(entry.deadline != Deadline::NEVER);
        let slot = self.entries.insert(entry)?;
        self.mortals += mortal;
        let entries = &self.entries;
        self.table.insert_unique(hash, slot, |slot| entries.get(*slot).map_or(0, |entry| entry.hash));
        self.policy.insert(slot, hash, weight);
        self.stats.insertions += 1;
        Ok(slot)
    }

    /// Puts a new value where one of the same key was, and returns the old value.
    pub(crate) fn replace(&mut self, slot: Slot, value: V, weight: u64, deadline: Deadline) -> Option<V> {
        let entry = self.entries.get_mut(slot)?;
        if entry.weight != weight {
            entry.weight = weight;
            self.policy.reweigh(slot, weight);
        }
        self.mortals += usize::from(deadline != Deadline::NEVER);
        self.mortals -= usize::from(entry.deadline != Deadline::NEVER);
        entry.deadline = deadline;
        self.policy.hit(slot);
        self.stats.insertions += 1;
        Some(std::mem::replace(&mut entry.value, value))
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        self.policy.remove(slot);
        self.detach(slot)
    }

    /// Lets the entry that the policy chooses go.
    pub(crate) fn evict(&mut self) -> Option<(Slot, Entry<K, V>)> {
        let slot = self.policy.evict()?;
        let entry = self.detach(slot)?;
        self.stats.evictions += 1;
        Some((slot, entry))
    }

    fn expire(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        self.stats.expirations += 1;
        self.remove(slot)
    }

    fn detach(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        let entry = self.entries.remove(slot)?;
        if let Ok(place) = self.table.find_entry(entry.hash, |other| *other == slot) {
            place.remove();
        }
        self.mortals -= usize::from(entry.deadline != Deadline::NEVER);
        Some(entry)
    }

    /// Looks at a few slots and takes out what has expired, but for the entry at `keep`.
    pub(crate) fn sweep(&mut self, clock: &Clock, keep: Option<Slot>, departed: &mut Departed<K, V>) {
        if self.mortals > 0 {
            self.sweep_slots(SWEEP_PER_INSERT, clock, keep, departed);
        }
    }

    /// As [`sweep`](Self::sweep), over as many `slots`, going on where the last sweep ended, round and round.
    pub(crate) fn sweep_slots(
        &mut self,
        slots: u32,
        clock: &Clock,
        keep: Option<Slot>,
        departed: &mut Departed<K, V>,
    ) {
        for _ in 0..slots.min(self.entries.end().0) {
            let slot = if self.sweep_at < self.entries.end() { self.sweep_at } else { Slot(0) };
            self.sweep_at = Slot(slot.0 + 1);
            let expired = self.entry(slot).is_some_and(|entry| entry.deadline.has_passed(clock));
            if expired && keep != Some(slot) {
                departed.push(self.expire(slot));
            }
        }
    }

    /// Takes everything out.
    pub(crate) fn clear(&mut self) -> Slab<Entry<K, V>> {
        self.policy.clear();
        self.table.clear();
        self.mortals = 0;
        std::mem::take(&mut self.entries)
    }

    /// Live entries from `from` on, by slot.
    pub(crate) fn walk(&self, from: Slot, clock: &Clock) -> impl Iterator<Item = (Slot, &Entry<K, V>)> {
        (from.0..self.entries.end().0)
            .map(Slot)
            .filter_map(|slot| Some((slot, self.entry(slot)?)))
            .filter(|(_, entry)| !entry.deadline.has_passed(clock))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Entries on their way out: kept until the lock is released, for dropping a value runs its owner's code. The first needs
/// no allocation, and seldom does a second come.
pub(crate) struct Departed<K, V> {
    first: Option<Entry<K, V>>,
    rest: Vec<Entry<K, V>>,
    weight: u64,
}

impl<K, V> Departed<K, V> {
    pub(crate) const fn new() -> Self {
        Self { first: None, rest: Vec::new(), weight: 0 }
    }

    pub(crate) fn push(&mut self, entry: Option<Entry<K, V>>) {
        let Some(entry) = entry else { return };
        self.weight += entry.weight;
        if self.first.is_none() {
            self.first = Some(entry);
        } else {
            self.rest.push(entry);
        }
    }

    /// The weight that left since this was last asked: it is the caller's to pass on or to release.
    pub(crate) fn take_weight(&mut self) -> u64 {
        std::mem::take(&mut self.weight)
    }
}
