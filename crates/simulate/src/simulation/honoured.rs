//! Accesses whose operations and times to live are honoured.

use std::{cmp::Reverse, collections::BinaryHeap};

use nuthatch_policy::Slot;
use nuthatch_trace::Op;

use super::Simulation;
use crate::{
    access::{Access, Terms},
    residence::Residence,
};

/// When entries expire. The time does not run backwards, whatever the trace says.
#[derive(Default)]
pub(super) struct Expiries {
    now_us: u64,
    /// By slot: the deadline of the entry there; [`Terms::FOR_EVER`] where there is none.
    deadlines_us: Vec<u64>,
    /// The next first. Those that `deadlines_us` does not confirm are of entries that left or were overwritten.
    next: BinaryHeap<Reverse<(u64, Slot)>>,
}

impl Expiries {
    /// The entry at `slot` was stored now.
    fn stored(&mut self, slot: Slot, ttl_us: u64) {
        let deadline = self.now_us.saturating_add(ttl_us);
        if self.deadlines_us.len() <= slot.index() {
            if deadline == Terms::FOR_EVER {
                return;
            }
            self.deadlines_us.resize(slot.index() + 1, Terms::FOR_EVER);
        }
        self.deadlines_us[slot.index()] = deadline;
        if deadline != Terms::FOR_EVER {
            self.next.push(Reverse((deadline, slot)));
        }
    }

    /// An entry that is due, once.
    fn due(&mut self) -> Option<Slot> {
        while let Some(Reverse((deadline, slot))) =
            self.next.peek().copied().filter(|next| next.0.0 <= self.now_us)
        {
            self.next.pop();
            if self.deadlines_us[slot.index()] == deadline {
                self.left(slot);
                return Some(slot);
            }
        }
        None
    }

    /// There is no entry at `slot` any more.
    pub(super) fn left(&mut self, slot: Slot) {
        if let Some(deadline) = self.deadlines_us.get_mut(slot.index()) {
            *deadline = Terms::FOR_EVER;
        }
    }
}

impl Simulation {
    pub(super) fn obey(&mut self, access: Access, terms: Terms) {
        self.expiries.now_us = self.expiries.now_us.max(terms.time_us);
        while let Some(slot) = self.expiries.due() {
            self.keeper.remove(slot);
            self.detach(slot, Residence::EXPIRED);
        }
        let stored = match terms.op {
            Op::Read => self.read(access),
            Op::Write => {
                self.counts.writes += 1;
                self.write(access)
            }
            Op::Delete => {
                self.counts.deletes += 1;
                self.remove(access, Residence::DELETED);
                None
            }
        };
        if let Some(slot) = stored {
            self.expiries.stored(slot, terms.ttl_us);
        }
    }

    /// Stores an object, held or not. Returns its slot, unless it does not fit.
    fn write(&mut self, access: Access) -> Option<Slot> {
        if let Some(oracle) = &self.oracle {
            oracle.tell(access.next_use);
        }
        let weight = self.weight_of(access);
        if weight.get() > self.capacity {
            self.remove(access, Residence::REFUSED);
            self.counts.rejections += 1;
            return None;
        }
        let Some(slot) = self.slot_of(access) else { return self.fill(access) };
        self.overwrite(slot, access);
        // As in the live cache, the entry itself may be the one that has to leave.
        while self.evict(self.weight > self.capacity) {}
        self.slot_of(access)
    }

    /// What was written takes the place of what was there, which was held until now.
    fn overwrite(&mut self, slot: Slot, access: Access) {
        let (weight, accesses) = (self.weight_of(access), self.counts.accesses());
        let residence = &mut self.residences[access.object as usize];
        let read = residence.was_read();
        *residence = Residence::held(slot);
        let Some(entry) = self.entries.get_mut(slot) else {
            unreachable!("an object lives where nothing is held")
        };
        self.counts.note_held(entry, read);
        entry.since = accesses;
        let before = std::mem::replace(&mut entry.weight, weight);
        if before != weight {
            self.weight = (self.weight - before.get()).saturating_add(weight.get());
            self.keeper.reweigh(slot, weight.get());
        }
        self.keeper.hit(slot);
    }

    fn remove(&mut self, access: Access, absence: Residence) {
        if let Some(slot) = self.slot_of(access) {
            self.keeper.remove(slot);
            self.detach(slot, absence);
        } else if absence == Residence::REFUSED {
            self.know(access.object);
            self.residences[access.object as usize] = absence;
        }
    }

    fn slot_of(&self, access: Access) -> Option<Slot> {
        self.residences.get(access.object as usize).and_then(|residence| residence.slot())
    }
}
