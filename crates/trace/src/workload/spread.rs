//! Sizes and times to live: a number per key that the key keeps.

use std::{fmt, str::FromStr};

use super::{
    number::{parse_amount, parse_real},
    random::{mix, unit},
};

/// How a number is spread over the keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spread {
    /// The same for all.
    Fixed(u64),
    /// From and to, both included.
    Uniform(u64, u64),
    /// Median, and the standard deviation of the logarithm.
    Lognormal(f64, f64),
    /// Least, exponent of the tail, most.
    Pareto(f64, f64, f64),
}

impl Spread {
    /// The number of `key`: the same whenever it is asked for.
    pub(super) fn of(self, key: u64, seed: u64) -> u64 {
        let random = || mix(mix(key ^ seed).wrapping_add(0x9e37_79b9_7f4a_7c15));
        match self {
            Self::Fixed(number) => number,
            Self::Uniform(from, to) => {
                let width = u128::from(to - from) + 1;
                from + ((u128::from(random()) * width) >> 64) as u64
            }
            Self::Lognormal(median, sigma) => {
                // Box and Muller's normal number from two uniform ones.
                let first = random();
                let second = mix(first.wrapping_add(0x9e37_79b9_7f4a_7c15));
                let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(first)));
                let normal = radius * libm::cos(std::f64::consts::TAU * unit(second));
                (median * libm::exp(sigma * normal)).round().max(1.0) as u64
            }
            Self::Pareto(least, alpha, most) => {
                // The inverse of the distribution, cut at the most.
                let tail = libm::pow(least / most, alpha);
                let left = 1.0 - unit(random()) * (1.0 - tail);
                (least * libm::pow(left, -1.0 / alpha)).round().clamp(1.0, most) as u64
            }
        }
    }
}

impl FromStr for Spread {
    type Err = ();

    /// `4096`, `fixed:4096`, `uniform:100-2000`, `lognormal:4096:1.5`, `pareto:100:1.2:1000000`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, rest) = text.split_once(':').unwrap_or(("fixed", text));
        let parts = Vec::from_iter(rest.split(':'));
        let real = |text: &str| parse_real(text).filter(|real| *real > 0.0 && *real <= MOST).ok_or(());
        match (kind, &parts[..]) {
            ("fixed", [number]) => Ok(Self::Fixed(parse_amount(number).ok_or(())?)),
            ("uniform", [range]) => {
                let (from, to) = range.split_once('-').ok_or(())?;
                let (from, to) = (parse_amount(from).ok_or(())?, parse_amount(to).ok_or(())?);
                if from <= to { Ok(Self::Uniform(from, to)) } else { Err(()) }
            }
            ("lognormal", [median, sigma]) => Ok(Self::Lognormal(real(median)?, real(sigma)?)),
            ("pareto", [least, alpha]) => {
                Ok(Self::Pareto(real(least)?, real(alpha)?, PARETO_MOST.max(real(least)?)))
            }
            ("pareto", [least, alpha, most]) => {
                let (least, most) = (real(least)?, real(most)?);
                if least <= most { Ok(Self::Pareto(least, real(alpha)?, most)) } else { Err(()) }
            }
            _ => Err(()),
        }
    }
}

/// Beyond it a number has no room in 64 bits.
const MOST: f64 = 1e18;
/// Where a tail ends that nobody cut: without an end, one object may outweigh all others.
const PARETO_MOST: f64 = 1e9;

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(number) => write!(f, "{number}"),
            Self::Uniform(from, to) => write!(f, "uniform:{from}-{to}"),
            Self::Lognormal(median, sigma) => write!(f, "lognormal:{median}:{sigma}"),
            Self::Pareto(least, alpha, most) => write!(f, "pareto:{least}:{alpha}:{most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_read_as_they_are_shown() {
        for text in ["4096", "uniform:100-2000", "lognormal:4096:1.5", "pareto:100:1.2:1000000"] {
            assert_eq!(text.parse::<Spread>().unwrap().to_string(), text);
        }
        assert_eq!("fixed:1e3".parse(), Ok(Spread::Fixed(1000)));
        for text in [
            "",
            "x",
            "uniform:5",
            "uniform:5-4",
            "lognormal:0:1",
            "pareto:5:0",
            "pareto:5:1:4",
            "normal:1:2",
            "pareto:nan:1",
        ] {
            assert_eq!(text.parse::<Spread>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_key_keeps_its_number_and_another_seed_gives_another() {
        let spread = Spread::Lognormal(4096.0, 1.5);
        assert_eq!(spread.of(7, 1), spread.of(7, 1));
        assert_ne!(spread.of(7, 1), spread.of(7, 2));
        assert_ne!(spread.of(7, 1), spread.of(8, 1));
    }

    /// The share of keys up to a number is what the distribution says, within five standard deviations.
    #[test]
    fn numbers_are_spread_as_they_should_be() {
        const KEYS: u64 = 200_000;
        let check = |spread: Spread, limit: u64, expected: f64| {
            let below = (0..KEYS).filter(|key| spread.of(*key, 3) <= limit).count() as f64;
            let deviation = (KEYS as f64 * expected * (1.0 - expected)).sqrt();
            let wanted = KEYS as f64 * expected;
            assert!((below - wanted).abs() <= 5.0 * deviation, "{spread} to {limit}: {below} for {wanted}");
        };
        check(Spread::Uniform(1, 100), 25, 0.25);
        check(Spread::Uniform(1, 100), 100, 1.0);
        // One and two standard deviations of the normal distribution.
        check(Spread::Lognormal(1e6, 0.5), 1_000_000, 0.5);
        check(Spread::Lognormal(1e6, 0.5), 1_648_721, 0.841_345);
        check(Spread::Lognormal(1e6, 0.5), 367_879, 0.022_750);
        // 1 - (least / x)^alpha, over the same at the most.
        let cut = 1.0 - 0.001_f64.powf(1.2);
        for times in [2_u64, 10, 100] {
            let expected = (1.0 - (1.0 / times as f64).powf(1.2)) / cut;
            check(Spread::Pareto(1e6, 1.2, 1e9), 1_000_000 * times, expected);
        }
    }
}
