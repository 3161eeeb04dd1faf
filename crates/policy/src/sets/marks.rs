//! S3-FIFO among the 16 entries of one set, the share of its small queue steered.
//!
//! The small queue is whatever of the set is not in main: one entry, or up to four where that pays. An entry that was read
//! while in small goes to main, the others leave. Main is a CLOCK whose counters take up to three hits. Who leaves is
//! [remembered](ghosts), and goes to main when it comes back soon. The queues have no links: a queue's order is the
//! order of the slots, from a hand on.
//!
//! Cost: hit O(1), two bits; evict at most 16 promotions and four sweeps over bit planes, no memory but the header's.
//!
//! Sources: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023, cut down to a set; Megiddo and
//! Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003, for a share steered by those that come back.

use super::ghosts;

/// Entries of a set.
pub const WAYS: usize = 16;

/// What a set remembers of its entries, one bit per entry and plane, and of those that left. 28 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Two bits of hits per entry: the low bits of all 16 in the low half, the high bits in the high half.
    pub frequency: u32,
    /// Which entries are in main; the others are in small.
    pub main: u16,
    /// Where the search for a victim goes on: in main (low four bits) and in small (high four).
    pub hands: u8,
    /// Those that left, the share of small, and whether there is room around. The last byte is its owner's.
    pub ghosts: [u64; 2],
}

