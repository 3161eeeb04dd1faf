//! Slots by how often they were asked for: what LFU and its kin choose from.

use crate::{
    Slab, Slot,
    list::{Links, List},
    slab::cover,
};

/// Slots of equal frequency, by when they came into the class.
#[derive(Clone, Debug)]
struct Class {
    frequency: u64,
    members: List,
}

/// Classes of slots from the lowest frequency to the highest; none is empty.
///
/// All operations O(1), except that a slot which comes in at a frequency other than 1 walks up the classes below it.
/// Twelve bytes per slot, about 30 per class. A step up allocates only where there are more classes than ever before,
/// which needs as many hits again as the number of classes.
#[derive(Clone, Debug)]
pub(crate) struct Frequencies {
    classes: Slab<Class>,
    class_links: Links,
    /// The lowest class at the tail.
    order: List,
    links: Links,
    /// By slot.
    class_of: Vec<Slot>,
}

impl Frequencies {
    pub(crate) const fn new() -> Self {
        Self {
            classes: Slab::new(),
            class_links: Links::new(),
            order: List::new(),
            links: Links::new(),
            class_of: Vec::new(),
        }
    }

    /// Takes `slot`, which is not held, in at `frequency`, as the newest of its class.
    pub(crate) fn insert(&mut self, slot: Slot, frequency: u64) {
        let mut below = None;
        let mut class = self.order.tail();
        while let Some(candidate) = class.filter(|class| self.class(*class).frequency < frequency) {
            below = Some(candidate);
            class = self.class_links.newer(candidate);
        }
        self.push(slot, frequency, below, class);
    }

    /// Counts one more request for `slot`: it becomes the newest of the next class.
    pub(crate) fn step_up(&mut self, slot: Slot) {
        let old = self.class_of[slot.index()];
        let above = self.class_links.newer(old);
        let Class { frequency, members } = self.class(old);
        let frequency = frequency.saturating_add(1);
        let alone = members.head() == members.tail();
        if alone && above.is_none_or(|above| self.class(above).frequency > frequency) {
            self.class_mut(old).frequency = frequency;
            return;
        }
        self.unlink(slot, old);
        // An empty class is dropped only now, since the new one comes after it.
        self.push(slot, frequency, Some(old), above);
        self.drop_if_empty(old);
    }

