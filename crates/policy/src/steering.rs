//! How large `auto`'s small queue should be, found out from who comes back.
//!
//! A key that comes back just after it left small would have been held by a small queue only a little longer: the share
//! grows a step. One that comes back just after it left main says the opposite. Between them the share settles where one more
//! entry is worth as much in either queue. A loop longer than the cache sends no signal at all, and wants a short small queue:
//! so whatever leaves small takes a little of the share with it, a slow leak that only signals make up for.
//!
//! Steps are a few entries' worth, twice as long at first as later on. All is counted in whole numbers: the same requests
//! lead to the same share on every machine.

/// A share of one. Fine enough for the leak of a cache of 2^32 entries.
const WHOLE: u64 = 1 << 48;
const LEAST: u64 = WHOLE / 100;
const MOST: u64 = WHOLE / 10 * 9;
/// A step's length in entries in the long run.
const STEP_ENTRIES: u64 = 4;
/// If nothing comes back, the share falls by one part in so many while a whole capacity leaves small.
const LEAK_PARTS: u64 = 20;

#[derive(Clone, Debug)]
pub(crate) struct Steering {
    capacity: u64,
    share: u64,
    /// All that ever left the cache, in units of weight.
    evicted: u64,
    /// What the share comes to.
    target: u64,
    steers: bool,
    leaks: bool,
}

impl Steering {
    pub(crate) const fn new(capacity: u64, steers: bool, leaks: bool) -> Self {
        let mut new = Self { capacity, share: 0, evicted: 0, target: 0, steers, leaks };
        new.set(LEAST);
        new
    }

    /// What small should weigh.
    pub(crate) const fn target(&self) -> u64 {
        self.target
    }

    /// The share, from 0.01 to 0.9.
    pub(crate) fn share(&self) -> f64 {
        self.share as f64 / WHOLE as f64
    }

    /// A key came back just after it left small: that should be longer.
    pub(crate) fn lengthen(&mut self, entries: usize) {
        if self.steers {
            self.set(self.share + self.step(entries));
        }
    }

    /// A key came back just after it left main: small should be shorter.
    pub(crate) fn shorten(&mut self, entries: usize) {
        if self.steers {
            self.set(self.share.saturating_sub(self.step(entries)));
        }
    }

    /// An entry left, from small or from main; the others and itself are so many.
    pub(crate) fn evicted(&mut self, weight: u64, from_small: bool, entries: usize) {
        self.evicted = self.evicted.saturating_add(weight);
        if from_small && self.steers && self.leaks {
            self.set(self.share - self.share / (LEAK_PARTS * entries as u64));
        }
    }

    pub(crate) const fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.set(self.share);
    }

    fn step(&self, entries: usize) -> u64 {
        let step = STEP_ENTRIES * WHOLE / entries.max(1) as u64;
        let (capacity, evicted) = (u128::from(self.capacity), u128::from(self.evicted));
        let more = u128::from(step) * capacity / (capacity + evicted).max(1);
        step + more as u64
    }

    const fn set(&mut self, share: u64) {
        self.share = if share < LEAST {
            LEAST
        } else if share > MOST {
            MOST
        } else {
            share
        };
        let target = ((self.share as u128 * self.capacity as u128) / WHOLE as u128) as u64;
        let most = self.capacity.saturating_sub(1);
        let target = if target > most { most } else { target };
        self.target = if target == 0 { 1 } else { target };
    }

    pub(crate) fn check_invariants(&self) {
        assert!((LEAST..=MOST).contains(&self.share));
        assert!(self.target >= 1 && self.target <= self.capacity.saturating_sub(1).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_eight_entries_long_at_first_and_four_later() {
        let mut steering = Steering::new(1_000, true, true);
        steering.lengthen(1_000);
        assert_eq!(steering.target(), 17); // 10 and 8, less what is lost to whole numbers
        (0..1_000).for_each(|_| steering.evicted(1_000, false, 1_000));
        (0..10).for_each(|_| steering.lengthen(1_000));
        assert_eq!(steering.target(), 58);
        steering.shorten(1_000);
        assert_eq!(steering.target(), 54);
        steering.check_invariants();
    }

    #[test]
    fn the_share_stays_within_its_limits_and_leaks_towards_the_lower() {
        let mut steering = Steering::new(100, true, true);
        (0..100).for_each(|_| steering.lengthen(100));
        assert_eq!((steering.target(), steering.share() > 0.89), (89, true));
        (0..20_000).for_each(|_| steering.evicted(1, true, 100));
        assert_eq!(steering.target(), 1);
        steering.shorten(100);
        steering.resize(1_000);
        assert_eq!(steering.target(), 9);
        steering.check_invariants();
    }

    #[test]
    fn capacities_of_one_object_and_of_more_than_there_can_be_have_a_small_queue() {
        for capacity in [0, 1, 2, u64::MAX] {
            let mut steering = Steering::new(capacity, true, true);
            for _ in 0..50 {
                steering.lengthen(1);
                steering.evicted(u64::MAX, true, 1);
                steering.check_invariants();
            }
        }
    }
}
