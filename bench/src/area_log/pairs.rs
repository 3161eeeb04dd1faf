//! Keys and values.

use crate::random::{Random, scramble};

/// Length of every key.
pub(super) const KEY_BYTES: usize = 16;

pub(super) type Key = [u8; KEY_BYTES];
pub(super) type Pair = (Key, Vec<u8>);

/// The key of a number. Neighbours in number are strangers in order.
pub(super) fn key(number: u64) -> Key {
    key_at(scramble(number))
}

/// The key at a place in the order of all keys.
fn key_at(place: u64) -> Key {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&place.to_be_bytes());
    key[8..].copy_from_slice(&scramble(place).to_be_bytes());
    key
}

/// The keys of the numbers below `count`, in order: the kindest way to fill a tree.
pub(super) fn keys_in_order(count: u64) -> impl Iterator<Item = Key> {
    let mut places = (0..count).map(scramble).collect::<Vec<u64>>();
    places.sort_unstable();
    places.into_iter().map(key_at)
}

/// Bytes that no compression makes smaller, to cut values from.
pub(super) struct Noise(Vec<u8>);

impl Noise {
    const BYTES: usize = 1 << 20;

    pub(super) fn new() -> Self {
        let mut random = Random::new(7);
        Self((0..Self::BYTES / 8).flat_map(|_| random.next().to_le_bytes()).collect())
    }

    /// Some value of `bytes` bytes, most likely not the one that came before.
    pub(super) fn value(&self, random: &mut Random, bytes: usize) -> &[u8] {
        let start = usize::try_from(random.next() % (Self::BYTES - bytes) as u64).unwrap_or_default();
        &self.0[start..start + bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_order_are_the_keys_of_the_numbers() {
        let mut keys = (0..1000).map(key).collect::<Vec<Key>>();
        keys.sort_unstable();
        assert_eq!(keys_in_order(1000).collect::<Vec<Key>>(), keys);
    }
}
