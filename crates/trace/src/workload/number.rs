//! Numbers as people write them.

/// A whole number: `1000000`, `1_000_000`, `1e6`, `2.5e6`, `1k`, `1M`, `1G`.
pub(super) fn parse_amount(text: &str) -> Option<u64> {
    let text = text.trim().replace('_', "");
    if let Ok(number) = text.parse::<u64>() {
        return Some(number);
    }
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1e3),
        (at, 'M') => (&text[..at], 1e6),
        (at, 'G') => (&text[..at], 1e9),
        _ => (&*text, 1.0),
    };
    let real = parse_real(digits)? * unit;
    // Up to here every whole number is one of the reals.
    (real.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&real)).then_some(real as u64)
}

/// A number that is one.
pub(super) fn parse_real(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|real| real.is_finite())
}

/// A share: `10%` or `0.1`.
pub(super) fn parse_share(text: &str) -> Option<f64> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => parse_real(percent)? / 100.0,
        None => parse_real(text)?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_however_they_are_written() {
        for (text, number) in [
            ("0", 0),
            ("1e6", 1_000_000),
            ("2.5e3", 2500),
            ("1_000", 1000),
            ("20M", 20_000_000),
            ("1.5k", 1500),
        ] {
            assert_eq!(parse_amount(text), Some(number), "{text}");
        }
        assert_eq!(parse_amount("18446744073709551615"), Some(u64::MAX));
        for text in ["", "-1", "0.5", "x", "nan", "inf", "1e30", "M", "é"] {
            assert_eq!(parse_amount(text), None, "{text}");
        }
    }

    #[test]
    fn shares_are_percentages_or_fractions() {
        assert_eq!(parse_share("10%"), Some(0.1));
        assert_eq!(parse_share("0.25"), Some(0.25));
        for text in ["", "%", "101%", "2", "-1%", "nan"] {
            assert_eq!(parse_share(text), None, "{text}");
        }
    }
}
