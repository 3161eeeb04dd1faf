//! The epochs of the values that are being made.

use std::collections::BTreeMap;

/// How many values were begun in each epoch and are not finished.
#[derive(Debug, Default)]
pub(super) struct Begun(BTreeMap<u64, usize>);

impl Begun {
    pub(super) fn add(&mut self, epoch: u64) {
        *self.0.entry(epoch).or_default() += 1;
    }

    pub(super) fn remove(&mut self, epoch: u64) {
        if let Some(count) = self.0.get_mut(&epoch) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&epoch);
            }
        }
    }

    /// The oldest, later than all epochs if there is none.
    pub(super) fn oldest(&self) -> u64 {
        self.0.first_key_value().map_or(u64::MAX, |(epoch, _)| *epoch)
    }
}
