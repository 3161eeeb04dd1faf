//! Which key comes next.

use std::fmt;
use std::str::FromStr;

/// How popular the keys are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Distribution {
    Uniform,
    /// The key of rank k is asked for in proportion to k to the minus this.
    Zipf(f64),
}

impl FromStr for Distribution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "uniform" => Ok(Self::Uniform),
            Some(("zipf", exponent)) => match exponent.parse::<f64>() {
                Ok(exponent) if exponent > 0.0 && exponent <= 10.0 => Ok(Self::Zipf(exponent)),
                _ => Err("the exponent of zipf is a number above 0, at most 10".to_owned()),
            },
            _ => Err("expected uniform or zipf:EXPONENT".to_owned()),
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => write!(f, "uniform"),
            Self::Zipf(exponent) => write!(f, "zipf:{exponent}"),
        }
    }
}

/// An endless stream of key numbers below `count`, the same for the same seed.
pub(crate) struct KeyStream {
    random: Random,
    count: u64,
    zipf: Option<Zipf>,
}

impl KeyStream {
    pub(crate) fn new(distribution: Distribution, count: u64, seed: u64) -> Self {
        let zipf = match distribution {
            Distribution::Uniform => None,
            Distribution::Zipf(exponent) => Some(Zipf::new(count, exponent)),
        };
        Self { random: Random(seed), count, zipf }
    }

    #[inline]
    pub(crate) fn next_key(&mut self) -> u64 {
        match &self.zipf {
            Some(zipf) => zipf.sample(&mut self.random) - 1,
            None => self.random.below(self.count),
        }
    }

    /// True in `percent` of a hundred calls.
    #[inline]
    pub(crate) fn chance(&mut self, percent: f64) -> bool {
        self.random.unit() * 100.0 < percent
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

/// Ranks 1 to n in Zipf's proportions, by rejection from an inverted envelope: O(1) in time and memory for any n.
///
/// Source: Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
/// ACM TOMACS 1996.
struct Zipf {
    count: f64,
    exponent: f64,
    h_first: f64,
    h_last: f64,
    shortcut: f64,
}

impl Zipf {
    fn new(count: u64, exponent: f64) -> Self {
        let mut zipf = Self { count: count as f64, exponent, h_first: 0.0, h_last: 0.0, shortcut: 0.0 };
        zipf.h_first = zipf.integral(1.5) - 1.0;
        zipf.h_last = zipf.integral(zipf.count + 0.5);
        zipf.shortcut = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    fn sample(&self, random: &mut Random) -> u64 {
        loop {
            let u = self.h_last + random.unit() * (self.h_first - self.h_last);
            let x = self.inverse(u);
            let rank = (x + 0.5).floor().clamp(1.0, self.count);
            if rank - x <= self.shortcut || u >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64;
            }
        }
    }

    fn density(&self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    /// The integral of the density, up to a constant; continuous in the exponent at 1, where it is the logarithm.
    fn integral(&self, x: f64) -> f64 {
        let log = x.ln();
        let t = (1.0 - self.exponent) * log;
        if t.abs() > 1e-8 { t.exp_m1() / t * log } else { (1.0 + t / 2.0) * log }
    }

    fn inverse(&self, y: f64) -> f64 {
        let t = (y * (1.0 - self.exponent)).max(-1.0);
        let log = if t.abs() > 1e-8 { t.ln_1p() / t * y } else { (1.0 - t / 2.0) * y };
        log.exp()
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    #[inline]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[inline]
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

/// Bytes that do not compress, the same on every run.
pub(crate) fn value_bytes(len: usize) -> Vec<u8> {
    let mut random = Random(0x5eed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.next().to_le_bytes());
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

    #[test]
    fn zipf_keeps_its_proportions() {
        const SAMPLES: usize = 2_000_000; // enough to notice an envelope that rejects nothing
        for exponent in [0.5, 0.9, 1.0, 1.3] {
            let mut keys = KeyStream::new(Distribution::Zipf(exponent), 1000, 7);
            let mut counts = [0_u32; 1000];
            for _ in 0..SAMPLES {
                counts[usize::try_from(keys.next_key()).unwrap()] += 1;
            }
            let harmonic: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-exponent)).sum();
            for rank in [1_u32, 2, 3, 10, 50] {
                let expected = SAMPLES as f64 * f64::from(rank).powf(-exponent) / harmonic;
                let found = f64::from(counts[rank as usize - 1]);
                // Five standard deviations.
                assert!(
                    (found - expected).abs() < 5.0 * expected.sqrt(),
                    "zipf:{exponent} rank {rank}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn distributions_are_read_as_they_are_shown() {
        for text in ["uniform", "zipf:0.9", "zipf:1"] {
            assert_eq!(text.parse::<Distribution>().unwrap().to_string(), text);
        }
        for text in ["zipf", "zipf:0", "zipf:x", "zipf:NaN", "normal", ""] {
            assert!(text.parse::<Distribution>().is_err(), "{text}");
        }
    }
}
