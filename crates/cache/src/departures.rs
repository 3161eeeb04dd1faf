//! Why a key that is missed is not there: a memory of what left, two bytes for each entry that the cache may hold.
//!
//! A key that leaves writes its fingerprint, 14 bits, and the reason, 2 bits, at the one place that its hash says; a miss
//! looks there. A store, and a load: no lock, no read-modify-write. The table is allocated at once and never grows.
//!
//! It is right about most misses, not about all. A key that left is forgotten when another leaves to its place, which
//! after as many departures as the table has places has happened to five of eight; it then counts as never seen. And a
//! key never seen is taken for the one that left at its place with a chance of one in 16,384.

use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use crate::Cause;

/// Why a look-up found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// Never held, or so long ago that it is forgotten.
    Cold,
    Expired,
    Evicted,
    Invalidated,
}

const PLACES_MIN: u64 = 64;
/// 128 MiB.
const PLACES_MAX: u64 = 1 << 26;
const CAUSE_BITS: u32 = 2;

#[derive(Debug)]
pub(crate) struct Departures {
    places: Box<[AtomicU16]>,
}

impl Departures {
    /// For a cache of about `entries` entries: as many places, rounded up to a power of two, between 64 and 2^26.
    pub(crate) fn new(entries: u64) -> Self {
        let places = entries.clamp(PLACES_MIN, PLACES_MAX).next_power_of_two();
        Self { places: (0..places).map(|_| AtomicU16::new(0)).collect() }
    }

    /// The key with this `hash` left.
    pub(crate) fn note(&self, hash: u64, cause: Cause) {
        let reason = match cause {
            Cause::Expired => Miss::Expired,
            Cause::Size => Miss::Evicted,
            Cause::Explicit | Cause::Tag => Miss::Invalidated,
            Cause::Replaced => return, // the key is still there
        };
        let (place, fingerprint) = self.place(hash);
        place.store(fingerprint | reason as u16, Relaxed);
    }

    /// Why the key with this `hash` is not there.
    pub(crate) fn why(&self, hash: u64) -> Miss {
        let (place, fingerprint) = self.place(hash);
        let found = place.load(Relaxed);
        if found & !((1 << CAUSE_BITS) - 1) != fingerprint {
            return Miss::Cold;
        }
        match found & ((1 << CAUSE_BITS) - 1) {
            1 => Miss::Expired,
            2 => Miss::Evicted,
            3 => Miss::Invalidated,
            _ => Miss::Cold,
        }
    }

    /// The place for `hash`, and its fingerprint above the bits of the reason.
    fn place(&self, hash: u64) -> (&AtomicU16, u16) {
        // The product's high half depends on all bits of the hash, whichever of them the storage used.
        let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = mixed ^ (mixed >> 32);
        let index = (mixed >> 16) as usize & (self.places.len() - 1);
        (&self.places[index], (mixed as u16) << CAUSE_BITS)
    }

    /// Bytes allocated.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.places)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn the_last_departure_says_why() {
        let departures = Departures::new(0);
        assert_eq!(departures.why(7), Miss::Cold);
        for (cause, miss) in [
            (Cause::Expired, Miss::Expired),
            (Cause::Replaced, Miss::Expired), // no departure of the key
            (Cause::Size, Miss::Evicted),
            (Cause::Explicit, Miss::Invalidated),
            (Cause::Tag, Miss::Invalidated),
        ] {
            departures.note(7, cause);
            assert_eq!(departures.why(7), miss);
        }
        assert_eq!(departures.bytes(), 128);
        assert_eq!(Departures::new(1_000).bytes(), 2_048);
    }

    /// What the header says of mistakes: five of eight forgotten after a table's worth, one in 16,384 taken for another.
    #[test]
    fn mistakes_are_as_rare_as_the_header_says() {
        let hasher = foldhash::fast::FixedState::with_seed(1);
        let (places, unseen) = (1_u64 << 16, 1_u64 << 20);
        let departures = Departures::new(places);
        // A few keys, and then as many others as there are places, twice over in the end.
        let few = places / 64;
        let note = |keys: std::ops::Range<u64>| {
            keys.for_each(|key| departures.note(hasher.hash_one(key), Cause::Size));
        };
        let known = |keys: std::ops::Range<u64>| {
            keys.filter(|key| departures.why(hasher.hash_one(key)) == Miss::Evicted).count()
        };
        note(0..few);
        note(few..places + few);
        let left = known(0..few);
        assert!((312..442).contains(&left), "{left} of {few}; 377 are expected");
        note(places + few..2 * places);
        let wrong = known(2 * places..2 * places + unseen);
        assert!((20..110).contains(&wrong), "{wrong} of {unseen}; 55 are expected");
    }

    /// Hashes that differ in a few bits only, wherever these are, spread over the table.
    #[test]
    fn all_bits_of_the_hash_count() {
        for shift in [0, 8, 16, 24, 32, 40, 48] {
            let departures = Departures::new(1 << 10);
            let places: std::collections::HashSet<*const AtomicU16> =
                (0..1_u64 << 10).map(|bits| std::ptr::from_ref(departures.place(bits << shift).0)).collect();
            assert!(places.len() > 400, "{} places by bits from {shift}", places.len());
        }
    }
}
