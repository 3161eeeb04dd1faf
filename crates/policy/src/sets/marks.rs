//! S3-FIFO among the 16 entries of one set.
//!
//! The small queue is whatever of the set is not in main, usually the one entry that came last: a newcomer's slot is the
//! next to be looked at. An entry that was read while in small goes to main, the others leave and are remembered by
//! their tags. Main is a CLOCK whose counters take up to three hits. The queues have no links: a queue's order is the order
//! of the slots, from a hand on.
//!
//! Cost: hit O(1), two bits; evict at most 16 promotions and four sweeps over bit planes, no memory but the header's.
//!
//! Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023, cut down to a set.

/// Entries of a set.
pub const WAYS: usize = 16;

/// Tags remembered of entries that left small unread.
const GHOSTS: u64 = 7;

/// The lowest bits of four lanes of 16 bits, and the highest.
const LANES_LOW: u64 = 0x0001_0001_0001_0001;
const LANES_HIGH: u64 = LANES_LOW << 15;

/// What a set remembers of its entries, one bit per entry and plane, and of those that left. 28 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Two bits of hits per entry: the low bits of all 16 in the low half, the high bits in the high half.
    pub frequency: u32,
    /// Which entries are in main; the others are in small.
    pub main: u16,
    /// Where the search for a victim goes on: in main (low four bits) and in small (high four).
    pub hands: u8,
    /// Seven tags of 16 bits. The last two bytes: where the next one goes, and one that is its owner's.
    pub ghosts: [u64; 2],
}

impl Marks {
    /// Counts a hit on `way`. Saturates at three.
    #[inline]
    pub fn hit(&mut self, way: usize) {
        let (low, high) = (1 << way, 1 << (way + WAYS));
        let carry = (self.frequency & low) << WAYS;
        if self.frequency & high == 0 {
            self.frequency = (self.frequency ^ low) | carry;
        } else {
            self.frequency |= low;
        }
    }

    /// An entry came to `way`: to main if it was remembered, else to small.
    #[inline]
    pub fn arrive(&mut self, way: usize, remembered: bool) {
        self.forget(way);
        self.main |= u16::from(remembered) << way;
    }

    /// The entry at `way` is gone.
    #[inline]
    pub fn forget(&mut self, way: usize) {
        self.frequency &= !(0x1_0001 << way);
        self.main &= !(1 << way);
    }

    /// What `other` knows of its entry at `other_way` is true of the one at `way` now.
    pub fn take_over(&mut self, way: usize, other: &Self, other_way: usize) {
        self.forget(way);
        self.frequency |= ((other.frequency >> other_way) & 0x1_0001) << way;
        self.main |= ((other.main >> other_way) & 1) << way;
    }

    /// Chooses who leaves among `candidates` (a bit per way), and whether it leaves unread from small: then its tag is to
    /// be [remembered](Self::remember). `None` without candidates.
    #[inline]
    pub fn evict(&mut self, candidates: u16) -> Option<(usize, bool)> {
        if candidates == 0 {
            return None;
        }
        loop {
            let small = candidates & !self.main;
            let read = self.read();
            if small != 0 {
                let way = next(small, self.hands >> 4);
                self.hands = (self.hands & 0x0f) | (((way as u8 + 1) & 15) << 4);
                if read & (1 << way) == 0 {
                    return Some((way, true));
                }
                self.arrive(way, true);
                continue;
            }
            let unread = candidates & !read;
            if unread == 0 {
                self.spend(candidates);
                continue;
            }
            let hand = self.hands & 15;
            let way = next(unread, hand);
            // The hand takes one hit from each entry that it passes.
            let passed = rotated_run(hand, (way as u8).wrapping_sub(hand) & 15) & candidates;
            self.spend(passed);
            self.hands = (self.hands & 0xf0) | ((way as u8 + 1) & 15);
            return Some((way, false));
        }
    }

