//! Where an object is, or why it is not there, in four bytes.

use nuthatch_policy::Slot;

use crate::objects::Objects;

/// The slot of an object that is held, and whether it was read there; else what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Residence(u32);

/// Set in the residence of an object that was read since it came in.
const READ: u32 = 1 << 31;
/// Residences from here on are no slots, read or not.
const ABSENT: u32 = u32::MAX - 4;
const _: () = assert!(READ as usize + Objects::MAX_LEN <= ABSENT as usize, "no slot looks like an absence");

impl Residence {
    /// It was never stored.
    pub(crate) const NEVER: Self = Self(ABSENT);
    /// It left to make room.
    pub(crate) const EVICTED: Self = Self(ABSENT + 1);
    /// Its time to live passed.
    pub(crate) const EXPIRED: Self = Self(ABSENT + 2);
    /// It was deleted.
    pub(crate) const DELETED: Self = Self(ABSENT + 3);
    /// It was refused, being larger than the cache.
    pub(crate) const REFUSED: Self = Self(ABSENT + 4);
    /// So many ways there are not to be there.
    pub(crate) const ABSENCES: usize = 5;

    /// It came in at `slot` just now.
    pub(crate) const fn held(slot: Slot) -> Self {
        debug_assert!(slot.index() < Objects::MAX_LEN, "there are no more slots than objects");
        Self(slot.0)
    }

    /// Its slot, if it is held.
    pub(crate) fn slot(self) -> Option<Slot> {
        (self.0 < ABSENT).then_some(Slot(self.0 & !READ))
    }

    /// It is held and was read.
    pub(crate) const fn mark_read(&mut self) {
        self.0 |= READ;
    }

    /// Whether it is held and was read.
    pub(crate) const fn was_read(self) -> bool {
        self.0 & READ != 0
    }

    /// Which of the absences it is, from 0 for [`NEVER`](Self::NEVER) in the order above.
    pub(crate) const fn absence(self) -> usize {
        (self.0 - ABSENT) as usize
    }
}
