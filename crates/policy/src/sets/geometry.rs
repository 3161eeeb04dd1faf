//! Where in the sets a key may be.
//!
//! Sets come in families. A family starts as one set and doubles when it is full, up to a number of sets that is the
//! same for all, so a cache that holds little uses little memory. A key's family is told by the high bits of its hash, its
//! set within the family by as many bits of its 16-bit tag as the family has doubled; so where an entry belongs can
//! be told from its tag and where it is, without its key.
//!
//! A key has two sets it may be in, its home and, when that is full, another: of the family that mirrors its own about a
//! point its tag tells, and again by the bits of its tag. The mirror of the mirror is home. When both are full, an entry of
//! its home may be moved to that one's mirror.

use crate::sets::WAYS;

/// Of how many entries of a full set it is tried whether they can be moved to their mirror.
pub const MOVES_TRIED: usize = 8;

/// Doublings of a family when a cache is built; a tag has bits for more, for the cache that is resized.
const LEVEL_BUILT: u8 = 5;
/// Families below which a cache has fewer sets per family instead.
const FAMILIES_MIN: u64 = 32;

/// The tag of a hash whose tag would be zero: the planes of both are the same.
const TAG_FOR_ZERO: u16 = 1 << 15;

/// How many sets there are, and where a key belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    families: u64,
    level_max: u8,
    limits: Limits,
}

/// How many slots of each set may be used when all families are full grown: the capacity, dealt out. One word, so that
/// a cache can change it while it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits(pub u64);

impl Limits {
    const WAYS_AT: u32 = 56;

    const fn new(capacity: u64, sets: u64) -> Self {
        Self(((capacity / sets) << Self::WAYS_AT) | (capacity % sets))
    }

    /// Which slots of the set with this number may be used, a bit each.
    #[must_use]
    #[inline]
    pub const fn usable(self, set: u64) -> u16 {
        let sets_with_one_more = self.0 & ((1 << Self::WAYS_AT) - 1);
        let ways = (self.0 >> Self::WAYS_AT) + (set < sets_with_one_more) as u64;
        if ways >= WAYS as u64 { u16::MAX } else { (1 << ways) - 1 }
    }
}

/// Where a key belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// Tells a key from its neighbours in a set. Never zero.
    pub tag: u16,
    /// The family of its home set.
    pub family: u64,
}

impl Geometry {
    /// Most doublings of a family.
    pub const LEVEL_MAX: u8 = 7;

