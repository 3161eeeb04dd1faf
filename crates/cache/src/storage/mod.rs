//! Where entries are kept. Two storages under one face.
//!
//! Both are made of *places*: what is locked at once, with a few entries or a few thousand. A key has one place at any
//! time, so whoever has its place locked is alone with the key. Everything above (expiry, loading, tags, listeners) is
//! written against [`Place`] and does not know which storage it is.

mod entry;
mod exact;
mod held;
mod latch;
mod place;
mod sets;

use hashbrown::Equivalent;

pub(crate) use self::{
    entry::{Departed, Entry, Kept, Stamps},
    exact::Exact,
    held::Noted,
    latch::wait as pause,
    place::{Busy, NoRoom, Place, Slot},
    sets::{Glance, Put, Sets},
};

/// What a look-up under a lock has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Hit,
    Miss,
    /// Something is kept beside entries, which is to be asked first.
    Ask,
}

/// What became of an entry on the shortest way in.
pub(crate) enum Fast<K, V> {
    Inserted,
    /// It is in, and these made way for it.
    InsertedFor(K, V),
    /// It is in, and this was the value before; and the key, which is not needed.
    Replaced(K, V),
    /// Not that simple: it is to go the long way.
    Otherwise(K, V),
}

/// The entries of a cache.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one per cache, and sets are found faster without a pointer"
)]
pub(crate) enum Storage<K, V> {
    Exact(Exact<K, V>),
    Sets(Sets<K, V>),
}

impl<K, V> Storage<K, V> {
    /// What is kept beside entries by now.
    #[inline]
    pub(crate) const fn kept(&self) -> &Kept {
        match self {
            Self::Exact(exact) => exact.kept(),
            Self::Sets(sets) => sets.kept(),
        }
    }

    pub(crate) fn capacity(&self) -> u64 {
        match self {
            Self::Exact(exact) => exact.capacity(),
            Self::Sets(sets) => sets.capacity(),
        }
    }

    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Exact(exact) => exact.weight(),
            Self::Sets(sets) => sets.len() as u64,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Exact(exact) => exact.len(),
            Self::Sets(sets) => sets.len(),
        }
    }

    /// Bytes that the entries take, with what is kept beside them, free places included.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Exact(exact) => exact.bytes(),
            Self::Sets(sets) => sets.bytes(),
        }
    }

    /// How many places there are at most.
    pub(crate) fn places(&self) -> usize {
        match self {
            Self::Exact(exact) => exact.places(),
            Self::Sets(sets) => sets.places(),
        }
    }

    /// Changes when entries have gone to places of a lower index, behind the back of who goes through them in order.
    pub(crate) fn moves_back(&self) -> u64 {
        match self {
            Self::Exact(_) => 0,
            Self::Sets(sets) => sets.halvings(),
        }
    }

    /// The place at `index`, locked, if it is there.
    pub(crate) fn place_at(&self, index: usize) -> Option<Place<'_, K, V>> {
        match self {
            Self::Exact(exact) => Some(Place::Shard(exact.place_at(index))),
            Self::Sets(sets) => sets.place_at(index).map(Place::Set),
        }
    }

    /// Locks the place of the key of `hash`.
    #[inline]
    pub(crate) fn lock(&self, hash: u64) -> Place<'_, K, V> {
        match self {
            Self::Exact(exact) => Place::Shard(exact.lock(hash)),
            Self::Sets(sets) => Place::Set(sets.lock(hash)),
        }
    }

    /// Locks the place of `key`, and looks for it there.
    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> (Place<'_, K, V>, Option<Slot>)
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut waited = 0;
        loop {
            let mut place = self.lock(hash);
            if let Ok(found) = place.seek(key) {
                return (place, found);
            }
            drop(place);
            latch::wait(&mut waited);
        }
    }

    /// Does what [`NoRoom::Here`] asks for. `false`: it could not be done.
    pub(crate) fn make_room_elsewhere(&self, hash: u64, departed: &mut Departed<K, V>) -> bool {
        match self {
            Self::Exact(exact) => exact.evict_elsewhere(hash, departed),
            Self::Sets(_) => false, // they make their room where they are
        }
    }

    /// Changes the capacity. `false` if the storage cannot be made so large.
    pub(crate) fn resize(&self, capacity: u64, departed: &mut Departed<K, V>) -> bool {
        match self {
            Self::Exact(exact) => {
                exact.resize(capacity, departed);
                true
            }
            Self::Sets(sets) => sets.resize(capacity, departed),
        }
    }
}
