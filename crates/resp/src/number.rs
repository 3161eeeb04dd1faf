//! Decimal integers, read as strictly as Redis reads them and written without allocation.

/// Reads a whole decimal integer.
///
/// As strict as Redis: no `+`, no leading zeros, no `-0`, no blanks, nothing before or behind.
#[must_use]
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= MAX_DIGITS => {}
        _ => return None,
    }
    let mut magnitude = 0_u64; // 19 digits always fit
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit);
    }
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Appends `value` in decimal. One copy, no allocation beside the growth of `out`.
pub fn write_integer(out: &mut Vec<u8>, value: i64) {
    // Replies are mostly headers and counters of one digit.
    if let digit @ 0..=9 = value {
        out.push(b'0' + digit as u8);
        return;
    }
    out.extend_from_slice(decimal(value, &mut [0; INTEGER_BYTES_MAX]));
}

/// Writes `value` at the end of `text` and returns that part.
pub(crate) fn decimal(value: i64, text: &mut [u8; INTEGER_BYTES_MAX]) -> &[u8] {
    let mut start = text.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        start -= 1;
        text[start] = b'-';
    }
    &text[start..]
}

/// Reads a small canonical count or length and the CRLF behind it; returns it with its digits.
///
/// `None` says nothing about validity: the bytes may be incomplete, long, negative or wrong. The caller then takes a
/// slower road that tells these apart. Kept this narrow because it runs once per argument.
#[inline]
pub(crate) fn short_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (digits, &byte) in bytes.iter().enumerate().take(SHORT_DIGITS + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let complete = digits > 0 && byte == b'\r' && bytes.get(digits + 1) == Some(&b'\n');
            return complete.then_some((value, digits));
        }
        if digits > 0 && value == 0 {
            return None; // a leading zero
        }
        value = value * 10 + usize::from(digit);
    }
    None
}

/// Digits of the largest `i64`.
const MAX_DIGITS: usize = 19;
/// Those and a sign.
pub(crate) const INTEGER_BYTES_MAX: usize = MAX_DIGITS + 1;
/// Few enough that a 32-bit `usize` holds them.
const SHORT_DIGITS: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_read_as_strictly_as_redis_reads_them() {
        for text in
            ["", "-", "+1", "01", "-0", "00", " 1", "1 ", "1a", "9223372036854775808", "99999999999999999999"]
        {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse_integer(b"0"), Some(0));
        assert_eq!(parse_integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_integer(b"-9223372036854775809"), None);
        assert_eq!(parse_integer(b"9223372036854775807"), Some(i64::MAX));
    }

    #[test]
    fn a_short_header_is_canonical_complete_and_terminated() {
        assert_eq!(short_header(b"0\r\n"), Some((0, 1)));
        assert_eq!(short_header(b"123456789\r\nrest"), Some((123_456_789, 9)));
        for bytes in
            [&b""[..], b"\r\n", b"1", b"1\r", b"1\n", b"1\rx", b"01\r\n", b"-1\r\n", b"1234567890\r\n"]
        {
            assert_eq!(short_header(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn integers_are_written_as_the_standard_library_writes_them(value: i64) {
            let mut out = Vec::new();
            write_integer(&mut out, value);
            prop_assert_eq!(String::from_utf8_lossy(&out), value.to_string());
            prop_assert_eq!(parse_integer(&out), Some(value));
        }

        #[test]
        fn what_is_read_is_what_would_be_written(text in "[-+]?[0-9 a]{0,21}") {
            if let Some(value) = parse_integer(text.as_bytes()) {
                prop_assert_eq!(value.to_string(), text);
            }
        }
    }
}
