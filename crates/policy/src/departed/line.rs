//! One cache line of what is remembered.

use super::{
    Known, Left,
    record::{Clocks, Record},
};

/// The highest count of the sketch.
const COUNTER: u32 = 0b11;

const RECORDS: usize = 11;
const WORDS: usize = 5;
const COUNTERS_PER_WORD: u32 = 16;
/// The last place of the last word says which halving the line has seen.
const COUNTERS: u32 = WORDS as u32 * COUNTERS_PER_WORD - 1;
const EPOCH_SHIFT: u32 = 2 * (COUNTERS_PER_WORD - 1);

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Line {
    records: [Record; RECORDS],
    counters: [u32; WORDS],
}

impl Line {
    pub(super) const EMPTY: Self = Self { records: [Record::NONE; RECORDS], counters: [0; WORDS] };

    /// Halves the counts once if the last halving was not seen.
    #[inline]
    pub(super) fn catch_up(&mut self, epoch: u32) {
        if self.counters[WORDS - 1] >> EPOCH_SHIFT != epoch {
            self.halve(epoch);
        }
    }

    #[cold]
    fn halve(&mut self, epoch: u32) {
        self.counters[WORDS - 1] &= (1 << EPOCH_SHIFT) - 1;
        for word in &mut self.counters {
            *word = *word >> 1 & 0x5555_5555;
        }
        self.counters[WORDS - 1] |= epoch << EPOCH_SHIFT;
        for record in &mut self.records {
            *record = record.halved();
        }
    }

    /// Says what is known of a hash and takes its record out.
    #[inline]
    pub(super) fn take(&mut self, fingerprint: u32, clocks: &Clocks) -> Known {
        let mut known = Known { left: None, near: false, count: self.sketched(fingerprint) };
        let Some(place) = self.records.iter().position(|record| record.fingerprint() == fingerprint) else {
            return known;
        };
        let record = std::mem::replace(&mut self.records[place], Record::NONE);
        if clocks.is_too_old(record) {
            self.dropped(record);
            known.count = self.sketched(fingerprint);
            return known;
        }
        known.left = Some(record.left());
        known.near = clocks.is_near(record);
        if record.left() == Left::Small {
            known.count = record.count();
        }
        known
    }

    /// Puts a record into an empty place, or else into that of the one that has had most of its time.
    #[inline]
    pub(super) fn put(&mut self, record: Record, clocks: &Clocks) {
        if let Some(empty) = self.records.iter_mut().find(|record| **record == Record::NONE) {
            *empty = record;
            return;
        }
        let mut oldest = (0, 0);
        for (place, record) in self.records.iter().enumerate() {
            oldest = oldest.max((clocks.lived(*record), place));
        }
        let displaced = std::mem::replace(&mut self.records[oldest.1], record);
        self.dropped(displaced);
    }

    pub(super) fn forget_what_is_too_old(&mut self, clocks: &Clocks) {
        for place in 0..RECORDS {
            let record = self.records[place];
            if record != Record::NONE && clocks.is_too_old(record) {
                self.records[place] = Record::NONE;
                self.dropped(record);
            }
        }
    }

    /// The clocks are others than before.
    pub(super) fn tell_time_by(&mut self, clocks: &Clocks, before: &Clocks) {
        for place in 0..RECORDS {
            let record = self.records[place];
            if record == Record::NONE {
                continue;
            }
            self.records[place] = clocks.restamped(record, before).unwrap_or_else(|| {
                self.dropped(record);
                Record::NONE
            });
        }
    }

    /// Takes in what the other has. Both have seen the same halvings.
    pub(super) fn take_in(&mut self, other: &Self, clocks: &Clocks) {
        for (word, other) in self.counters.iter_mut().zip(other.counters) {
            let places = (0..COUNTERS_PER_WORD).map(|place| COUNTER << (2 * place));
            *word = places.map(|mask| (*word & mask).max(other & mask)).sum();
        }
        for record in other.records.into_iter().filter(|record| *record != Record::NONE) {
            // The lines may be copies of one.
            if !self.records.contains(&record) {
                self.put(record, clocks);
            }
        }
    }

    /// Makes the record's hash one that was counted at least as often as the record says.
    pub(super) fn raise(&mut self, record: Record) {
        let count = u32::from(record.count()).min(COUNTER);
        for place in places(record.fingerprint()) {
            let more = count.saturating_sub(self.counter(place));
            self.counters[(place / COUNTERS_PER_WORD) as usize] += more << (2 * (place % COUNTERS_PER_WORD));
        }
    }

    /// A record went, and leaves its count to the sketch. That of main did so when it came.
    fn dropped(&mut self, record: Record) {
        if record.left() == Left::Small {
            self.raise(record);
        }
    }

    /// The lower of the counters of a hash: never too low, too high where others share both.
    fn sketched(&self, fingerprint: u32) -> u8 {
        let [one, other] = places(fingerprint).map(|place| self.counter(place));
        one.min(other) as u8
    }

    fn counter(&self, place: u32) -> u32 {
        self.counters[(place / COUNTERS_PER_WORD) as usize] >> (2 * (place % COUNTERS_PER_WORD)) & COUNTER
    }
}

/// Where the counters of a hash are in its line.
const fn places(fingerprint: u32) -> [u32; 2] {
    let mixed = fingerprint.wrapping_mul(0x9e37_79b1);
    [((mixed >> 16) * COUNTERS) >> 16, ((mixed & 0xffff) * COUNTERS) >> 16]
}
