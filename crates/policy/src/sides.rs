//! A cache in two parts, entries used once and entries used again, with the history of what left either: the ground
//! that ARC and CAR stand on.

use crate::{
    Slot,
    history::{History, Side},
    list::{Links, List},
    slab::cover,
};

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    hash: u64,
    weight: u64,
    side: Side,
}

#[derive(Clone, Debug)]
struct Part {
    list: List,
    /// Wide enough for any number of entries of any weight.
    weight: u128,
}

/// 32 bytes per entry, about 35 per departed one; of these there are at most as many as entries fit in.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    links: Links,
    /// By slot.
    entries: Vec<Entry>,
    /// T1.
    recent: Part,
    /// T2.
    frequent: Part,
    pub(crate) history: History,
}

impl Sides {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self {
            links: Links::new(),
            entries: Vec::new(),
            recent: Part { list: List::new(), weight: 0 },
            frequent: Part { list: List::new(), weight: 0 },
            history: History::new(capacity),
        }
    }

    const fn part(&self, side: Side) -> &Part {
        match side {
            Side::Recent => &self.recent,
            Side::Frequent => &self.frequent,
        }
    }

    const fn part_mut(&mut self, side: Side) -> (&mut Part, &mut Links) {
        match side {
            Side::Recent => (&mut self.recent, &mut self.links),
            Side::Frequent => (&mut self.frequent, &mut self.links),
        }
    }

    /// The oldest entry of a part.
    pub(crate) fn tail(&self, side: Side) -> Option<Slot> {
        self.part(side).list.tail()
    }

    /// How much of the cache a part holds.
    #[expect(clippy::cast_precision_loss, reason = "compared with a target that is no more precise")]
    pub(crate) const fn weight(&self, side: Side) -> f64 {
        self.part(side).weight as f64
    }

    /// An entry comes in: to the frequent part if the history remembers it.
    pub(crate) fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let side = self.history.admit(hash);
        cover(&mut self.entries, slot, Entry::default());
        self.entries[slot.index()] = Entry { hash, weight, side };
        self.push(slot, side);
        self.history.trim(self.recent.weight, self.frequent.weight);
    }

    fn push(&mut self, slot: Slot, side: Side) {
        let entry = &mut self.entries[slot.index()];
        entry.side = side;
        let weight = entry.weight;
        let (part, links) = self.part_mut(side);
        part.weight += u128::from(weight);
        part.list.push_head(links, slot);
    }

    pub(crate) fn remove(&mut self, slot: Slot) {
        let Entry { weight, side, .. } = self.entries[slot.index()];
        let (part, links) = self.part_mut(side);
        part.weight -= u128::from(weight);
        part.list.unlink(links, slot);
    }

    /// Makes `slot` the newest of the frequent part.
    pub(crate) fn renew(&mut self, slot: Slot) {
        if self.entries[slot.index()].side == Side::Frequent {
            self.frequent.list.move_to_head(&mut self.links, slot);
        } else {
            self.remove(slot);
            self.push(slot, Side::Frequent);
        }
    }

    /// The entry leaves and is remembered.
    pub(crate) fn evict(&mut self, slot: Slot) -> Slot {
        self.remove(slot);
        let Entry { hash, weight, side } = self.entries[slot.index()];
        self.history.push(side, hash, weight);
        slot
    }

    pub(crate) fn reweigh(&mut self, slot: Slot, weight: u64) {
        let entry = &mut self.entries[slot.index()];
        let before = std::mem::replace(&mut entry.weight, weight);
        let (part, _) = match entry.side {
            Side::Recent => (&mut self.recent, ()),
            Side::Frequent => (&mut self.frequent, ()),
        };
        part.weight = part.weight - u128::from(before) + u128::from(weight);
    }

    pub(crate) fn resize(&mut self, capacity: u64) {
        self.history.resize(capacity);
        self.history.trim(self.recent.weight, self.frequent.weight);
    }

    /// A copy that remembers nothing of what left, and will not.
    pub(crate) fn without_ghosts(&self) -> Self {
        Self { history: self.history.without_ghosts(), ..self.clone() }
    }

    pub(crate) fn check_invariants(&self) {
        for side in [Side::Recent, Side::Frequent] {
            let slots = self.part(side).list.check_invariants(&self.links);
            assert!(slots.iter().all(|slot| self.entries[slot.index()].side == side));
            let weight = slots.iter().map(|slot| u128::from(self.entries[slot.index()].weight)).sum::<u128>();
            assert_eq!(self.part(side).weight, weight);
        }
        self.history.check_invariants();
    }
}
