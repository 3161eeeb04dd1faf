//! The six core workloads of YCSB: the requests behind the loading phase.
//!
//! Keys are numbered in the order of insertion. A scan, which a cache sees as reads of neighbours, is a run of reads;
//! a read-modify-write is a read and a write of the same key.
//!
//! Source: Cooper et al., "Benchmarking cloud serving systems with YCSB", SoCC 2010.

use super::{Generate, parameters::Parameters, popularity::Scrambled, random::Random};
use crate::Op;

/// A, B, C and F: over keys that stay the same.
pub(super) struct Fixed {
    keys: Scrambled,
    updates: f64,
    modifies: f64,
    /// The write behind a read.
    pending: Option<u64>,
}

impl Fixed {
    /// Of all operations, `updates` are writes and `modifies` read-modify-writes.
    pub(super) fn new(parameters: &Parameters, updates: f64, modifies: f64) -> Self {
        Self { keys: Scrambled::new(parameters), updates, modifies, pending: None }
    }
}

impl Generate for Fixed {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        if let Some(key) = self.pending.take() {
            return (key, Op::Write);
        }
        let key = self.keys.key(random);
        let chance = random.unit();
        if chance < self.updates {
            return (key, Op::Write);
        }
        if chance < self.updates + self.modifies {
            self.pending = Some(key);
        }
        (key, Op::Read)
    }
}

/// E: scans and inserts.
pub(super) struct Scans {
    /// Over the keys that there are and those that are to come; what is not there yet is drawn again, as YCSB does.
    starts: Scrambled,
    keys: u64,
    length: u64,
    next: u64,
    left: u64,
}

/// Of all operations.
const INSERTS: f64 = 0.05;

impl Scans {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let Parameters { keys, requests, length, .. } = *parameters;
        let per_operation = INSERTS + (1.0 - INSERTS) * (length as f64 + 1.0) / 2.0;
        // Twice what is expected, as in YCSB; but no more than there are, or it would be drawn again and again.
        let to_come = ((2.0 * INSERTS * requests as f64 / per_operation).ceil() as u64).min(keys);
        Self { starts: Scrambled::over(keys + to_come, parameters), keys, length, next: 0, left: 0 }
    }
}

impl Generate for Scans {
    fn next(&mut self, random: &mut Random) -> (u64, Op) {
        if self.left == 0 {
            if random.chance(INSERTS) {
                self.keys += 1;
                return (self.keys - 1, Op::Write);
            }
            self.next = loop {
                let start = self.starts.key(random);
                if start < self.keys {
                    break start;
                }
            };
            self.left = (1 + random.below(self.length)).min(self.keys - self.next);
        }
        self.left -= 1;
        self.next += 1;
        (self.next - 1, Op::Read)
    }
}
