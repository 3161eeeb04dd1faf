//! Workloads: requests that are made up, the same on every machine for the same seed.
//!
//! A [`Spec`] says what they look like, a [`Workload`] is an endless stream cut to its length, and a
//! [`Trace`](crate::Trace) of one can be fed to whatever reads traces.
//!
//! ```
//! use nuthatch_trace::workload::{Spec, Workload};
//!
//! let spec = "zipf:keys=1000,exponent=0.9,requests=3".parse::<Spec>()?;
//! let keys = Workload::new(&spec).map(|request| request.key).collect::<Vec<_>>();
//! assert_eq!(keys, [5, 111, 71]);
//! # Ok::<(), nuthatch_trace::workload::InvalidSpec>(())
//! ```
//!
//! Two independent streams of random numbers are drawn from, one for keys and one for operations; sizes and times to live
//! belong to the key. A share of writes hence leaves the keys as they were.

mod kind;
mod number;
mod parameters;
mod passes;
mod permutation;
mod popularity;
mod random;
mod spec;
mod spread;
mod ycsb;
mod zipf;

use crate::{Op, Request};
use parameters::Parameters;

pub use kind::Kind;
pub use random::Random;
pub use spec::{InvalidSpec, Spec};
pub use zipf::Zipf;

/// The requests of a [`Spec`]: an iterator. O(1) time per request and O(1) memory, whatever the number of keys.
pub struct Workload {
    parameters: Parameters,
    /// Requests made so far.
    made: u64,
    random: Random,
    ops: Random,
    generator: Box<dyn Generate>,
}

/// Makes up what is asked for, one request after another.
trait Generate: Send {
    fn next(&mut self, random: &mut Random) -> (u64, Op);
}

/// Of requests whose times to live would mean nothing without time.
const RATE_WITH_TTL: u64 = 1000;

impl Workload {
    /// From its first request.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        let parameters = spec.parameters;
        let of = &parameters;
        let generator: Box<dyn Generate> = match spec.kind() {
            Kind::Uniform => Box::new(popularity::Uniform::new(of)),
            Kind::Zipf => Box::new(popularity::Ranks::new(of)),
            Kind::ScrambledZipf | Kind::Mixed => Box::new(popularity::Scrambled::new(of)),
            Kind::Hotset => Box::new(popularity::Hotset::new(of)),
            Kind::Latest | Kind::YcsbD => Box::new(popularity::Latest::new(of)),
            Kind::Shifting => Box::new(popularity::Shifting::new(of)),
            Kind::Scan => Box::new(passes::Pass::scan()),
            Kind::Loop => Box::new(passes::Pass::around(of)),
            Kind::ScanPoints => Box::new(passes::ScanPoints::new(of)),
            Kind::FlashCrowd => Box::new(popularity::FlashCrowd::new(of)),
            Kind::YcsbA => Box::new(ycsb::Fixed::new(of, 0.5, 0.0)),
            Kind::YcsbB => Box::new(ycsb::Fixed::new(of, 0.05, 0.0)),
            Kind::YcsbC => Box::new(ycsb::Fixed::new(of, 0.0, 0.0)),
            Kind::YcsbE => Box::new(ycsb::Scans::new(of)),
            Kind::YcsbF => Box::new(ycsb::Fixed::new(of, 0.0, 0.5)),
        };
        Self {
            random: Random::new(random::mix(of.seed)),
            ops: Random::new(random::mix(!of.seed)),
            parameters,
            made: 0,
            generator,
        }
    }

    /// How many requests are still to come.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.parameters.requests - self.made
    }

    fn time_us(&self) -> Option<u64> {
        let Parameters { rate, ttl, .. } = self.parameters;
        let rate = rate.or(ttl.map(|_| RATE_WITH_TTL))?;
        // At 2^53 requests the product has 73 bits.
        u64::try_from(u128::from(self.made) * 1_000_000 / u128::from(rate)).ok()
    }

    /// The operation, where a read was made up.
    fn op(&mut self) -> Op {
        let Parameters { writes, deletes, .. } = self.parameters;
        if writes + deletes == 0.0 {
            return Op::Read;
        }
        match self.ops.unit() {
            chance if chance < writes => Op::Write,
            chance if chance < writes + deletes => Op::Delete,
            _ => Op::Read,
        }
    }
}

impl Iterator for Workload {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        if self.left() == 0 {
            return None;
        }
        let (key, op) = self.generator.next(&mut self.random);
        let op = if op == Op::Read { self.op() } else { op };
        let Parameters { sizes, ttl, seed, .. } = self.parameters;
        let ttl_s = ttl.filter(|_| op != Op::Delete).map(|ttl| ttl.of(key, !seed));
        let request = Request {
            key,
            size: sizes.of(key, seed),
            op,
            ttl_s: ttl_s.map(|ttl_s| u32::try_from(ttl_s).unwrap_or(u32::MAX)),
            time_us: self.time_us(),
        };
        self.made += 1;
        Some(request)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left());
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

impl std::fmt::Debug for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workload")
            .field("parameters", &self.parameters)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}
