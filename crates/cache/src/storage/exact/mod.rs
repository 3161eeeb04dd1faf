//! Shards under any policy, with one exact bound over all of them.
//!
//! For caches that are small, that weigh their entries, or that name a policy. Room is reserved in the [`Bound`] before an
//! entry comes in, so the total weight never exceeds the capacity, at no moment and under no load, and no entry leaves
//! before the whole cache is full. With one shard the policy sees all requests in order, as in the simulator.

mod bound;
mod bucket;
mod chunks;
mod columns;
mod index;
mod latched;
mod put;
mod shard;
mod slab;

use hashbrown::Equivalent;
use nuthatch_policy::{Policy, Slot as Index};

use self::{
    bound::Bound,
    latched::{Guard, Latched},
    shard::Shard,
    slab::Held,
};
use crate::{
    Cause,
    storage::{Departed, Entry, Kept, Look, NoRoom, Slot, Stamps, latch::Latch},
};

pub(crate) struct Exact<K, V> {
    shards: Box<[Latched<Shard<K, V>>]>,
    bound: Bound,
    kept: Kept,
}

impl<K, V> Exact<K, V> {
    /// `shards`, a power of two, each with a policy for its share of the capacity. Unless entries are `weighed`, that is
    /// about how many it will hold.
    pub(crate) fn new(
        capacity: u64,
        weighed: bool,
        shards: usize,
        policy: impl Fn(u64) -> Box<dyn Policy>,
    ) -> Self {
        let share = share(capacity, shards);
        let shard = || Latched::new(Shard::new(policy(share), if weighed { 0 } else { share }));
        Self {
            shards: std::iter::repeat_with(shard).take(shards).collect(),
            bound: Bound::new(capacity),
            kept: Kept::default(),
        }
    }

    pub(crate) const fn kept(&self) -> &Kept {
        &self.kept
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.bound.capacity()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.bound.held()
    }

    /// Locks one shard after another.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Locks one shard after another.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.shards) + self.shards.iter().map(|shard| shard.lock().bytes()).sum::<usize>()
    }

    pub(crate) fn places(&self) -> usize {
        self.shards.len()
    }

    pub(crate) fn place_at(&self, index: usize) -> ShardPlace<'_, K, V> {
        ShardPlace { shard: self.shards[index].lock(), exact: self, room: 0, hash: 0 }
    }

    /// Which shard: by bits that the index inside does not use.
    const fn index(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    /// Locks the shard of the key of `hash`.
    #[inline]
    pub(crate) fn lock(&self, hash: u64) -> ShardPlace<'_, K, V> {
        ShardPlace { shard: self.shards[self.index(hash)].lock(), exact: self, room: 0, hash }
    }

    /// Lets `read` see the value of `key`, whose entry has neither deadlines nor tags, under the lock of its shard.
    #[inline]
    pub(crate) fn look<Q>(&self, hash: u64, key: &Q, count: bool, read: impl FnOnce(&V)) -> Look
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut shard = self.shards[self.index(hash)].lock();
        if self.kept.any() {
            return Look::Ask;
        }
        if shard.look(hash, key, count, read) { Look::Hit } else { Look::Miss }
    }

    /// Lets one entry go from a shard other than that of `hash`, whose own entries were not enough. One lock at a time.
    /// `false` if there is none that may leave.
    pub(crate) fn evict_elsewhere(&self, hash: u64, departed: &mut Departed<K, V>) -> bool {
        for step in 1..self.shards.len() {
            let index = (self.index(hash) + step) & (self.shards.len() - 1);
            if let Some((_, entry)) = self.shards[index].lock().evict() {
                self.bound.release(entry.stamps.weight);
                departed.push(entry, Cause::Size);
                return true;
            }
        }
        false
    }

    /// Makes the capacity `capacity`, and lets go what does not fit.
    pub(crate) fn resize(&self, capacity: u64, departed: &mut Departed<K, V>) {
        self.bound.set_capacity(capacity);
        let share = share(capacity, self.shards.len());
        for shard in &self.shards {
            shard.lock().resize(share);
        }
        while self.bound.held() > capacity {
            let mut any = false;
            for shard in &self.shards {
                if self.bound.held() > capacity
                    && let Some((_, entry)) = shard.lock().evict()
                {
                    self.bound.release(entry.stamps.weight);
                    departed.push(entry, Cause::Size);
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        // The rest is pinned, which is no reason to hold more than the capacity.
        for shard in &self.shards {
            let mut shard = shard.lock();
            for slot in shard.pinned() {
                if self.bound.held() <= capacity {
                    return;
                }
                if let Some(entry) = shard.take(slot) {
                    self.bound.unpin(entry.stamps.weight);
                    self.bound.release(entry.stamps.weight);
                    departed.push(entry, Cause::Size);
                }
            }
        }
    }
}

fn share(capacity: u64, shards: usize) -> u64 {
    capacity.div_ceil(shards as u64).max(1)
}

/// A locked shard, with a key in mind.
pub(crate) struct ShardPlace<'a, K, V> {
    shard: Guard<'a, Shard<K, V>>,
    exact: &'a Exact<K, V>,
    /// Weight of what left, or was reserved, that nothing took yet: given back at the end. So an insert into a full cache
    /// hands on what it evicted, and equal weights touch no line that all shards share but to read it.
    room: u64,
    hash: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "slots of a shard were made from u32")]
const fn index(slot: Slot) -> Index {
    Index(slot.0 as u32)
}

