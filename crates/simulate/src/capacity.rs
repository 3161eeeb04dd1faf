//! Capacities as people write them: `1000`, `5%`, `64MiB`.

use std::{fmt, str::FromStr};

use crate::Unit;

/// How large a simulated cache is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Capacity {
    /// So many objects of size 1: `1000`.
    Objects(u64),
    /// So many bytes: `64MiB`, `500KB`, `40466367B`.
    Bytes(u64),
    /// A share of the distinct objects of the trace, or of their bytes; `5%` is 0.05. Above 0, at most 1.
    Share(f64),
}

/// What a trace holds in all, of which capacities may be shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    pub(crate) object_bytes_max: u64,
}

/// A share of few objects resolves to no less than this, below which ratios say little.
const SHARE_OBJECTS_MIN: u64 = 10;

impl Capacity {
    /// So many shares for a curve, from 0.1 % to all, each larger than the last by the same factor.
    #[must_use]
    pub fn curve(points: usize) -> Vec<Self> {
        const FIRST: f64 = 0.001;
        let share = |point: usize| match points - 1 - point {
            0 => 1.0,
            left => FIRST.powf(left as f64 / (points - 1) as f64),
        };
        (0..points).map(|point| Self::Share(share(point))).collect()
    }

    /// In whole units. A share is one of bytes if `bytes`, else of objects.
    pub(crate) fn resolve(self, bytes: bool, totals: Totals) -> (u64, Unit) {
        match self {
            Self::Objects(objects) => (objects, Unit::Objects),
            Self::Bytes(bytes) => (bytes, Unit::Bytes),
            Self::Share(share) if bytes => (part(share, totals.bytes).max(1), Unit::Bytes),
            Self::Share(share) => (part(share, totals.objects).max(SHARE_OBJECTS_MIN), Unit::Objects),
        }
    }
}

/// Rounded half to even, as the published reference figures are.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of at most 1 of a u64 is a u64; totals beyond 2^53 lose digits that nobody set"
)]
fn part(share: f64, total: u64) -> u64 {
    (share * total as f64).round_ties_even() as u64
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Objects(objects) => write!(f, "{objects}"),
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
            Self::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

impl FromStr for Capacity {
    type Err = InvalidCapacity;

    fn from_str(text: &str) -> Result<Self, InvalidCapacity> {
        let trimmed = text.trim();
        let number_bytes = trimmed
            .find(|character: char| !(character.is_ascii_digit() || matches!(character, '.' | '_')))
            .unwrap_or(trimmed.len());
        let (number, suffix) = trimmed.split_at(number_bytes);
        let number = number.replace('_', "");
        let capacity = match suffix.trim_start() {
            "" => Self::Objects(number.parse().map_err(|_| InvalidCapacity::unreadable(text))?),
            "%" => {
                let percent = number.parse::<f64>().map_err(|_| InvalidCapacity::unreadable(text))?;
                Self::Share(percent / 100.0)
            }
            unit => {
                let unit_bytes = unit_bytes(unit).ok_or_else(|| InvalidCapacity::unreadable(text))?;
                let bytes = times(&number, unit_bytes).ok_or_else(|| InvalidCapacity::unreadable(text))?;
                Self::Bytes(bytes)
            }
        };
        match capacity {
            Self::Objects(0) | Self::Bytes(0) | Self::Share(0.0) => {
                Err(InvalidCapacity::Zero { text: text.to_owned() })
            }
            Self::Share(share) if share > 1.0 => Err(InvalidCapacity::AboveAll { text: text.to_owned() }),
            capacity => Ok(capacity),
        }
    }
}

fn unit_bytes(unit: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 9] = [
        ("b", 1),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
    ];
    let (_, bytes) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    Some(*bytes)
}

/// Exact for whole numbers; a fraction is rounded to whole bytes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "checked to lie well within u64; digits below a byte are rounded away anyway"
)]
fn times(number: &str, unit_bytes: u64) -> Option<u64> {
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit_bytes);
    }
    let bytes = number.parse::<f64>().ok()? * unit_bytes as f64;
    (bytes < u64::MAX as f64).then_some(bytes.round() as u64)
}

/// A capacity that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCapacity {
    /// It is not spelled in any known way.
    #[error(
        "cannot read capacity \"{text}\"; write a number of objects (1000), a share of the distinct objects (5%) or \
         bytes (64MiB, 1.5GiB, 500KB, 4096B)"
    )]
    Unreadable {
        /// As given.
        text: String,
    },

    /// It is nothing.
    #[error("capacity \"{text}\" holds nothing; give at least 1 object, 1B or a share above 0%")]
    Zero {
        /// As given.
        text: String,
    },

    /// It is a share of more than there is.
    #[error(
        "capacity \"{text}\" is more than the whole trace; give at most 100%, which misses each object once"
    )]
    AboveAll {
        /// As given.
        text: String,
    },
}

impl InvalidCapacity {
    fn unreadable(text: &str) -> Self {
        Self::Unreadable { text: text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let cases = [
            ("1000", Capacity::Objects(1000)),
            ("1_000", Capacity::Objects(1000)),
            ("5%", Capacity::Share(0.05)),
            ("0.1%", Capacity::Share(0.001)),
            ("100%", Capacity::Share(1.0)),
            ("64MiB", Capacity::Bytes(64 << 20)),
            ("64 mib", Capacity::Bytes(64 << 20)),
            ("1GiB", Capacity::Bytes(1 << 30)),
            ("1.5KiB", Capacity::Bytes(1536)),
            ("500KB", Capacity::Bytes(500_000)),
            ("40466367B", Capacity::Bytes(40_466_367)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_holds_nothing_or_means_nothing_is_refused() {
        for text in ["0", "0%", "0.0%", "0MiB", "0.4B"] {
            assert!(matches!(text.parse::<Capacity>(), Err(InvalidCapacity::Zero { .. })), "{text}");
        }
        for text in [
            "",
            "%",
            "-5",
            "1.5",
            "nan%",
            "inf",
            "5 percent",
            "64M",
            "1e3",
            "99999999999999999999",
            "9999999999TiB",
        ] {
            let parsed = text.parse::<Capacity>();
            assert!(matches!(parsed, Err(InvalidCapacity::Unreadable { .. })), "{text}: {parsed:?}");
        }
        assert!(matches!("101%".parse::<Capacity>(), Err(InvalidCapacity::AboveAll { .. })));
    }

    #[test]
    fn shares_round_half_to_even_and_stay_above_a_floor() {
        let totals = Totals { objects: 3125, bytes: 25, object_bytes_max: 9 };
        let share = |share| Capacity::Share(share);
        assert_eq!(share(0.1).resolve(false, totals), (312, Unit::Objects));
        assert_eq!(share(0.001).resolve(false, totals), (10, Unit::Objects));
        assert_eq!(share(0.1).resolve(true, totals), (2, Unit::Bytes));
        assert_eq!(share(0.001).resolve(true, totals), (1, Unit::Bytes));
    }
}
