//! A cache line of the index: twelve slots, a byte of hash for each, and the way to the next line of the same chain.

/// Slots in a bucket.
pub(super) const WAYS: usize = 12;
/// No bucket follows.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Bucket {
    /// 0 where the way is free.
    tags: [u8; WAYS],
    /// The next bucket of the chain, in another sequence.
    pub(super) next: u32,
    slots: [u32; WAYS],
}

const _: () = assert!(size_of::<Bucket>() == 64);

impl Bucket {
    pub(super) const EMPTY: Self = Self { tags: [0; WAYS], next: NONE, slots: [0; WAYS] };

    /// The slot under `hash` of which `is_it` says yes. It is asked about one in 256 others.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.way(tag(hash), is_it).map(|way| self.slots[way])
    }

    #[inline]
    fn way(&self, tag: u8, mut is_it: impl FnMut(u32) -> bool) -> Option<usize> {
        let mut ways = equal_bytes(&self.tags, tag);
        while ways != 0 {
            let way = way_of(ways);
            if is_it(self.slots[way]) {
                return Some(way);
            }
            ways &= ways - 1;
        }
        None
    }

    /// Takes a slot in, if a way is free.
    #[inline]
    pub(super) fn put(&mut self, hash: u32, slot: u32) -> bool {
        let free = equal_bytes(&self.tags, 0);
        if free == 0 {
            return false;
        }
        self.tags[way_of(free)] = tag(hash);
        self.slots[way_of(free)] = slot;
        true
    }

    /// Frees the way of `slot`, which was put in under `hash`, and says whether there was one.
    #[inline]
    pub(super) fn remove(&mut self, hash: u32, slot: u32) -> bool {
        let Some(way) = self.way(tag(hash), |other| other == slot) else { return false };
        self.tags[way] = 0;
        true
    }

    /// Takes any one out.
    pub(super) fn pop(&mut self) -> Option<u32> {
        let way = self.tags.iter().position(|tag| *tag != 0)?;
        self.tags[way] = 0;
        Some(self.slots[way])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tags == [0; WAYS]
    }
}

/// A byte of a key's hash, to tell most other keys from it without a look at them. Of bits that say nothing about the
/// bucket before a shard holds a hundred million entries.
#[inline]
const fn tag(hash: u32) -> u8 {
    let byte = (hash >> 18) as u8;
    if byte == 0 { 1 } else { byte }
}

/// A bit for each byte that equals `byte`.
#[cfg(target_arch = "x86_64")]
#[inline]
fn equal_bytes(bytes: &[u8; WAYS], byte: u8) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
    let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let high = u64::from(u32::from_le_bytes(rest));
    #[expect(unsafe_code, reason = "SSE2 is part of every x86-64")]
    // SAFETY: every x86-64 has SSE2, and these touch no memory.
    let equal = unsafe {
        let bytes = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed())))
    };
    equal.cast_unsigned() & ((1 << WAYS) - 1)
}

/// A bit for each byte that equals `byte`.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn equal_bytes(bytes: &[u8; WAYS], byte: u8) -> u32 {
    bytes.iter().rev().fold(0, |bits, other| bits << 1 | u32::from(*other == byte))
}

/// The way of the first bit, of which there is one.
#[inline]
const fn way_of(bits: u32) -> usize {
    let way = bits.trailing_zeros() as usize;
    if way < WAYS { way } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_agrees_with_a_vector(steps in prop::collection::vec((0..4_u32, 0..30_u32, any::<bool>()), 1..100)) {
            let mut bucket = Bucket::EMPTY;
            let mut twin = Vec::<(u32, u32)>::new();
            for (byte, slot, put) in steps {
                let hash = |byte| byte << 18;
                if put && twin.iter().all(|(_, other)| *other != slot) {
                    let room = twin.len() < WAYS;
                    prop_assert_eq!(bucket.put(hash(byte), slot), room);
                    if room {
                        twin.push((byte.max(1), slot));
                    }
                } else {
                    let before = twin.len();
                    twin.retain(|other| *other != (byte.max(1), slot));
                    prop_assert_eq!(bucket.remove(hash(byte), slot), twin.len() < before);
                }
                for byte in 0..4 {
                    let mut under = Vec::new();
                    let found = bucket.find(hash(byte), |slot| { under.push(slot); false });
                    prop_assert_eq!(found, None);
                    let of_byte = twin.iter().filter(|(of, _)| *of == byte.max(1));
                    let mut expected = Vec::from_iter(of_byte.map(|(_, slot)| *slot));
                    expected.sort_unstable();
                    under.sort_unstable();
                    prop_assert_eq!(under, expected);
                }
                prop_assert_eq!(bucket.is_empty(), twin.is_empty());
            }
            for (byte, slot) in &twin {
                prop_assert_eq!(bucket.find(byte << 18, |other| other == *slot), Some(*slot));
            }
            while let Some(slot) = bucket.pop() {
                twin.retain(|(_, other)| *other != slot);
            }
            prop_assert!(twin.is_empty());
        }
    }
}
