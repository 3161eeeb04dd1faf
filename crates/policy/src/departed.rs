//! What is remembered of entries that left: who left lately and from which queue, and about how often all others were
//! asked for.
//!
//! All that is known of a hash is in one line of 64 bytes, so that a miss looks at one line and an eviction writes one. A
//! line has eleven records of four bytes, each of an entry that left: 15 bits of its hash, the queue, a count of requests,
//! and when it left by the clock of that queue, which goes on by the weight of what leaves. The rest of the line is a sketch
//! of two-bit counters, two for each hash, for those that have no record any more: one that is too old, or the nearest to
//! that in a full line, raises its counters when it goes.
//!
//! A record that is too old is dropped when its place is needed or the sweep comes by; until then its age tells. The sweep
//! visits a line every few misses, so that no record is still there when the clock has gone round and makes it look young.
//!
//! Counts are halved now and then, all at once in effect: a line notes whether it has seen the last halving, and catches up
//! when it is next looked at.
//!
//! Lines double with the entries held, as a capacity in bytes does not tell their number. Since a hash goes to the line that
//! its low bits name, twice the lines are two copies of what there is; most of them are made while the cache fills and
//! nothing has left yet. A smaller cache folds them in half again.
//!
//! Cost: O(1), one cache line; doubling O(1) amortised. Memory: 14.5 to 29 bytes per entry held, at least 4 KiB. Two keys of
//! a line that agree in 15 more bits are taken for one: of a thousand strangers, less than one is taken for a ghost.

mod line;
mod record;

use line::Line;
use record::{Clocks, Record};

/// The highest count of a record.
pub(crate) const COUNT_MAX: u8 = 7;

const LINES_MIN: usize = 64;
/// A line is enough for so many entries, in tenths: for 8.8 ghosts, or else one in twelve would find no place.
const ENTRIES_PER_LINE_TENTHS: usize = 44;
const MISSES_PER_SWEPT_LINE: u64 = 4;

/// The queue that an entry left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Small,
    Main,
}

/// What is known of a key that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The queue it left not long ago.
    pub(crate) left: Option<Left>,
    /// Whether that was but a twentieth of the capacity ago, in what left the same queue.
    pub(crate) near: bool,
    /// How often it was asked for lately, this time not counted.
    pub(crate) count: u8,
}

#[derive(Clone, Debug)]
pub(crate) struct Departed {
    capacity: u64,
    /// A power of two of them.
    lines: Vec<Line>,
    clocks: Clocks,
    /// Which halving was the last: 0 or 1.
    epoch: u32,
    misses: u64,
    /// The line that was swept last.
    swept: usize,
    /// How many were swept since the last halving.
    swept_since: usize,
}

impl Departed {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            lines: vec![Line::EMPTY; LINES_MIN],
            clocks: Clocks::new(capacity),
            epoch: 0,
            misses: 0,
            swept: 0,
            swept_since: 0,
        }
    }

    /// Says what is known of `hash` and takes its record out.
    pub(crate) fn take(&mut self, hash: u64) -> Known {
        self.sweep_now_and_then();
        let (clocks, mixed) = (self.clocks, mix(hash));
        self.line(mixed).take(Record::fingerprint_of(mixed), &clocks)
    }

    /// Remembers an entry that leaves.
    pub(crate) fn remember(&mut self, hash: u64, left: Left, count: u8, weight: u64) {
        self.clocks.advance(left, weight);
        let (clocks, mixed) = (self.clocks, mix(hash));
        let record = Record::new(Record::fingerprint_of(mixed), left, count);
        let line = self.line(mixed);
        if left == Left::Main {
            line.raise(record);
        }
        line.put(clocks.stamped(record), &clocks);
    }

    /// Halves all counts. Once every line has seen the last halving: see [`may_halve`](Self::may_halve).
    pub(crate) const fn halve(&mut self) {
        self.epoch ^= 1;
        self.swept_since = 0;
    }

    pub(crate) const fn may_halve(&self) -> bool {
        self.swept_since >= self.lines.len()
    }

    /// Doubles the lines while they are too few for so many entries.
    pub(crate) fn grow_to(&mut self, entries: usize) {
        while entries.saturating_mul(10) > self.lines.len() * ENTRIES_PER_LINE_TENTHS {
            self.lines.reserve_exact(self.lines.len());
            self.lines.extend_from_within(..);
        }
    }

    /// The capacity is another, and may turn out to be held by so many entries.
    pub(crate) fn resize(&mut self, capacity: u64, entries: u64) {
        let before = self.clocks;
        self.capacity = capacity;
        self.clocks = before.resized(capacity);
        let entries = usize::try_from(entries).unwrap_or(usize::MAX);
        for line in &mut self.lines {
            line.catch_up(self.epoch);
            line.tell_time_by(&self.clocks, &before);
        }
        while self.lines.len() > LINES_MIN
            && entries.saturating_mul(10) <= self.lines.len() / 2 * ENTRIES_PER_LINE_TENTHS
        {
            let upper = self.lines.split_off(self.lines.len() / 2);
            for (line, folded) in self.lines.iter_mut().zip(&upper) {
                line.take_in(folded, &self.clocks);
            }
        }
        self.lines.shrink_to_fit();
        self.swept &= self.lines.len() - 1;
    }

    /// One that remembers nothing.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.capacity)
    }

    pub(crate) fn check_invariants(&self) {
        assert!(self.lines.len().is_power_of_two() && self.swept < self.lines.len());
        self.clocks.check_invariants();
    }

    /// Forgets what is too old in one more line, every few misses.
    fn sweep_now_and_then(&mut self) {
        self.misses = self.misses.wrapping_add(1);
        if self.misses.is_multiple_of(MISSES_PER_SWEPT_LINE) {
            self.swept = (self.swept + 1) & (self.lines.len() - 1);
            self.swept_since += 1;
            let line = &mut self.lines[self.swept];
            line.catch_up(self.epoch);
            line.forget_what_is_too_old(&self.clocks);
        }
    }

    #[inline]
    fn line(&mut self, mixed: u64) -> &mut Line {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is asked for")]
        let index = mixed as usize & (self.lines.len() - 1);
        let line = &mut self.lines[index];
        line.catch_up(self.epoch);
        line
    }
}

