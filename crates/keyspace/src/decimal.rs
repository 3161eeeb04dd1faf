//! Decimal fractions that add up as people write them: 0.1 + 0.2 is 0.3.

use std::fmt;

/// A decimal number of at most 19 digits before the point, exact to 19 places behind it.
///
/// Redis adds in the widest floating point of its machine and prints 17 places. These are the digits that it prints too,
/// but for numbers so large that its own digits run out (1000.1 + 0.1 is 1000.19999999999999996 in a Redis on x86-64).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// In units of 10^-19.
    scaled: i128,
}

/// Places kept: two more than are shown, so that what is rounded away does not add up.
const PLACES: i32 = 19;
const PLACES_SHOWN: usize = 17;
const ONE_SHOWN: u128 = 10_u128.pow(PLACES_SHOWN as u32);
/// 10^19 in units of 10^-19.
const LIMIT: u128 = 10_u128.pow(38);

impl Decimal {
    /// The value of `text`, which Rust reads as a number. `None` if it is too large, or not finite.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let digits = number.trim_start_matches(['+', '-']);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut scaled = 0_u128;
        // The place that each digit stands at, in units of 10^-19.
        let first = i32::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_add(PLACES - 1)?;
        for (place, digit) in (0..=first).rev().zip(whole.bytes().chain(fraction.bytes())) {
            let digit = u128::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
            if digit > 0 {
                let unit = 10_u128.checked_pow(place.unsigned_abs())?;
                scaled = scaled.checked_add(digit.checked_mul(unit)?)?;
            }
        }
        let scaled = i128::try_from(Some(scaled).filter(|scaled| *scaled < LIMIT)?).ok()?;
        Some(Self { scaled: if number.starts_with('-') { -scaled } else { scaled } })
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        Some(Self { scaled: self.scaled.checked_add(other.scaled)? })
    }
}

impl fmt::Display for Decimal {
    /// Up to 17 places, without zeros at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (self.scaled.unsigned_abs() + 50) / 100;
        let (whole, fraction) = (shown / ONE_SHOWN, shown % ONE_SHOWN);
        let sign = if self.scaled < 0 && shown > 0 { "-" } else { "" };
        let fraction = format!("{fraction:0PLACES_SHOWN$}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_shown_with_17_places() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("3.0", "3"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+5", "5"),
            ("-7.25", "-7.25"),
            ("5e3", "5000"),
            ("2.5E+1", "25"),
            ("1e-5", "0.00001"),
            ("0001.50", "1.5"),
            ("0.000000000000000005", "0.00000000000000001"),
            ("-0.000000000000000004", "0"),
            ("1e-400", "0"),
            ("0.99999999999999999999999", "1"),
            ("9999999999999999999.5", "9999999999999999999.5"),
            ("0.00000000000000000000000000001e28", "0.1"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["1e19", "-1e19", "1e400", "1e99999999999", "inf", "nan", "infinity"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse("0e400").unwrap().to_string(), "0");
    }

    #[test]
    fn tenths_add_up() {
        let tenth = Decimal::parse("0.1").unwrap();
        let sum = (0..1000).fold(Decimal::parse("0").unwrap(), |sum, _| sum.plus(tenth).unwrap());
        assert_eq!(sum.to_string(), "100");
    }
}
