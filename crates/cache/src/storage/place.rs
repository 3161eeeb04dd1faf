//! One locked place of either storage: what everything above works with.

use hashbrown::Equivalent;

use crate::{
    storage::{
        Departed, Entry, Stamps,
        exact::ShardPlace,
        held::{self, Noted},
        sets::SetPlace,
    },
    ticks::Ticks,
};

/// Where an entry is within its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) usize);

impl Slot {
    /// A way of the other set of a key.
    pub(super) const fn in_mirror(way: usize) -> Self {
        Self(way + nuthatch_policy::sets::WAYS)
    }
}

/// Room cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Not by entries of this place, and others' places are locked one at a time: see
    /// [`Storage::make_room_elsewhere`](crate::storage::Storage::make_room_elsewhere).
    Here,
    /// All that could leave is pinned, or out of reach.
    AtAll,
}

/// Somebody else holds what is to be looked at: give the place back and try again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Busy;

/// A locked place. Its lock is given back when it is dropped.
pub(crate) enum Place<'a, K, V> {
    Shard(ShardPlace<'a, K, V>),
    Set(SetPlace<'a, K, V>),
}

/// Hands a call on to whichever storage the place is of.
macro_rules! of_either {
    ($self:ident, $place:ident => $call:expr) => {
        match $self {
            Place::Shard($place) => $call,
            Place::Set($place) => $call,
        }
    };
}

impl<K, V> Place<'_, K, V> {
    /// Looks for the key that the place was locked for.
    #[inline]
    pub(crate) fn seek<Q>(&mut self, key: &Q) -> Result<Option<Slot>, Busy>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match self {
            Place::Shard(place) => Ok(place.seek(key)),
            Place::Set(place) => place.seek(key),
        }
    }

    /// All occupied slots.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        of_either!(self, place => place.slots().collect())
    }

    /// The key at an occupied slot.
    #[inline]
    pub(crate) fn key(&self, slot: Slot) -> &K {
        of_either!(self, place => place.key(slot))
    }

    /// The value at an occupied slot.
    #[inline]
    pub(crate) fn value(&self, slot: Slot) -> &V {
        of_either!(self, place => place.value(slot))
    }

    /// What is kept beside the entry.
    #[inline]
    pub(crate) fn stamps(&self, slot: Slot) -> Stamps {
        of_either!(self, place => place.stamps(slot))
    }

    /// Changes what is kept beside the entry. Its weight must be that for which [`room`](Self::room) was made.
    pub(crate) fn set_stamps(&mut self, slot: Slot, stamps: &Stamps) {
        of_either!(self, place => place.set_stamps(slot, stamps));
    }

    /// Tells the policy of a hit.
    #[inline]
    pub(crate) fn hit(&mut self, slot: Slot) {
        of_either!(self, place => place.hit(slot));
    }

    /// Puts a value in place of the one at `slot`, which is returned.
    #[inline]
    pub(crate) fn replace(&mut self, slot: Slot, value: V) -> V {
        of_either!(self, place => place.replace(slot, value))
    }

    /// A copy of the value, to be changed and put back, where values are not changed in place.
    pub(crate) fn copied(&self, slot: Slot) -> Option<V> {
        match self {
            Place::Shard(_) => None,
            Place::Set(place) => place.copied(slot),
        }
    }

    /// The value, to be changed in place, if there is no [`copied`](Self::copied) one.
    pub(crate) fn value_mut(&mut self, slot: Slot) -> &mut V {
        of_either!(self, place => place.value_mut(slot))
    }

    /// Takes an entry out.
    pub(crate) fn take(&mut self, slot: Slot) -> Entry<K, V> {
        of_either!(self, place => place.take(slot))
    }

    /// Whether the entry is kept from being evicted.
    pub(crate) fn pinned(&self, slot: Slot) -> bool {
        of_either!(self, place => place.pinned(slot))
    }

    /// Keeps the entry from being evicted, or does so no longer.
    pub(crate) fn set_pinned(&mut self, slot: Slot, pinned: bool) {
        of_either!(self, place => place.set_pinned(slot, pinned));
    }

    /// Makes room for an entry of `weight` that is to come to this place, or to take the place of that at `found`, which is
    /// none afterwards if that entry had to go as well.
    ///
    /// `told` says whether the policy has heard of the newcomer; it hears once. `stay`: the lock may not be given back in
    /// between, so what cannot be done under it cannot be done at all.
    #[inline]
    pub(crate) fn room(
        &mut self,
        found: &mut Option<Slot>,
        weight: u64,
        told: &mut bool,
        stay: bool,
        departed: &mut Departed<K, V>,
    ) -> Result<(), NoRoom> {
        match self {
            Place::Shard(place) => place.room(found, weight, told, stay, departed),
            Place::Set(_) if found.is_some() => Ok(()),
            Place::Set(place) => place.room(departed),
        }
    }

    /// Gives back room that was made and is not needed.
    pub(crate) fn give_back(&mut self, weight: u64) {
        if let Place::Shard(place) = self {
            place.give_back(weight);
        }
    }

    /// Takes in an entry that is not held and that room was made for. Gives it back if a shard has no slot left, of 2^32.
    #[inline]
    pub(crate) fn insert(
        &mut self,
        entry: Entry<K, V>,
        now: Ticks,
        departed: &mut Departed<K, V>,
    ) -> Result<Slot, Entry<K, V>> {
        match self {
            Place::Shard(place) => place.insert(entry),
            Place::Set(place) => Ok(place.insert(entry, now, departed)),
        }
    }

    /// How many slots a newcomer looks at for entries whose time has come: so these go even if nobody asks for them.
    pub(crate) const fn sweep_steps(&self) -> usize {
        match self {
            Place::Shard(_) => 2,
            Place::Set(_) => nuthatch_policy::sets::WAYS,
        }
    }

    /// How many steps look at all slots.
    pub(crate) fn sweep_all(&self) -> usize {
        match self {
            Place::Shard(place) => place.sweep_all(),
            Place::Set(_) => nuthatch_policy::sets::WAYS,
        }
    }

    /// The slot to look at in such a step, if it is occupied.
    pub(crate) fn sweep(&mut self, step: usize) -> Option<Slot> {
        match self {
            Place::Shard(place) => place.sweep(),
            Place::Set(place) => place.sweep(step),
        }
    }

    /// All slots, the one next to leave first, as far as the policy can tell.
    pub(crate) fn coldest_first(&self) -> Vec<Slot> {
        of_either!(self, place => place.coldest_first())
    }

    /// What the set knows of an entry, to be compared with others: from 0 to 7. None in a shard, whose policy knows.
    #[cfg(feature = "snapshot")]
    pub(crate) fn warmth(&self, slot: Slot) -> Option<u8> {
        match self {
            Place::Shard(_) => None,
            Place::Set(place) => Some(place.warmth(slot)),
        }
    }

    /// Makes the set know this of an entry. `false` in a shard.
    #[cfg(feature = "snapshot")]
    pub(crate) fn set_warmth(&mut self, slot: Slot, warmth: u8) -> bool {
        match self {
            Place::Shard(_) => false,
            Place::Set(place) => {
                place.set_warmth(slot, warmth);
                true
            }
        }
    }

    /// Whether the room that was made is there already: an entry that comes in takes no other's place.
    #[cfg(feature = "snapshot")]
    pub(crate) const fn is_vacant(&self) -> bool {
        match self {
            Place::Shard(_) => true,
            Place::Set(place) => place.is_vacant(),
        }
    }

    /// The lock is kept beyond the call: whoever waits for it on this thread is to be told.
    pub(crate) fn note(&self) -> Noted {
        of_either!(self, place => held::note(place.latches()))
    }
}