#[expect(clippy::expect_used, reason = "a slot is used under the lock that it was found under")]
impl<K, V> ShardPlace<'_, K, V> {
    #[inline]
    pub(crate) fn seek<Q: Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Slot> {
        self.shard.find(self.hash, key).map(|index| Slot(index.index()))
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        (0..self.shard.end().index()).map(Slot).filter(|slot| self.shard.held(index(*slot)).is_some())
    }

    pub(crate) fn sweep_all(&self) -> usize {
        self.shard.end().index()
    }

    pub(crate) fn coldest_first(&self) -> Vec<Slot> {
        self.shard.coldest_first().into_iter().map(|index| Slot(index.index())).collect()
    }

    /// The next slot to look at for what has expired, round and round, if it is occupied.
    pub(crate) fn sweep(&mut self) -> Option<Slot> {
        self.shard.sweep().map(|index| Slot(index.index()))
    }

    #[inline]
    fn held(&self, slot: Slot) -> &Held<K, V> {
        self.shard.held(index(slot)).expect("held")
    }

    #[inline]
    pub(crate) fn key(&self, slot: Slot) -> &K {
        &self.held(slot).key
    }

    #[inline]
    pub(crate) fn value(&self, slot: Slot) -> &V {
        &self.held(slot).value
    }

    #[inline]
    pub(crate) fn stamps(&self, slot: Slot) -> Stamps {
        self.shard.stamps(index(slot))
    }

    pub(crate) fn set_stamps(&mut self, slot: Slot, stamps: &Stamps) {
        self.exact.kept.tell(stamps);
        if self.pinned(slot) {
            self.exact.bound.pin(stamps.weight);
            self.exact.bound.unpin(self.shard.weight(index(slot)));
        }
        self.shard.set_stamps(index(slot), stamps);
    }

    #[inline]
    pub(crate) fn hit(&mut self, slot: Slot) {
        self.shard.hit(index(slot));
    }

    pub(crate) fn pinned(&self, slot: Slot) -> bool {
        self.shard.is_pinned(index(slot))
    }

    pub(crate) fn set_pinned(&mut self, slot: Slot, pinned: bool) {
        if !self.shard.set_pinned(index(slot), self.hash, pinned) {
            return;
        }
        let weight = self.shard.weight(index(slot));
        if pinned {
            self.exact.bound.pin(weight);
        } else {
            self.exact.bound.unpin(weight);
        }
    }

    pub(crate) fn replace(&mut self, slot: Slot, value: V) -> V {
        std::mem::replace(self.value_mut(slot), value)
    }

    /// The value at `slot`, to be changed in place.
    pub(crate) fn value_mut(&mut self, slot: Slot) -> &mut V {
        &mut self.shard.held_mut(index(slot)).expect("held").value
    }

    pub(crate) fn take(&mut self, slot: Slot) -> Entry<K, V> {
        if self.pinned(slot) {
            self.exact.bound.unpin(self.shard.weight(index(slot)));
        }
        let entry = self.shard.take(index(slot)).expect("held");
        self.room += entry.stamps.weight;
        entry
    }

    /// See [`Place::room`](crate::storage::Place::room).
    pub(crate) fn room(
        &mut self,
        found: &mut Option<Slot>,
        weight: u64,
        told: &mut bool,
        stay: bool,
        departed: &mut Departed<K, V>,
    ) -> Result<(), NoRoom> {
        if found.is_none() && !std::mem::replace(told, true) {
            self.shard.announce(self.hash, weight);
        }
        loop {
            let given = self.room + found.map_or(0, |slot| self.shard.weight(index(slot)));
            if self.exact.bound.exchange(given, weight) {
                self.room = 0;
                return Ok(());
            }
            if !self.exact.bound.might_fit(weight, || self.own_pinned(*found)) {
                return Err(NoRoom::AtAll);
            } else if let Some((slot, entry)) = self.shard.evict() {
                *found = found.filter(|found| found.0 != slot.index());
                self.leave(entry, departed);
            } else if !stay {
                return Err(NoRoom::Here);
            } else if !self.evict_beside(departed) {
                return Err(NoRoom::AtAll);
            }
        }
    }

    /// What the entry at `found` weighs, if it is pinned.
    fn own_pinned(&self, found: Option<Slot>) -> u64 {
        found.filter(|slot| self.pinned(*slot)).map_or(0, |slot| self.shard.weight(index(slot)))
    }

    /// Lets an entry of another shard go while this one stays locked: only of one that nobody has locked, or two that
    /// did the same would wait for each other.
    fn evict_beside(&mut self, departed: &mut Departed<K, V>) -> bool {
        let own = self.exact.index(self.hash);
        for step in 1..self.exact.shards.len() {
            let beside = &self.exact.shards[(own + step) & (self.exact.shards.len() - 1)];
            if let Some((_, entry)) = beside.try_lock().and_then(|mut shard| shard.evict()) {
                self.leave(entry, departed);
                return true;
            }
        }
        false
    }

    fn leave(&mut self, entry: Entry<K, V>, departed: &mut Departed<K, V>) {
        self.room += entry.stamps.weight;
        departed.push(entry, Cause::Size);
    }

    pub(crate) const fn give_back(&mut self, weight: u64) {
        self.room += weight;
    }

    /// Takes in an entry that room was made for. `Err` if 2^32 - 1 are in the shard: no slot is left for another.
    pub(crate) fn insert(&mut self, entry: Entry<K, V>) -> Result<Slot, Entry<K, V>> {
        self.exact.kept.tell(&entry.stamps);
        let hash = self.hash;
        match self.shard.insert(hash, entry) {
            Ok(slot) => Ok(Slot(slot.index())),
            Err(entry) => {
                self.room += entry.stamps.weight;
                Err(entry)
            }
        }
    }

    /// The latch that is held.
    pub(crate) const fn latches(&self) -> [Option<&Latch>; 2] {
        [Some(self.shard.latch()), None]
    }
}

impl<K, V> Drop for ShardPlace<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.exact.bound.release(self.room);
    }
}
