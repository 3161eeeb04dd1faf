//! One entry that left, in four bytes, and the clocks by which it gets old.

use super::{COUNT_MAX, Left};

/// How far back records of small reach, in capacities.
const SMALL_CAPACITIES: u128 = 2;
/// What is near, and how far back records of main reach: so many of them are a capacity.
const NEAR_PER_CAPACITY: u128 = 20;

// From the lowest bit. 15 bits of the hash, not all of them 0:
const FINGERPRINT: u32 = (1 << 15) - 1;
const MAIN: u32 = 1 << 15;
const COUNT_SHIFT: u32 = 16;
const COUNT: u32 = (COUNT_MAX as u32) << COUNT_SHIFT;
// When it left by the clock of its queue, in quanta:
const STAMP_SHIFT: u32 = 19;
const STAMP: u32 = (1 << (u32::BITS - STAMP_SHIFT)) - 1;
/// A capacity has fewer quanta than two to this, so that a stamp goes round in four capacities at least.
const QUANTA_BITS: u32 = 11;

/// An entry that left; [`NONE`](Self::NONE) where there is room for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record(u32);

/// Of small and of main, in this order. Each goes on by the weight of what leaves its queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    units: [u64; 2],
    /// How many bits of them are less than a quantum.
    quantum: u32,
    /// How old a record gets, in quanta.
    horizons: [u32; 2],
}

impl Record {
    pub(super) const NONE: Self = Self(0);

    /// Without a stamp.
    pub(super) const fn new(fingerprint: u32, left: Left, count: u8) -> Self {
        let main = if matches!(left, Left::Main) { MAIN } else { 0 };
        Self(fingerprint | main | (count as u32) << COUNT_SHIFT)
    }

    /// Not 0, and of bits of a hash that is well mixed in the upper half.
    pub(super) const fn fingerprint_of(mixed: u64) -> u32 {
        let bits = (mixed >> (u64::BITS - FINGERPRINT.count_ones())) as u32;
        if bits == 0 { 1 } else { bits }
    }

    pub(super) const fn fingerprint(self) -> u32 {
        self.0 & FINGERPRINT
    }

    pub(super) const fn left(self) -> Left {
        if self.0 & MAIN == 0 { Left::Small } else { Left::Main }
    }

    pub(super) const fn count(self) -> u8 {
        ((self.0 & COUNT) >> COUNT_SHIFT) as u8
    }

    pub(super) const fn halved(self) -> Self {
        Self(self.0 & !COUNT | self.0 >> 1 & COUNT & COUNT >> 1)
    }
}

impl Clocks {
    pub(super) fn new(capacity: u64) -> Self {
        let quantum = (u64::BITS - capacity.leading_zeros()).saturating_sub(QUANTA_BITS);
        let capacity = u128::from(capacity);
        #[expect(clippy::cast_possible_truncation, reason = "a capacity has fewer than 2^11 quanta")]
        let horizons = [capacity * SMALL_CAPACITIES, capacity / NEAR_PER_CAPACITY]
            .map(|units| ((units >> quantum) as u32).max(1));
        Self { units: [0; 2], quantum, horizons }
    }

    /// The same time for another capacity.
    pub(super) fn resized(&self, capacity: u64) -> Self {
        Self { units: self.units, ..Self::new(capacity) }
    }

    pub(super) const fn advance(&mut self, left: Left, weight: u64) {
        let units = &mut self.units[left as usize];
        *units = units.wrapping_add(weight);
    }

    /// The record as of now.
    pub(super) const fn stamped(&self, record: Record) -> Record {
        self.stamped_before(record, 0)
    }

    pub(super) const fn is_too_old(&self, record: Record) -> bool {
        self.age(record) > self.horizons[record.left() as usize]
    }

    /// Whether only a twentieth of the capacity left the record's queue since.
    pub(super) const fn is_near(&self, record: Record) -> bool {
        self.age(record) <= self.horizons[Left::Main as usize]
    }

    /// How much of its time a record has had, to be compared with others.
    pub(super) const fn lived(&self, record: Record) -> u64 {
        let [small, main] = self.horizons;
        self.age(record) as u64 * if matches!(record.left(), Left::Small) { main } else { small } as u64
    }

    /// What was stamped by other clocks, or nothing if it is too old by either.
    pub(super) const fn restamped(&self, record: Record, before: &Self) -> Option<Record> {
        let age = ((before.age(record) as u64) << before.quantum) >> self.quantum;
        if before.is_too_old(record) || age > self.horizons[record.left() as usize] as u64 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "no more than a horizon")]
        let age = age as u32;
        Some(self.stamped_before(record, age))
    }

    const fn age(&self, record: Record) -> u32 {
        self.now(record.left()).wrapping_sub(record.0 >> STAMP_SHIFT) & STAMP
    }

    const fn stamped_before(&self, record: Record, quanta: u32) -> Record {
        let stamp = self.now(record.left()).wrapping_sub(quanta) & STAMP;
        Record(record.0 & ((1 << STAMP_SHIFT) - 1) | stamp << STAMP_SHIFT)
    }

    #[expect(clippy::cast_possible_truncation, reason = "time goes round")]
    const fn now(&self, left: Left) -> u32 {
        (self.units[left as usize] >> self.quantum) as u32
    }

    pub(super) fn check_invariants(&self) {
        let [small, main] = self.horizons;
        assert!(main >= 1 && main <= small && small <= STAMP / 2, "{small} and {main} of {STAMP} quanta");
    }
}
