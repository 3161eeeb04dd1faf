//! Values at stable small indices: the home of entries in a storage and of nodes in a ghost queue.

/// The index of a place in a [`Slab`]. Stable for as long as the place is taken; reused afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl Slot {
    /// No slot: the end of a list. A slab never hands it out.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// This slot as an index into a vector that runs parallel to the slab.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A vector with holes: O(1) insertion into a free slot, O(1) removal, no moves.
///
/// Slots are handed out from the most recently freed, so a cache in its steady state touches the same memory again.
/// Costs the size of `Option<T>` or 8 bytes per place, whichever is larger.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    places: Vec<Place<T>>,
    free: Slot,
    len: usize,
}

#[derive(Clone, Debug)]
enum Place<T> {
    Taken(T),
    /// Holds the next free slot.
    Free(Slot),
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    /// The most values a slab holds.
    pub const MAX_LEN: usize = Slot::NONE.index();

    /// An empty slab. Does not allocate.
    #[must_use]
    pub const fn new() -> Self {
        Self { places: Vec::new(), free: Slot::NONE, len: 0 }
    }

    /// How many values are held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no value is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One past the highest slot ever taken: the end of a walk over all slots.
    #[must_use]
    pub fn end(&self) -> Slot {
        #[expect(clippy::cast_possible_truncation, reason = "insert keeps places within MAX_LEN")]
        Slot(self.places.len() as u32)
    }

    /// Keeps `value` and says where, or gives it back when [`MAX_LEN`](Self::MAX_LEN) values are held.
    ///
    /// # Errors
    ///
    /// The value itself, unchanged.
    pub fn insert(&mut self, value: T) -> Result<Slot, T> {
        let slot = if self.free == Slot::NONE {
            if self.places.len() >= Self::MAX_LEN {
                return Err(value);
            }
            make_room(&mut self.places, 1);
            self.places.push(Place::Taken(value));
            Slot(self.end().0 - 1)
        } else {
            let slot = self.free;
            let Place::Free(next) = std::mem::replace(&mut self.places[slot.index()], Place::Taken(value))
            else {
                unreachable!("the free list holds free places only")
            };
            self.free = next;
            slot
        };
        self.len += 1;
        Ok(slot)
    }

    /// Takes the value at `slot` out and frees the slot.
    pub fn remove(&mut self, slot: Slot) -> Option<T> {
        let place = self.places.get_mut(slot.index())?;
        if matches!(place, Place::Free(_)) {
            return None;
        }
        let Place::Taken(value) = std::mem::replace(place, Place::Free(self.free)) else {
            unreachable!("checked above")
        };
        self.free = slot;
        self.len -= 1;
        Some(value)
    }

    /// The value at `slot`.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&T> {
        match self.places.get(slot.index()) {
            Some(Place::Taken(value)) => Some(value),
            _ => None,
        }
    }

    /// The value at `slot`, to change in place.
    #[must_use]
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        match self.places.get_mut(slot.index()) {
            Some(Place::Taken(value)) => Some(value),
            _ => None,
        }
    }

    /// All values with their slots, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        (0..self.end().0).map(Slot).filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    /// Drops all values and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

/// Makes `by_slot`, which runs parallel to a slab, reach to `slot`.
pub(crate) fn cover<T: Clone>(by_slot: &mut Vec<T>, slot: Slot, empty: T) {
    if by_slot.len() <= slot.index() {
        let missing = slot.index() + 1 - by_slot.len();
        make_room(by_slot, missing);
        by_slot.resize(slot.index() + 1, empty);
    }
}

/// Makes room for `more`, and when it has to move, for an eighth of what there is: doubling would leave a third of the
/// memory of a cache unused on average, and a cache fills up once but stays full.
pub(crate) fn make_room<T>(vec: &mut Vec<T>, more: usize) {
    if vec.capacity() - vec.len() < more {
        vec.reserve_exact(more.max(vec.len() / 8).max(32));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slab_agrees_with_a_map(steps in prop::collection::vec((any::<bool>(), 0..24_u32), 1..200)) {
            let mut slab = Slab::new();
            let mut map = BTreeMap::new();
            for (step, (insert, slot)) in steps.into_iter().enumerate() {
                if insert {
                    let end = slab.end();
                    let slot = slab.insert(step).unwrap();
                    prop_assert_eq!(map.insert(slot, step), None, "a taken slot was handed out");
                    // A new place only if no old one is free.
                    prop_assert!(slot < end || map.len() == end.index() + 1);
                } else {
                    prop_assert_eq!(slab.remove(Slot(slot)), map.remove(&Slot(slot)));
                }
                prop_assert_eq!((slab.len(), slab.is_empty()), (map.len(), map.is_empty()));
                prop_assert_eq!(slab.get(Slot(slot)), map.get(&Slot(slot)));
                prop_assert_eq!(slab.get_mut(Slot(slot)).copied(), map.get(&Slot(slot)).copied());
            }
            let held = slab.iter().map(|(slot, value)| (slot, *value)).collect::<Vec<_>>();
            prop_assert_eq!(held, map.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_place_last_freed_is_taken_first() {
        let mut slab = Slab::new();
        let [a, b, _] = ["a", "b", "c"].map(|value| slab.insert(value).unwrap());
        slab.remove(a);
        slab.remove(b);
        assert_eq!([slab.insert("d"), slab.insert("e")], [Ok(b), Ok(a)]);
        slab.clear();
        assert_eq!((slab.len(), slab.end()), (0, Slot(0)));
    }
}
