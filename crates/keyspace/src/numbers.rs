//! Numbers as Redis reads and writes them.

use crate::KeyspaceError;

/// A 64-bit decimal integer without white space, plus sign or leading zeros.
pub(crate) fn parse_integer(text: &[u8]) -> Result<i64, KeyspaceError> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [] => false,
        [b'0'] => digits.len() == text.len(),
        [first, ..] => *first != b'0' && digits.iter().all(u8::is_ascii_digit),
    };
    let number = str::from_utf8(text).ok().filter(|_| canonical).and_then(|text| text.parse().ok());
    number.ok_or(KeyspaceError::NotAnInteger)
}

/// A finite or infinite decimal number; no white space, not NaN.
pub(crate) fn parse_float(text: &[u8]) -> Result<f64, KeyspaceError> {
    let number: Option<f64> = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|number| !number.is_nan()).ok_or(KeyspaceError::NotAFloat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_are_integers() {
        for (text, number) in
            [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(parse_integer(text.as_bytes()).unwrap(), number);
        }
        for text in ["", "-", "-0", "01", "+1", " 1", "1 ", "1.0", "9223372036854775808", "1e3", "\u{661}"] {
            assert!(parse_integer(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
