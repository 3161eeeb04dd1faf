//! The slots that are held, side by side: what policies that look at a sample draw from.

use crate::{
    Slot,
    slab::{cover, make_room},
    splitmix::SplitMix,
};

/// A set of slots without holes. Insertion, removal and a draw O(1); 8 bytes per slot.
#[derive(Debug)]
pub(crate) struct Held {
    slots: Vec<Slot>,
    /// By slot: its index in `slots`.
    places: Vec<u32>,
}

impl Held {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), places: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Takes in `slot`, which is not held.
    pub(crate) fn insert(&mut self, slot: Slot) {
        cover(&mut self.places, slot, u32::MAX);
        self.places[slot.index()] = self.next_place();
        make_room(&mut self.slots, 1);
        self.slots.push(slot);
    }

    /// Takes `slot`, which is held, out; the last slot takes its place.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let place = self.places[slot.index()];
        if let Some(last) = self.slots.pop()
            && last != slot
        {
            self.slots[place as usize] = last;
            self.places[last.index()] = place;
        }
    }

    /// All slots, in no order.
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// A slot, each as likely as the others.
    pub(crate) fn draw(&self, random: &mut SplitMix) -> Option<Slot> {
        (!self.slots.is_empty()).then(|| self.slots[random.below(self.slots.len() as u64) as usize])
    }

    /// So many draws, the same slot perhaps more than once; every slot once if there are no more.
    pub(crate) fn sample(&self, size: usize, random: &mut SplitMix) -> impl Iterator<Item = Slot> {
        let all = self.slots.len() <= size;
        (0..size.min(self.slots.len())).map(move |place| {
            let place = if all { place } else { random.below(self.slots.len() as u64) as usize };
            self.slots[place]
        })
    }

    /// Panics unless every slot is where it is said to be. Returns the slots.
    pub(crate) fn check_invariants(&self) -> &[Slot] {
        for (place, slot) in self.slots.iter().enumerate() {
            assert_eq!(self.places[slot.index()] as usize, place, "{slot:?} is not where it is said to be");
        }
        &self.slots
    }

    fn next_place(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "a slab has fewer places than that")]
        let place = self.slots.len() as u32;
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn held_slots_agree_with_a_vector(slots in prop::collection::vec(0..40_u32, 1..300)) {
            let mut held = Held::new();
            let mut vector = Vec::new();
            let mut random = SplitMix::new();
            for slot in slots.into_iter().map(Slot) {
                match vector.iter().position(|other| *other == slot) {
                    Some(place) => {
                        held.remove(slot);
                        vector.swap_remove(place);
                    }
                    None => {
                        held.insert(slot);
                        vector.push(slot);
                    }
                }
                prop_assert_eq!(held.check_invariants(), &vector[..]);
                prop_assert_eq!(held.len(), vector.len());
                prop_assert_eq!(held.draw(&mut random).is_some(), !vector.is_empty());
                let sample = held.sample(8, &mut random).collect::<Vec<_>>();
                prop_assert!(sample.iter().all(|slot| vector.contains(slot)));
                if vector.len() <= 8 {
                    prop_assert_eq!(sample, vector.clone());
                } else {
                    prop_assert_eq!(sample.len(), 8);
                }
            }
        }
    }

    #[test]
    fn every_slot_is_drawn_in_time() {
        let mut held = Held::new();
        (0..100).map(Slot).for_each(|slot| held.insert(slot));
        let mut random = SplitMix::new();
        let mut drawn = [false; 100];
        for _ in 0..20 {
            held.sample(64, &mut random).for_each(|slot| drawn[slot.index()] = true);
        }
        assert_eq!(drawn, [true; 100]);
    }
}
