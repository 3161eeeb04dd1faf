//! Keys as the log has them.

use std::borrow::Cow;

/// `key` as the log has it: as it is, but for keys of nothing but zero bytes, which get one more. The empty key is one of
/// those, and the log takes no empty key.
pub(crate) fn to_log(key: &[u8]) -> Cow<'_, [u8]> {
    if is_zeros(key) {
        let mut longer = key.to_vec();
        longer.push(0);
        return longer.into();
    }
    key.into()
}

/// The key that the log has as `key`.
pub(crate) fn from_log(key: Box<[u8]>) -> Box<[u8]> {
    if is_zeros(&key) { key[1..].into() } else { key }
}

/// Most keys start with another byte, and end the search there.
fn is_zeros(key: &[u8]) -> bool {
    key.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_place_of_its_own_in_the_log() {
        let keys: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"\0a", b"a", b"a\0"];
        for key in keys {
            let stored = to_log(key);
            assert!(!stored.is_empty());
            assert_eq!(&*from_log(stored.into_owned().into()), key);
        }
        assert_eq!(to_log(b""), &b"\0"[..]);
        assert_eq!(to_log(b"\0"), &b"\0\0"[..]);
    }
}