    /// Remembers the tag of an entry that left small unread, in place of the oldest.
    #[inline]
    pub fn remember(&mut self, tag: u16) {
        let at = (self.ghosts[1] >> 48) & 0xff;
        let (word, shift) = ((at / 4) as usize, at % 4 * 16);
        self.ghosts[word] = (self.ghosts[word] & !(0xffff << shift)) | (u64::from(tag) << shift);
        let next = if at + 1 == GHOSTS { 0 } else { at + 1 };
        self.ghosts[1] = (self.ghosts[1] & !(0xff << 48)) | (next << 48);
    }

    /// Whether `tag` is remembered; it is forgotten then.
    #[inline]
    pub fn recall(&mut self, tag: u16) -> bool {
        for (word, lanes) in [(0, LANES_HIGH), (1, LANES_HIGH >> WAYS)] {
            // A lane that equals the tag is zero here; of the lanes whose high bit comes out, the lowest is one.
            let lanes_unequal = self.ghosts[word] ^ (LANES_LOW * u64::from(tag));
            let equal = lanes_unequal.wrapping_sub(LANES_LOW) & !lanes_unequal & lanes;
            if equal != 0 {
                self.ghosts[word] &= !(0xffff << (equal.trailing_zeros() - 15));
                return true;
            }
        }
        false
    }

    /// Chooses who makes way for a newcomer with this tag, and puts the newcomer's marks in its place. `displaced`: whose
    /// home is another set, where alone a ghost of theirs would be of use.
    #[inline]
    pub fn replace(
        &mut self,
        tag: u16,
        candidates: u16,
        displaced: u16,
        tag_of: impl Fn(usize) -> u16,
    ) -> Option<usize> {
        // Before the victim is remembered, which might push out what is remembered of the newcomer.
        let remembered = self.recall(tag);
        let (way, unread) = self.evict(candidates)?;
        if unread && displaced & (1 << way) == 0 {
            self.remember(tag_of(way));
        }
        self.arrive(way, remembered);
        Some(way)
    }

    /// The byte among the ghosts that the marks do not use.
    #[must_use]
    pub const fn spare(&self) -> u8 {
        (self.ghosts[1] >> 56) as u8
    }

    /// Sets the byte that the marks do not use.
    pub const fn set_spare(&mut self, byte: u8) {
        self.ghosts[1] = (self.ghosts[1] & (u64::MAX >> 8)) | ((byte as u64) << 56);
    }

    /// How far an entry is from leaving, to be compared with others of the set: in main or not, then its hits.
    #[must_use]
    pub const fn warmth(&self, way: usize) -> u8 {
        let hits = ((self.frequency >> way) & 1) | ((self.frequency >> (way + WAYS - 1)) & 2);
        hits as u8 | ((((self.main >> way) & 1) as u8) << 2)
    }

    /// Keeps of the ghosts those whose tags `keep` says yes to.
    pub fn retain_ghosts(&mut self, keep: impl Fn(u16) -> bool) {
        for ghost in 0..GHOSTS {
            let (word, shift) = ((ghost / 4) as usize, ghost % 4 * 16);
            if !keep((self.ghosts[word] >> shift) as u16) {
                self.ghosts[word] &= !(0xffff << shift);
            }
        }
    }

    /// Which entries have been read since they came to their queue, as far as the hand has not taken the hits back.
    const fn read(&self) -> u16 {
        (self.frequency | (self.frequency >> WAYS)) as u16
    }

    /// Takes one hit from each of `ways` that has any.
    const fn spend(&mut self, ways: u16) {
        let ways = ways & self.read();
        let low = self.frequency as u16;
        let borrow = ways & !low;
        self.frequency ^= (ways as u32) | ((borrow as u32) << WAYS);
    }
}

/// The first of `ways` at or after `hand`, round and round.
const fn next(ways: u16, hand: u8) -> usize {
    let ahead = ways.rotate_right(hand as u32).trailing_zeros();
    (hand as usize + ahead as usize) % WAYS
}

/// `len` bits from `start` on, round and round.
const fn rotated_run(start: u8, len: u8) -> u16 {
    (((1_u32 << len) - 1) as u16).rotate_left(start as u32)
}
