//! SIEVE on a vector.

use nuthatch_policy::Slot;

use crate::twin::Twin;

/// Slots with their marks, and how many of the oldest the hand has passed in this lap.
#[derive(Default)]
pub(crate) struct Sieve {
    queue: Vec<(Slot, bool)>,
    passed: usize,
}

impl Twin for Sieve {
    fn insert(&mut self, slot: Slot, _: u64, _: u64) {
        self.queue.push((slot, false));
    }

    fn hit(&mut self, slot: Slot) {
        for (other, marked) in &mut self.queue {
            *marked |= *other == slot;
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.queue.is_empty() {
            return None;
        }
        loop {
            if self.passed == self.queue.len() {
                self.passed = 0;
            }
            if !self.queue[self.passed].1 {
                let victim = self.queue.remove(self.passed).0;
                // Past the newest there is nothing to look at, and what comes in next is not to be the first.
                if self.passed == self.queue.len() {
                    self.passed = 0;
                }
                return Some(victim);
            }
            self.queue[self.passed].1 = false;
            self.passed += 1;
            if self.passed == self.queue.len() {
                self.passed = 0;
            }
        }
    }

    fn remove(&mut self, slot: Slot) {
        let place = self.queue.iter().position(|(other, _)| *other == slot);
        let place = place.unwrap_or_else(|| panic!("{slot:?} is not held"));
        self.queue.remove(place);
        if place < self.passed {
            self.passed -= 1;
        }
        if self.passed == self.queue.len() {
            self.passed = 0;
        }
    }
}