    /// The geometry of a cache of `capacity` entries.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let sets = capacity.div_ceil(WAYS as u64).max(1);
        let level = (sets / FAMILIES_MIN).checked_ilog2().map_or(0, |log| log.min(LEVEL_BUILT.into()) as u8);
        Self::of(sets.div_ceil(1 << level), level, capacity)
    }

    /// The geometry of the same families for another capacity, if they can hold it.
    #[must_use]
    pub fn resized(&self, capacity: u64) -> Option<Self> {
        let sets = capacity.div_ceil(WAYS as u64).max(1);
        let level = sets.div_ceil(self.families).next_power_of_two().ilog2();
        let level = u8::try_from(level).ok().filter(|level| *level <= Self::LEVEL_MAX)?;
        Some(Self::of(self.families, level, capacity))
    }

    const fn of(families: u64, level_max: u8, capacity: u64) -> Self {
        Self { families, level_max, limits: Limits::new(capacity, families << level_max) }
    }

    /// How many families there are.
    #[must_use]
    pub const fn families(&self) -> u64 {
        self.families
    }

    /// How often a family may double.
    #[must_use]
    pub const fn level_max(&self) -> u8 {
        self.level_max
    }

    /// Where the key of `hash` belongs. All bits of the hash must be good.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the high half of a product, and the low bits")]
    #[inline]
    pub const fn home(&self, hash: u64) -> Home {
        let family = ((hash as u128 * self.families as u128) >> 64) as u64;
        let tag = hash as u16;
        Home { tag: if tag == 0 { TAG_FOR_ZERO } else { tag }, family }
    }

    /// The other family that an entry of `tag` in `family` may be in, unless it is the same.
    #[must_use]
    #[inline]
    pub const fn mirror(&self, home: Home) -> Option<Home> {
        let spread = (home.tag as u64 * 0x9e37_79b9) & 0xffff_ffff;
        let point = (spread * self.families) >> 32;
        let mirrored = point + self.families - home.family;
        let family = if mirrored >= self.families { mirrored - self.families } else { mirrored };
        if family == home.family { None } else { Some(Home { tag: home.tag, family }) }
    }

    /// Where an entry at home may be moved to make room: its mirror, if that is of a later family, so that who goes
    /// through all families in order misses nobody who is moved.
    #[must_use]
    pub fn later_mirror(&self, home: Home) -> Option<Home> {
        self.mirror(home).filter(|mirror| mirror.family > home.family)
    }

    /// Which of the 2^level sets of a family an entry of `tag` is in.
    #[must_use]
    #[inline]
    pub const fn plane(tag: u16, level: u8) -> usize {
        tag as usize & ((1 << level) - 1)
    }

    /// Whether an entry of `tag` moves to another set when its family doubles from `level`.
    #[must_use]
    #[inline]
    pub const fn moves(tag: u16, level: u8) -> bool {
        tag & (1 << level) != 0
    }

    /// The same as [`plane`](Self::plane), for a family whose doublings are given as a mask of as many bits.
    #[must_use]
    #[inline]
    pub const fn plane_masked(tag: u16, mask: u8) -> usize {
        tag as usize & mask as usize
    }

    /// The way that an entry of `tag` likes best, told by bits that do not tell its set: where a look-up may ask for its
    /// memory before it knows.
    #[must_use]
    #[inline]
    pub const fn favourite(tag: u16) -> usize {
        (tag >> 12) as usize
    }

    /// The first of `ways` from the [favourite](Self::favourite) of `tag` on, round and round. At least one is given.
    #[must_use]
    #[inline]
    pub const fn near(ways: u16, tag: u16) -> usize {
        let favourite = Self::favourite(tag);
        (favourite + ways.rotate_right(favourite as u32).trailing_zeros() as usize) % WAYS
    }

    /// The number of a set, by which its slots are [limited](Limits::usable).
    #[must_use]
    #[inline]
    pub const fn number(&self, family: u64, plane: usize) -> u64 {
        plane as u64 * self.families + family
    }

    /// How many slots each set may use.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_slots_of_all_sets_are_the_capacity(capacity in 1..2_000_000_u64) {
            let geometry = Geometry::new(capacity);
            let mut slots = 0;
            for plane in 0..1 << geometry.level_max() {
                for family in 0..geometry.families() {
                    let usable = geometry.limits().usable(geometry.number(family, plane));
                    slots += u64::from(usable.count_ones());
                }
            }
            prop_assert_eq!(slots, capacity);
        }

        #[test]
        fn the_mirror_of_the_mirror_is_home(capacity in 1..2_000_000_u64, hash in any::<u64>()) {
            let geometry = Geometry::new(capacity);
            let home = geometry.home(hash);
            prop_assert!(home.family < geometry.families());
            if let Some(mirror) = geometry.mirror(home) {
                prop_assert!(mirror.family < geometry.families());
                prop_assert_eq!(geometry.mirror(mirror), Some(home));
            }
        }
    }

    #[test]
    fn a_resized_cache_keeps_its_families() {
        let geometry = Geometry::new(100_000);
        for capacity in [1, 16, 1000, 50_000, 100_000, 400_000] {
            let resized = geometry.resized(capacity).unwrap();
            assert_eq!(resized.families(), geometry.families());
        }
        assert_eq!(geometry.resized(u64::MAX / 2), None);
    }
}
