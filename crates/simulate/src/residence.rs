//! Where an object is, or why it is not there, in four bytes.

use nuthatch_policy::Slot;

use crate::objects::Objects;

/// The slot of an object that is held; else what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Residence(u32);

impl Residence {
    /// It was never stored.
    pub(crate) const NEVER: Self = Self(u32::MAX);
    /// It left to make room.
    pub(crate) const EVICTED: Self = Self(u32::MAX - 1);

    /// It is held at `slot`.
    pub(crate) const fn held(slot: Slot) -> Self {
        debug_assert!(slot.index() < Objects::MAX_LEN, "there are no more slots than objects");
        Self(slot.0)
    }

    /// Its slot, if it is held.
    pub(crate) fn slot(self) -> Option<Slot> {
        (self.0 < Self::EVICTED.0).then_some(Slot(self.0))
    }
}
