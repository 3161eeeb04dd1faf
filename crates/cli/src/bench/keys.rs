//! Which key comes next.

use std::fmt;
use std::str::FromStr;

use nuthatch_trace::workload::{InvalidSpec, Kind, Random, Spec, Workload};

/// How popular the keys are: a workload of which only the keys count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distribution {
    /// As given: what reports call it.
    text: String,
    spec: Spec,
}

impl FromStr for Distribution {
    type Err = InvalidSpec;

    /// A workload's specification; `zipf:0.9` is short for `zipf:exponent=0.9`.
    fn from_str(text: &str) -> Result<Self, InvalidSpec> {
        let spec = match text.split_once(':') {
            Some(("zipf", exponent)) if !exponent.contains('=') => {
                let mut spec = Spec::new(Kind::Zipf);
                spec.set("exponent", exponent)?;
                spec
            }
            _ => text.parse()?,
        };
        Ok(Self { text: text.to_owned(), spec })
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An endless stream of key numbers below `count`, the same for the same seed.
pub(crate) struct KeyStream {
    workload: Workload,
    ops: Random,
    count: u64,
}

/// Enough to last.
const REQUESTS: &str = "9007199254740992";

impl KeyStream {
    pub(crate) fn new(distribution: &Distribution, count: u64, seed: u64) -> Self {
        let mut spec = distribution.spec;
        for (parameter, value) in
            [("requests", REQUESTS), ("keys", &count.to_string()), ("seed", &seed.to_string())]
        {
            // A kind without keys, such as a scan, comes round to the first by itself, below.
            let known = spec.set(parameter, value);
            debug_assert!(known.is_ok() || parameter == "keys", "{known:?}");
        }
        Self { workload: Workload::new(&spec), ops: Random::new(seed), count }
    }

    #[inline]
    pub(crate) fn next_key(&mut self) -> u64 {
        self.workload.next().map_or(0, |request| request.key) % self.count
    }

    /// True in `percent` of a hundred calls.
    #[inline]
    pub(crate) fn chance(&mut self, percent: f64) -> bool {
        self.ops.unit() * 100.0 < percent
    }
}

/// The key of that number as text: 16 bytes, as in the benchmarks of Redis, whatever the number.
#[inline]
pub(crate) fn key_text(mut number: u64) -> [u8; 16] {
    let mut text = *b"key:000000000000";
    for digit in text[4..].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text
}

/// As many as the twelve digits of a key can tell apart.
pub(crate) const KEYS_MAX: u64 = 1_000_000_000_000;

/// Bytes that do not compress, the same on every run.
pub(crate) fn value_bytes(len: usize) -> Vec<u8> {
    let mut random = Random::new(0x5eed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.number().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_length_and_differ() {
        assert_eq!(&key_text(0), b"key:000000000000");
        assert_eq!(&key_text(KEYS_MAX - 1), b"key:999999999999");
    }

    /// Which key is how popular is checked where workloads are made.
    #[test]
    fn keys_stay_below_their_count_whatever_the_distribution() {
        for kind in Kind::ALL {
            let distribution = kind.name().parse::<Distribution>().unwrap();
            let mut keys = KeyStream::new(&distribution, 100, 7);
            assert!((0..10_000).all(|_| keys.next_key() < 100), "{kind}");
        }
        let mut scan = KeyStream::new(&"scan".parse().unwrap(), 3, 7);
        assert_eq!([(); 5].map(|()| scan.next_key()), [0, 1, 2, 0, 1]);
    }

    #[test]
    fn another_connection_asks_for_other_keys() {
        let distribution = "zipf:0.9".parse().unwrap();
        let first = |seed| {
            let mut keys = KeyStream::new(&distribution, 1_000_000, seed);
            [(); 20].map(|()| keys.next_key())
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn distributions_are_read_as_they_are_shown() {
        for text in [
            "uniform",
            "zipf:0.9",
            "zipf:1",
            "zipf:exponent=1.2",
            "shifting:period=1000,step=5%",
            "scan-points",
        ] {
            assert_eq!(text.parse::<Distribution>().unwrap().to_string(), text);
        }
        let exponent = |text: &str| text.parse::<Distribution>().unwrap().spec;
        assert_eq!(exponent("zipf:1.1"), exponent("zipf:exponent=1.1"));
        for text in ["zipf:x", "zipf:NaN", "zipf:-1", "normal", ""] {
            assert!(text.parse::<Distribution>().is_err(), "{text}");
        }
    }
}