    /// Forgets `slot`.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let class = self.class_of[slot.index()];
        self.unlink(slot, class);
        self.drop_if_empty(class);
    }

    /// How often `slot`, which is held, was asked for.
    pub(crate) fn of(&self, slot: Slot) -> u64 {
        self.class(self.class_of[slot.index()]).frequency
    }

    /// Of the slots asked for least often, the one that has been so for longest.
    pub(crate) fn lowest_oldest(&self) -> Option<Slot> {
        self.class(self.order.tail()?).members.tail()
    }

    /// Of the slots asked for least often, the one that came to be so last.
    pub(crate) fn lowest_newest(&self) -> Option<Slot> {
        self.class(self.order.tail()?).members.head()
    }

    /// Of the slots asked for most often, the one that has been so for longest.
    pub(crate) fn highest_oldest(&self) -> Option<Slot> {
        self.class(self.order.head()?).members.tail()
    }

    /// The slots, from the lowest frequency to the highest or the other way round; of equals the oldest first.
    pub(crate) fn class_by_class(&self, highest_first: bool) -> impl Iterator<Item = Slot> {
        let mut classes = self.order.iter(&self.class_links).collect::<Vec<_>>();
        if highest_first {
            classes.reverse();
        }
        classes.into_iter().flat_map(|class| self.class(class).members.iter(&self.links))
    }

    /// Panics unless classes ascend, none is empty, and slots know theirs. Returns slots with their frequencies, from
    /// the lowest class to the highest, in each the oldest first.
    pub(crate) fn check_invariants(&self) -> Vec<(u64, Slot)> {
        let order = self.order.check_invariants(&self.class_links);
        assert_eq!(order.len(), self.classes.len(), "a class is out of order");
        let mut slots = Vec::new();
        let mut below = None;
        for class in order {
            let Class { frequency, members } = self.class(class);
            assert!(below < Some(*frequency), "frequency {frequency} follows {below:?}");
            below = Some(*frequency);
            let members = members.check_invariants(&self.links);
            assert!(!members.is_empty(), "an empty class of frequency {frequency}");
            assert!(members.iter().all(|slot| self.class_of[slot.index()] == class));
            slots.extend(members.into_iter().map(|slot| (*frequency, slot)));
        }
        slots
    }

    fn class(&self, class: Slot) -> &Class {
        self.classes.get(class).unwrap_or_else(|| unreachable!("a slot's class is in the slab"))
    }

    fn class_mut(&mut self, class: Slot) -> &mut Class {
        self.classes.get_mut(class).unwrap_or_else(|| unreachable!("a slot's class is in the slab"))
    }

    /// Puts `slot` into `class` if that has this frequency, else into a new class next to `below`.
    fn push(&mut self, slot: Slot, frequency: u64, below: Option<Slot>, class: Option<Slot>) {
        let class = class.filter(|class| self.class(*class).frequency == frequency).unwrap_or_else(|| {
            let Ok(class) = self.classes.insert(Class { frequency, members: List::new() }) else {
                unreachable!("there are no more classes than slots")
            };
            self.order.push_newer_than(&mut self.class_links, below, class);
            class
        });
        cover(&mut self.class_of, slot, Slot::NONE);
        self.class_of[slot.index()] = class;
        let Some(Class { members, .. }) = self.classes.get_mut(class) else { return };
        members.push_head(&mut self.links, slot);
    }

    fn unlink(&mut self, slot: Slot, class: Slot) {
        let Some(Class { members, .. }) = self.classes.get_mut(class) else { return };
        members.unlink(&mut self.links, slot);
    }

    fn drop_if_empty(&mut self, class: Slot) {
        if self.class(class).members.tail().is_none() {
            self.order.unlink(&mut self.class_links, class);
            self.classes.remove(class);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn classes_agree_with_a_sorted_vector(
            steps in prop::collection::vec((0..16_u32, 0..6_u8, 1..6_u64), 1..300),
        ) {
            let mut frequencies = Frequencies::new();
            let mut vector = Vec::<(u64, Slot)>::new(); // by frequency, in each the oldest first
            for (slot, action, frequency) in steps {
                let slot = Slot(slot);
                let held = vector.iter().position(|(_, other)| *other == slot).map(|place| vector.remove(place));
                let back = match (held, action) {
                    (None, _) => {
                        frequencies.insert(slot, frequency);
                        Some(frequency)
                    }
                    (Some(_), 0) => {
                        frequencies.remove(slot);
                        None
                    }
                    (Some((frequency, _)), _) => {
                        prop_assert_eq!(frequencies.of(slot), frequency);
                        frequencies.step_up(slot);
                        Some(frequency + 1)
                    }
                };
                if let Some(frequency) = back {
                    let place = vector.partition_point(|(other, _)| *other <= frequency);
                    vector.insert(place, (frequency, slot));
                }
                prop_assert_eq!(&frequencies.check_invariants(), &vector);
                let of = |class: Option<&(u64, Slot)>| {
                    let class = class.map(|(frequency, _)| *frequency);
                    vector.iter().filter(|(frequency, _)| Some(*frequency) == class).map(|(_, slot)| *slot).collect::<Vec<_>>()
                };
                let (lowest, highest) = (of(vector.first()), of(vector.last()));
                prop_assert_eq!(frequencies.lowest_oldest(), lowest.first().copied());
                prop_assert_eq!(frequencies.lowest_newest(), lowest.last().copied());
                prop_assert_eq!(frequencies.highest_oldest(), highest.first().copied());
            }
        }
    }
}
