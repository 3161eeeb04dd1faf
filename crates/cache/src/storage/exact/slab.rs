//! The entries of a shard, at slots that stay the same for as long as an entry is held.

use nuthatch_policy::Slot;

use crate::storage::exact::chunks::Chunks;

/// No slot: the end of the free list. Never handed out.
const NONE: u32 = u32::MAX;

/// What is kept at a slot. What is not key and value is eight bytes, or fewer where a type leaves some of its own unused.
#[derive(Debug)]
pub(super) struct Held<K, V> {
    /// The bits of the key's hash that the index goes by.
    pub(super) hash: u32,
    pub(super) pinned: bool,
    pub(super) key: K,
    pub(super) value: V,
}

enum Place<K, V> {
    Taken(Held<K, V>),
    /// Holds the next free slot.
    Free(u32),
}

/// A slot freed last is taken first: a full cache goes on in memory that it has just touched. The simulator's slab
/// hands out slots in the same order, so policies that go by slot choose alike.
pub(super) struct Slab<K, V> {
    places: Chunks<Place<K, V>>,
    free: u32,
    len: usize,
}

impl<K, V> Slab<K, V> {
    pub(super) const fn new() -> Self {
        Self { places: Chunks::new(), free: NONE, len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        self.places.bytes()
    }

    /// One past the highest slot ever taken.
    pub(super) const fn end(&self) -> Slot {
        #[expect(clippy::cast_possible_truncation, reason = "insert keeps places below NONE")]
        Slot(self.places.len() as u32)
    }

    /// Keeps `held` and says where, or gives it back if 2^32 - 1 are held.
    pub(super) fn insert(&mut self, held: Held<K, V>) -> Result<Slot, Held<K, V>> {
        let slot = if self.free == NONE {
            let slot = self.end();
            if slot.0 == NONE {
                return Err(held);
            }
            self.places.push(Place::Taken(held));
            slot
        } else {
            let slot = Slot(self.free);
            let Some(place) = self.places.get_mut(slot.index()) else {
                unreachable!("the free list leads to places")
            };
            let Place::Free(next) = std::mem::replace(place, Place::Taken(held)) else {
                unreachable!("the free list leads to free places only")
            };
            self.free = next;
            slot
        };
        self.len += 1;
        Ok(slot)
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<Held<K, V>> {
        let place = self.places.get_mut(slot.index())?;
        if matches!(place, Place::Free(_)) {
            return None;
        }
        let Place::Taken(held) = std::mem::replace(place, Place::Free(self.free)) else {
            unreachable!("checked above")
        };
        self.free = slot.0;
        self.len -= 1;
        Some(held)
    }

    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<&Held<K, V>> {
        match self.places.get(slot.index()) {
            Some(Place::Taken(held)) => Some(held),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Held<K, V>> {
        match self.places.get_mut(slot.index()) {
            Some(Place::Taken(held)) => Some(held),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn held(key: u64) -> Held<u64, u64> {
        Held { hash: 0, pinned: false, key, value: key }
    }

    proptest! {
        #[test]
        fn slots_are_handed_out_in_the_order_of_the_simulators_slab(
            steps in prop::collection::vec((any::<bool>(), 0..24_u32), 1..200),
        ) {
            let (mut slab, mut other) = (Slab::new(), nuthatch_policy::Slab::new());
            for (step, (insert, slot)) in (0..).zip(steps) {
                let slot = if insert {
                    let slot = slab.insert(held(step)).ok();
                    prop_assert_eq!(slot, other.insert(step).ok());
                    slot.unwrap_or(Slot(0))
                } else {
                    prop_assert_eq!(slab.remove(Slot(slot)).map(|held| held.key), other.remove(Slot(slot)));
                    Slot(slot)
                };
                prop_assert_eq!((slab.len(), slab.end()), (other.len(), other.end()));
                prop_assert_eq!(slab.get(slot).map(|held| held.key), other.get(slot).copied());
                prop_assert_eq!(slab.get_mut(slot).map(|held| held.value), other.get(slot).copied());
            }
        }
    }

    #[test]
    fn an_entry_costs_eight_bytes_beside_itself() {
        assert_eq!(size_of::<Place<u64, u64>>(), 16 + 8);
        assert_eq!(size_of::<Place<String, u64>>(), size_of::<(String, u64)>() + 8);
    }
}
