//! Keys one after another.

use super::{Generate, parameters::Parameters, popularity::Scrambled, random::Random};
use crate::Op;

/// All keys from 0 on, again from 0 behind the last.
pub(super) struct Pass {
    next: u64,
    keys: u64,
}

impl Pass {
    /// Without an end.
    pub(super) const fn scan() -> Self {
        Self { next: 0, keys: u64::MAX }
    }

    pub(super) const fn around(parameters: &Parameters) -> Self {
        Self { next: 0, keys: parameters.keys }
    }

    const fn step(&mut self) -> u64 {
        let key = self.next;
        self.next = (key + 1) % self.keys;
        key
    }
}

impl Generate for Pass {
    fn next(&mut self, _random: &mut Random) -> (u64, Op) {
        (self.step(), Op::Read)
    }
}

/// Points, and scans through keys behind theirs. A scan goes on where the one before ended.
pub(super) struct ScanPoints {
    points: Scrambled,
    first_cold: u64,
    cold: Pass,
    /// With which a scan begins where a point would be.
    begins: f64,
    length: u64,
    left: u64,
}

impl ScanPoints {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let Parameters { keys, scans, length, cold, .. } = *parameters;
        // So that on average this share of all requests is within scans.
        let begins = scans / (length as f64 * (1.0 - scans) + scans);
        Self {
            points: Scrambled::new(parameters),
            first_cold: keys,
            cold: Pass { next: 0, keys: cold },
            begins,
            length,
            left: 0,
        }
    }
}

impl Generate for ScanPoints {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        if self.left == 0 && random.chance(self.begins) {
            self.left = self.length;
        }
        if self.left > 0 {
            self.left -= 1;
            return (self.first_cold + self.cold.step(), Op::Read);
        }
        self.points.next(random)
    }
}
