//! Numbers as they stand in text.

use crate::{columns::TimeUnit, key::decimal};

/// A size or a count. Published traces say -1 for what was not known at the time: 0 here. A whole number may be written
/// with a fraction of zeros, as tables of floating point numbers are.
pub(super) fn amount(text: &[u8]) -> Option<u64> {
    match text.strip_prefix(b"-") {
        Some(negative) => fixed(negative).map(|_| 0),
        None => fixed(text).filter(|(_, millionths)| *millionths == 0).map(|(whole, _)| whole),
    }
}

/// A time to live in seconds. Nothing, 0 and less mean none; more than 136 years is 136 years.
pub(super) fn ttl_s(text: &[u8]) -> Option<Option<u32>> {
    if text.is_empty() {
        return Some(None);
    }
    let (whole, millionths) = match text.strip_prefix(b"-") {
        Some(negative) => fixed(negative).map(|_| (0, 0))?,
        None => fixed(text)?,
    };
    // Half a second must not mean for ever.
    let seconds = whole.saturating_add(u64::from(millionths > 0));
    Some((seconds > 0).then(|| u32::try_from(seconds).unwrap_or(u32::MAX)))
}

/// A time in microseconds; nothing means none, and so does what lies before the origin.
pub(super) fn time_us(text: &[u8], unit: TimeUnit) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    match text.strip_prefix(b"-") {
        Some(negative) => fixed(negative).map(|_| None),
        None => {
            let (whole, millionths) = fixed(text)?;
            unit.microseconds(whole, millionths).map(Some)
        }
    }
}

/// Digits, and perhaps a point and more digits: the whole and the millionths behind it.
fn fixed(text: &[u8]) -> Option<(u64, u32)> {
    let Some(point) = text.iter().position(|byte| *byte == b'.') else {
        return decimal(text).map(|whole| (whole, 0));
    };
    let (whole, fraction) = (decimal(&text[..point])?, &text[point + 1..]);
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |place: usize| fraction.get(place).map_or(0, |digit| u32::from(digit - b'0'));
    Some((whole, (0..6).fold(0, |millionths, place| 10 * millionths + digit(place))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_and_unknown_ones_are_zero() {
        for (text, value) in [("0", 0), ("512", 512), ("-1", 0), ("512.0", 512), ("7.", 7)] {
            assert_eq!(amount(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "-", "x", "1.5", "1e3", "1.x", ".5"] {
            assert_eq!(amount(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_time_to_live_of_nothing_is_none() {
        for (text, value) in [
            ("", None),
            ("0", None),
            ("-1", None),
            ("60", Some(60)),
            ("0.5", Some(1)),
            ("99999999999", Some(u32::MAX)),
        ] {
            assert_eq!(ttl_s(text.as_bytes()), Some(value), "{text}");
        }
        assert_eq!(ttl_s(b"soon"), None);
    }

    #[test]
    fn times_are_microseconds_whatever_their_unit() {
        let us = |text: &str, unit| time_us(text.as_bytes(), unit);
        assert_eq!(us("5633898", TimeUnit::Second), Some(Some(5_633_898_000_000)));
        assert_eq!(us("1.0000019", TimeUnit::Second), Some(Some(1_000_001)));
        assert_eq!(us("1.5", TimeUnit::Millisecond), Some(Some(1500)));
        assert_eq!(us("1999", TimeUnit::Nanosecond), Some(Some(1)));
        assert_eq!(us("-3", TimeUnit::Second), Some(None));
        assert_eq!(us("", TimeUnit::Second), Some(None));
        assert_eq!(us("18446744073709551615", TimeUnit::Second), None);
        assert_eq!(us("noon", TimeUnit::Second), None);
    }
}
