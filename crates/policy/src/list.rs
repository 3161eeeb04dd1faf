//! Doubly linked lists over slots: all link surgery of the crate.

use crate::{Slot, slab::cover};

#[derive(Clone, Copy, Debug)]
struct Link {
    newer: Slot,
    older: Slot,
}

/// The links of every slot of one slab, shared by all the lists that a slot may be on. Eight bytes per slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links(Vec<Link>);

impl Links {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    fn link(&mut self, slot: Slot) -> &mut Link {
        &mut self.0[slot.index()]
    }

    /// The neighbour of `slot` on the side of the head, which came in later.
    pub(crate) fn newer(&self, slot: Slot) -> Option<Slot> {
        some(self.0[slot.index()].newer)
    }
}

/// One queue: the newest slot at its head, the oldest at its tail. A slot is on at most one list of its [`Links`]; the
/// caller knows which.
#[derive(Clone, Debug)]
pub(crate) struct List {
    head: Slot,
    tail: Slot,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self { head: Slot::NONE, tail: Slot::NONE }
    }

    /// The oldest slot.
    pub(crate) fn tail(&self) -> Option<Slot> {
        some(self.tail)
    }

    /// The newest slot.
    pub(crate) fn head(&self) -> Option<Slot> {
        some(self.head)
    }

    /// Puts `slot`, which is on no list, before the newest.
    pub(crate) fn push_head(&mut self, links: &mut Links, slot: Slot) {
        cover(&mut links.0, slot, Link { newer: Slot::NONE, older: Slot::NONE });
        *links.link(slot) = Link { newer: Slot::NONE, older: self.head };
        match some(self.head) {
            Some(head) => links.link(head).newer = slot,
            None => self.tail = slot,
        }
        self.head = slot;
    }

    /// Puts `slot`, which is on no list, next to `older`, which is on this one; `None` puts it at the tail.
    pub(crate) fn push_newer_than(&mut self, links: &mut Links, older: Option<Slot>, slot: Slot) {
        let newer = older.map_or(self.tail(), |older| links.newer(older));
        let Some(newer) = newer else {
            return self.push_head(links, slot);
        };
        cover(&mut links.0, slot, Link { newer: Slot::NONE, older: Slot::NONE });
        *links.link(slot) = Link { newer, older: older.unwrap_or(Slot::NONE) };
        links.link(newer).older = slot;
        match older {
            Some(older) => links.link(older).newer = slot,
            None => self.tail = slot,
        }
    }

    /// Takes `slot`, which is on this list, out.
    pub(crate) fn unlink(&mut self, links: &mut Links, slot: Slot) {
        let Link { newer, older } = *links.link(slot);
        match some(newer) {
            Some(newer) => links.link(newer).older = older,
            None => self.head = older,
        }
        match some(older) {
            Some(older) => links.link(older).newer = newer,
            None => self.tail = newer,
        }
    }

    /// Takes the oldest slot out.
    pub(crate) fn pop_tail(&mut self, links: &mut Links) -> Option<Slot> {
        let tail = self.tail()?;
        self.unlink(links, tail);
        Some(tail)
    }

    /// Takes the newest slot out.
    pub(crate) fn pop_head(&mut self, links: &mut Links) -> Option<Slot> {
        let head = self.head()?;
        self.unlink(links, head);
        Some(head)
    }

    /// The slots from the oldest to the newest.
    pub(crate) fn iter<'a>(&self, links: &'a Links) -> impl Iterator<Item = Slot> + use<'a> {
        std::iter::successors(self.tail(), |slot| links.newer(*slot))
    }

    /// Panics unless the links agree in both directions. Returns the slots, the oldest first.
    pub(crate) fn check_invariants(&self, links: &Links) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut older = Slot::NONE;
        for slot in self.iter(links) {
            assert_eq!(links.0[slot.index()].older, older, "links disagree at {slot:?}");
            assert!(slots.len() < links.0.len(), "the list runs in a circle");
            slots.push(slot);
            older = slot;
        }
        assert_eq!(self.head, older, "the head is not the newest");
        slots
    }

    /// Moves `slot`, which is on this list, to the head.
    pub(crate) fn move_to_head(&mut self, links: &mut Links, slot: Slot) {
        if self.head != slot {
            self.unlink(links, slot);
            self.push_head(links, slot);
        }
    }
}

fn some(slot: Slot) -> Option<Slot> {
    (slot != Slot::NONE).then_some(slot)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SLOTS: u32 = 12;

    proptest! {
        /// Two lists share the links of one slab, as in a policy with two queues.
        #[test]
        fn lists_agree_with_vectors(steps in prop::collection::vec((0..SLOTS, 0..2_usize, 0..6_u8), 1..200)) {
            let mut links = Links::new();
            let mut lists = [List::new(), List::new()];
            let mut vectors = [Vec::new(), Vec::new()]; // the oldest first
            for (slot, at, action) in steps {
                let slot = Slot(slot);
                let on = vectors.iter().position(|vector| vector.contains(&slot));
                match (on, action) {
                    (None, _) => {
                        lists[at].push_head(&mut links, slot);
                        vectors[at].push(slot);
                    }
                    (Some(on), 0) => {
                        lists[on].move_to_head(&mut links, slot);
                        vectors[on].retain(|other| *other != slot);
                        vectors[on].push(slot);
                    }
                    (Some(on), 1) => {
                        lists[on].unlink(&mut links, slot);
                        vectors[on].retain(|other| *other != slot);
                    }
                    (Some(_), 2) => {
                        let expected = (!vectors[at].is_empty()).then(|| vectors[at].remove(0));
                        prop_assert_eq!(lists[at].pop_tail(&mut links), expected);
                    }
                    (Some(_), 3) => prop_assert_eq!(lists[at].pop_head(&mut links), vectors[at].pop()),
                    (Some(on), 4) => {
                        lists[on].unlink(&mut links, slot);
                        vectors[on].retain(|other| *other != slot);
                        let place = slot.index() % (vectors[at].len() + 1);
                        let older = place.checked_sub(1).map(|older| vectors[at][older]);
                        lists[at].push_newer_than(&mut links, older, slot);
                        vectors[at].insert(place, slot);
                    }
                    (Some(on), _) => {
                        lists[on].unlink(&mut links, slot);
                        vectors[on].retain(|other| *other != slot);
                        lists[at].push_head(&mut links, slot);
                        vectors[at].push(slot);
                    }
                }
                for (list, vector) in lists.iter().zip(&vectors) {
                    prop_assert_eq!(&list.check_invariants(&links), vector);
                    prop_assert_eq!(list.head(), vector.last().copied());
                }
            }
        }
    }
}
