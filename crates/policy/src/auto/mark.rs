//! What `auto` notes of an entry where a hit can change it: one byte.

use crate::departed::COUNT_MAX;

// From the lowest bit. Laps that the entry is spared, one for each hit since it came to its queue:
const LAPS: u8 = 0b111;
// How often it was asked for lately:
const COUNT_SHIFT: u32 = 3;
const COUNT: u8 = COUNT_MAX << COUNT_SHIFT;
const MAIN: u8 = 1 << 6;
// Which halving of the counts it has seen:
const EPOCH: u8 = 1 << 7;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark(u8);

/// A halving of all counts; it is told from the one before, and all marks catch up with it before the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch(u8);

impl Epoch {
    pub(super) const fn next(self) -> Self {
        Self(self.0 ^ EPOCH)
    }
}

impl Mark {
    pub(super) const fn new(count: u8, epoch: Epoch) -> Self {
        Self(count << COUNT_SHIFT | epoch.0)
    }

    pub(super) const fn in_main(self) -> bool {
        self.0 & MAIN != 0
    }

    pub(super) const fn laps(self) -> u8 {
        self.0 & LAPS
    }

    pub(super) const fn count(self, epoch: Epoch) -> u8 {
        let count = (self.0 & COUNT) >> COUNT_SHIFT;
        if self.0 & EPOCH == epoch.0 { count } else { count / 2 }
    }

    pub(super) const fn catch_up(&mut self, epoch: Epoch) {
        self.0 = self.0 & (LAPS | MAIN) | self.count(epoch) << COUNT_SHIFT | epoch.0;
    }

    /// Counts up to seven, and spares up to seven laps.
    pub(super) fn hit(&mut self, epoch: Epoch) {
        if self.0 & EPOCH != epoch.0 {
            self.catch_up(epoch);
        }
        self.0 += u8::from(self.0 & LAPS != LAPS);
        self.0 += u8::from(self.0 & COUNT != COUNT) << COUNT_SHIFT;
    }

    /// The entry is new to a queue, and no hit there was counted yet.
    pub(super) const fn come_to(&mut self, main: bool) {
        self.0 &= !(LAPS | MAIN);
        if main {
            self.0 |= MAIN;
        }
    }

    /// Takes a lap if there is one.
    pub(super) const fn spend_lap(&mut self) -> bool {
        let has_laps = self.laps() > 0;
        if has_laps {
            self.0 -= 1;
        }
        has_laps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_count_up_to_seven_and_a_halving_is_caught_up_with_once() {
        let (mut mark, first) = (Mark::new(1, Epoch::default()), Epoch::default());
        mark.come_to(true);
        for hits in 1..=9 {
            mark.hit(first);
            assert_eq!(
                (mark.count(first), mark.laps(), mark.in_main()),
                ((1 + hits).min(7), hits.min(7), true)
            );
        }
        let second = first.next();
        assert_eq!(mark.count(second), 3);
        mark.catch_up(second);
        mark.catch_up(second);
        assert_eq!(mark.count(second), 3);
        mark.hit(second.next());
        assert_eq!((mark.count(second.next()), mark.laps()), (2, 7));
    }

    #[test]
    fn laps_are_spent_one_by_one_and_begin_anew_in_another_queue() {
        let mut mark = Mark::new(5, Epoch::default());
        mark.hit(Epoch::default());
        assert!(mark.spend_lap() && !mark.spend_lap());
        mark.hit(Epoch::default());
        mark.come_to(true);
        assert!(!mark.spend_lap() && mark.in_main());
        mark.come_to(false);
        assert_eq!((mark.in_main(), mark.count(Epoch::default())), (false, 7));
    }
}