impl Marks {
    /// Counts a hit on `way`. Saturates at three.
    #[inline]
    pub fn hit(&mut self, way: usize) {
        // One more in binary, and three stays three: the low bit is set unless it was and the high was not.
        let (low, high) = ((self.frequency >> way) & 1, (self.frequency >> (way + WAYS)) & 1);
        let counted = (!low & 1 | high) | (low | high) << WAYS;
        self.frequency = self.frequency & !(0x1_0001 << way) | counted << way;
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

    /// Chooses who leaves among `candidates` (a bit per way), and tells whether it leaves small. `None` without candidates.
    #[inline]
    pub fn evict(&mut self, candidates: u16) -> Option<(usize, bool)> {
        if candidates == 0 {
            return None;
        }
        loop {
            let (small, main) = (candidates & !self.main, candidates & self.main);
            let read = self.read();
            if main == 0 || small.count_ones() >= ghosts::small_max(&self.ghosts) {
                let way = next(small, self.hands >> 4);
                self.hands = (self.hands & 0x0f) | (((way as u8 + 1) & 15) << 4);
                if read & (1 << way) == 0 {
                    return Some((way, true));
                }
                self.arrive(way, true);
                continue;
            }
            let unread = main & !read;
            if unread == 0 {
                self.spend(main);
                continue;
            }
            let hand = self.hands & 15;
            let way = next(unread, hand);
            // The hand takes one hit from each entry that it passes.
            let passed = rotated_run(hand, (way as u8).wrapping_sub(hand) & 15) & main;
            self.spend(passed);
            self.hands = (self.hands & 0xf0) | ((way as u8 + 1) & 15);
            return Some((way, false));
        }
    }

    /// Whether `tag` left the set a while ago; that is forgotten then, and taken for a sign of which queue is too short.
    #[inline]
    pub fn recall(&mut self, tag: u16) -> bool {
        ghosts::recall(&mut self.ghosts, tag)
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
        let (way, left_small) = self.evict(candidates)?;
        if displaced & (1 << way) == 0 {
            ghosts::remember(&mut self.ghosts, tag_of(way), left_small);
        }
        self.arrive(way, remembered);
        Some(way)
    }

    /// Whether a newcomer with this tag, to a set that is full, looks for room around it. After three looks in vain only
    /// one newcomer in eight does: by its tag and the hands, so that it is not always the same.
    #[must_use]
    #[inline]
    pub const fn looks_around(&self, tag: u16) -> bool {
        let draw = (tag >> 5) as u8 ^ self.hands ^ (self.hands >> 4);
        !self.is_packed() || draw & 7 == 0
    }

    /// Whether there was no room around the set three times in a row.
    #[must_use]
    #[inline]
    pub const fn is_packed(&self) -> bool {
        ghosts::is_packed(&self.ghosts)
    }

    /// Somebody looked around for room, and has to take another's place now.
    #[inline]
    pub const fn found_no_room(&mut self) {
        ghosts::found_no_room(&mut self.ghosts);
    }

    /// Somebody came to the set, or to another from here, and nobody had to leave.
    #[inline]
    pub const fn found_room(&mut self) {
        ghosts::found_room(&mut self.ghosts);
    }

    /// The byte among the ghosts that the marks do not use.
    #[must_use]
    pub const fn spare(&self) -> u8 {
        ghosts::spare(&self.ghosts)
    }

    /// Sets the byte that the marks do not use.
    pub const fn set_spare(&mut self, byte: u8) {
        ghosts::set_spare(&mut self.ghosts, byte);
    }

    /// How far an entry is from leaving, to be compared with others of the set: in main or not, then its hits.
    #[must_use]
    pub const fn warmth(&self, way: usize) -> u8 {
        let hits = ((self.frequency >> way) & 1) | ((self.frequency >> (way + WAYS - 1)) & 2);
        hits as u8 | ((((self.main >> way) & 1) as u8) << 2)
    }

    /// Makes [`warmth`](Self::warmth) say this of an entry.
    pub const fn set_warmth(&mut self, way: usize, warmth: u8) {
        let (hits, main) = ((warmth & 3) as u32, (warmth >> 2 & 1) as u16);
        self.frequency &= !(0x1_0001 << way);
        self.frequency |= (hits & 1) << way | (hits >> 1) << (way + WAYS);
        self.main = self.main & !(1 << way) | main << way;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: u16 = u16::MAX;

    /// A tag whose ghost has a cell of its own.
    fn tag(number: usize) -> u16 {
        (number as u16 % 14) * 4681 + 0x800
    }

    /// A full set of strangers: none read, all in small.
    fn full() -> Marks {
        let mut marks = Marks::default();
        (0..WAYS).for_each(|way| marks.arrive(way, false));
        marks
    }

    #[test]
    fn hits_count_up_to_three() {
        let mut marks = full();
        for expected in [1, 2, 3, 3] {
            marks.hit(5);
            assert_eq!(marks.warmth(5), expected);
        }
        assert_eq!(marks.warmth(4), 0);
    }

    #[test]
    fn what_was_read_moves_to_main_and_what_was_not_leaves_in_the_order_of_its_coming() {
        let mut marks = full();
        marks.hit(0);
        marks.hit(2);
        let order = [1, 3, 4].map(|_| marks.replace(tag(9), ALL, 0, tag));
        assert_eq!(order, [Some(1), Some(3), Some(4)]);
        assert_eq!(marks.main, 0b101);
    }

    #[test]
    fn main_gives_up_its_least_read_once_small_is_down_to_its_share() {
        let mut marks = full();
        (0..WAYS).for_each(|way| marks.arrive(way, way != 7));
        (0..WAYS).filter(|way| *way != 3).for_each(|way| marks.hit(way));
        // The newcomer at 7 was read, so it goes to main, and the one unread there has to go.
        assert_eq!(marks.replace(tag(9), ALL, 0, tag), Some(3));
        assert_eq!(marks.main, !(1 << 3));
    }

    #[test]
    fn who_comes_back_goes_to_main_but_for_one_whose_home_is_elsewhere() {
        let mut marks = full();
        assert_eq!(marks.replace(tag(9), ALL, 0, tag), Some(0));
        assert_eq!(marks.replace(tag(0), ALL, 0, tag), Some(1));
        assert_eq!(marks.main, 1 << 1);
        assert_eq!(marks.replace(tag(9), ALL, 1 << 2, tag), Some(2));
        assert!(!marks.recall(tag(2)) && marks.recall(tag(1)));
    }

    #[test]
    fn everybody_looks_for_room_until_three_found_none_and_then_one_in_eight() {
        let mut marks = full();
        let looking = |marks: &Marks| (1..=1 << 13).filter(|tag| marks.looks_around(tag << 3)).count();
        for _ in 0..3 {
            assert_eq!(looking(&marks), 1 << 13);
            marks.found_no_room();
        }
        assert_eq!(looking(&marks), 1 << 10);
        marks.found_room();
        assert_eq!(looking(&marks), 1 << 13);
    }

    proptest! {
        #[test]
        fn one_of_the_candidates_leaves_whatever_the_marks(
            frequency: u32, main: u16, hands: u8, ghosts: [u64; 2], candidates: u16, newcomer in 1..=u16::MAX,
        ) {
            let mut marks = Marks { frequency, main, hands, ghosts };
            let (spare, packed) = (marks.spare(), marks.is_packed());
            let way = marks.replace(newcomer, candidates, 0, tag);
            prop_assert_eq!(way.is_some(), candidates != 0);
            if let Some(way) = way {
                prop_assert!(candidates & (1 << way) != 0);
                prop_assert_eq!(marks.warmth(way) & 3, 0, "a newcomer is unread");
            }
            prop_assert_eq!((marks.spare(), marks.is_packed()), (spare, packed));
        }
    }

    #[test]
    fn warmth_is_what_it_was_set_to_and_of_one_entry_alone() {
        let mut marks = Marks { frequency: 0x5a5a_c3c3, main: 0x0ff0, ..Marks::default() };
        let all = |marks: &Marks| -> [u8; WAYS] { std::array::from_fn(|way| marks.warmth(way)) };
        for way in 0..WAYS {
            for warmth in [7, 0, 5, 2, 6, 1, 4, 3] {
                let mut expected = all(&marks);
                expected[way] = warmth;
                marks.set_warmth(way, warmth);
                assert_eq!(all(&marks), expected);
            }
        }
        marks.set_warmth(3, 2);
        marks.hit(3);
        assert_eq!(marks.warmth(3), 3);
    }
}
