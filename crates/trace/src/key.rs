//! Keys from text.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;

/// Fixed, so that a key is the same number on every run.
const SEED: u64 = 0x6e75_7468_6174_6368;

/// A plain decimal keeps its number, so that one trace has the same keys in text and in binary; other text is hashed.
///
/// "007" and "+7" are other keys than "7" and hence hashed. Two texts with one hash become one key: among a hundred
/// million keys, with a chance of one in four thousand.
pub(crate) fn from_text(text: &[u8]) -> u64 {
    let canonical = text.first().is_some_and(|first| *first != b'0') || text == b"0";
    if canonical && let Some(number) = decimal(text) {
        return number;
    }
    let mut hasher = FixedState::with_seed(SEED).build_hasher();
    hasher.write(text);
    hasher.finish()
}

/// The value of ASCII digits, or `None` if there are none, other bytes among them, or it does not fit.
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_themselves_and_other_spellings_are_other_keys() {
        assert_eq!(from_text(b"0"), 0);
        assert_eq!(from_text(b"42"), 42);
        assert_eq!(from_text(b"18446744073709551615"), u64::MAX);
        for text in [&b"042"[..], b"+42", b"42 ", b"18446744073709551616", b"", b"00"] {
            assert_ne!(from_text(text), 42);
            assert_eq!(from_text(text), from_text(text));
        }
        assert_ne!(from_text(b"00"), 0);
    }

    /// A changed hash would change the keys of every text trace, hence the results of policies that sample.
    #[test]
    fn the_hash_of_text_is_fixed() {
        assert_eq!(from_text(b"nuthatch"), from_text(b"nuthatch"));
        assert_ne!(from_text(b"nuthatch"), from_text(b"Nuthatch"));
    }

    #[test]
    fn decimal_refuses_what_is_not_a_number_that_fits() {
        assert_eq!(decimal(b"0007"), Some(7));
        for text in [&b""[..], b"-1", b"1.0", b"1e3", b"18446744073709551616", b"\xff"] {
            assert_eq!(decimal(text), None);
        }
    }
}
