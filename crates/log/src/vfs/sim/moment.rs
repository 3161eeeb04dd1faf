//! A history gone through change by change.

use std::vec;

use super::{
    Sim,
    disk::{Disk, Op},
    survive::Survival,
};

/// Goes through a history, from before its first change to after its last.
#[derive(Debug)]
pub struct Moments {
    moment: Moment,
    ops: vec::IntoIter<Op>,
    passed: usize,
}

/// A disk and its page cache at one moment.
#[derive(Clone, Debug)]
pub struct Moment {
    disk: Disk,
}

impl Moments {
    pub(super) fn new(base: Disk, ops: Vec<Op>) -> Self {
        Self { moment: Moment::new(base), ops: ops.into_iter(), passed: 0 }
    }

    /// The moment that it is at.
    #[must_use]
    pub fn moment(&self) -> &Moment {
        &self.moment
    }

    /// How many changes came before it, as [`Sim::ops`] counts them.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Goes to the next moment; false if this is the last.
    pub fn advance(&mut self) -> bool {
        let Some(op) = self.ops.next() else {
            return false;
        };
        let done = self.moment.disk.apply(&op);
        debug_assert!(done.is_ok(), "what went once goes again");
        self.passed += 1;
        true
    }
}

impl Moment {
    pub(super) fn new(disk: Disk) -> Self {
        Self { disk }
    }

    /// How many images a power cut may leave, torn at 512 bytes, some of them alike; `u64::MAX` if there are more.
    #[must_use]
    pub fn ways(&self) -> u64 {
        self.disk.ways()
    }

    /// The disk as the next process finds it if the one before dies here and the power stays on.
    #[must_use]
    pub fn restarted(&self) -> Sim {
        Sim::on(self.disk.clone())
    }

    /// A disk as a power cut here may leave it, with nothing pending.
    #[must_use]
    pub fn survivor(&self, survival: Survival) -> Sim {
        Sim::on(self.disk.survivor(survival))
    }
}
