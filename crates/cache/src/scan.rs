//! Walking over a cache in steps, while it is in use.

use nuthatch_policy::Slot;

/// Where a [`scan`](crate::Cache::scan) stands: opaque, and as small as a number so that it can travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u64);

impl Cursor {
    /// Where a scan starts, and what it returns when it has ended.
    pub const START: Self = Self(0);

    pub(crate) fn new(shard: usize, slot: Slot) -> Self {
        Self(((shard as u64) << 32) | u64::from(slot.0))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart on purpose")]
    pub(crate) fn parts(self) -> (usize, Slot) {
        ((self.0 >> 32) as usize, Slot(self.0 as u32))
    }
}