/// Spreads a hash that differs from others in some bits only over all of them.
///
/// Source: the first half of the finaliser of Steele, Lea and Flood's SplitMix, OOPSLA 2014.
const fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(key: u64) -> u64 {
        crate::spread(key)
    }

    /// For so many entries, all of which left small one after the other, with a count of 1 to 7.
    fn departed(capacity: u64) -> Departed {
        let mut departed = Departed::new(capacity);
        departed.grow_to(usize::try_from(capacity).unwrap());
        (0..capacity).for_each(|key| departed.remember(hash(key), Left::Small, key as u8 % 7 + 1, 1));
        departed.check_invariants();
        departed
    }

    #[test]
    fn nearly_all_that_left_small_are_known_for_two_capacities_and_then_counted_up_to_three() {
        const CAPACITY: u64 = 10_000;
        let mut departed = departed(CAPACITY);
        (CAPACITY..3 * CAPACITY).for_each(|key| departed.remember(hash(key), Left::Small, 1, 1));
        for key in 0..CAPACITY - 100 {
            let known = departed.take(hash(key));
            assert_eq!(known.left, None, "{key}");
            assert!(known.count >= (key as u8 % 7 + 1).min(3), "{key}");
        }
        let lost =
            (CAPACITY + 100..3 * CAPACITY).filter(|key| departed.take(hash(*key)).left.is_none()).count();
        assert!(lost < 1_000, "{lost} of 19,900");
    }

    #[test]
    fn few_strangers_are_taken_for_one_that_left() {
        let mut departed = departed(100_000);
        let found = (1_000_000..1_100_000).filter(|key| departed.take(hash(*key)).left.is_some()).count();
        assert!(found < 50, "{found} of 100,000");
    }

    #[test]
    fn more_lines_know_what_fewer_knew() {
        let mut departed = departed(1_000);
        departed.grow_to(100_000);
        departed.check_invariants();
        for key in (0..1_000).filter(|key| key % 7 < 3) {
            assert_eq!(departed.take(hash(key)).count, key as u8 % 7 + 1, "{key}");
        }
    }

    #[test]
    fn fewer_lines_keep_the_youngest_and_count_the_others() {
        let mut departed = departed(8_000);
        let lines = departed.lines.len();
        departed.resize(1_000, 1_000);
        departed.check_invariants();
        assert!(departed.lines.len() < lines / 4 && departed.lines.capacity() == departed.lines.len());
        let remembered =
            (6_100..8_000).filter(|key| departed.clone().take(hash(*key)).left.is_some()).count();
        assert!(remembered > 1_700, "{remembered} of 1,900");
        for key in 0..8_000 {
            assert!(departed.take(hash(key)).count >= (key as u8 % 7 + 1).min(3), "{key}");
        }
    }

    #[test]
    fn a_clock_that_goes_round_makes_nothing_young() {
        const CAPACITY: u64 = 1_000;
        let mut departed = departed(CAPACITY);
        for key in CAPACITY..20 * CAPACITY {
            departed.take(hash(key));
            departed.remember(hash(key), Left::Small, 1, 1);
        }
        // But for those of which 15 bits and the line are a younger one's.
        let young = (0..17 * CAPACITY).filter(|key| departed.take(hash(*key)).left.is_some()).count();
        assert!(young < 20, "{young} of {}", 17 * CAPACITY);
    }

    #[test]
    fn halvings_reach_records_and_counters_once() {
        let mut departed = Departed::new(100);
        departed.remember(hash(1), Left::Small, 7, 1);
        departed.remember(hash(2), Left::Main, 3, 1);
        assert!(!departed.may_halve());
        while !departed.may_halve() {
            departed.take(hash(3));
        }
        departed.halve();
        assert_eq!([1, 2].map(|key| departed.clone().take(hash(key)).count), [3, 1]);
        while !departed.may_halve() {
            departed.take(hash(3));
        }
        assert_eq!([1, 2].map(|key| departed.take(hash(key)).count), [3, 1]);
    }

    #[test]
    fn near_is_a_twentieth_of_the_capacity_by_the_clock_of_the_same_queue() {
        for (left, other) in [(Left::Small, Left::Main), (Left::Main, Left::Small)] {
            let mut departed = Departed::new(1_000);
            departed.remember(hash(1), left, 1, 10);
            departed.remember(hash(2), other, 1, 1_000);
            departed.remember(hash(3), left, 1, 50);
            assert!(departed.clone().take(hash(1)).near);
            departed.remember(hash(4), left, 1, 1);
            assert!(!departed.take(hash(1)).near);
        }
    }
}
