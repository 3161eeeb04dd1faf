//! S3-FIFO among the 16 entries of one set, the share of its small queue steered.
//!
//! The small queue is whatever of the set is not in main: one entry, or up to four where that pays. An entry that was read
//! while in small goes to main, the others leave. Main is a CLOCK whose counters take up to five hits. Who leaves is
//! [remembered](ghosts), and goes to main when it comes back soon, unless all are in use there. The queues have no links: a
//! queue's order is the order of the slots, from a hand on.
//!
//! Who comes back shows which queue is too short. If those that left small come back more often, each, than those that left
//! main, small is given more of the set, else less. One that comes back is weighed by how many are remembered of the
//! other queue, so that it does not matter that far more leave small than main.
//!
//! All that is kept, but for the ghosts, is one word: three bits per entry, the hands, the share, and how often in a row
//! there was no room around the set. Bits are worked on for all entries at once. Nothing depends on the word but who
//! leaves: a store that is lost among threads does no harm.
//!
//! Cost: hit O(1), one word; evict at most 16 promotions and six sweeps over the word, no memory but the header's.
//!
//! Sources: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023, cut down to a set; Megiddo and
//! Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003, for a share steered by those that come back.

use super::ghosts::{self, Ghosts, Returned};

/// Entries of a set.
pub const WAYS: usize = 16;

/// What a set knows of its entries and of itself: see the head of the file. Zero is an empty set's.
///
/// Of each entry three bits, from the lowest on: 0 in small and not read, 1 in small and read, then 2 to 7 in main with none
/// to five hits. Above them a hand of four bits each for main and small, six bits of share, and two that count looks for room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u64);

/// An entry's bits, and the lowest of each entry's.
const ENTRY: u64 = 7;
const LOW: u64 = 0o1_111_111_111_111_111;
/// The bits of one that came to main.
const MAIN: u64 = 2;
/// By the bits of an entry, whether a hit adds one.
const COUNTS: u64 = 0b0111_1101;

const HAND_AT: u32 = 48;
const HAND_SMALL_AT: u32 = 52;
const SHARE_AT: u32 = 56;
const FULL_AT: u32 = 62;
/// The share of the small queue at most. For each quarter of it, small may hold one more entry.
const SHARE_MAX: u8 = 63;
const QUARTER_AT: u32 = SHARE_AT + 4;
/// Looks in vain that are counted.
const FULL_MAX: u64 = 3;
/// Entries in main, below which whoever comes back is let in whatever main holds.
const MAIN_MIN: u32 = 8;

impl Marks {
    /// Counts a hit on `way`.
    #[inline]
    pub const fn hit(&mut self, way: usize) {
        let at = at(way);
        let entry = (self.0 >> at) & ENTRY;
        self.0 += ((COUNTS >> entry) & 1) << at;
    }

    /// An entry came to `way`: to main if it was remembered, else to small.
    #[inline]
    pub const fn arrive(&mut self, way: usize, remembered: bool) {
        self.put(at(way), remembered);
    }

    #[inline]
    const fn put(&mut self, place: u32, in_main: bool) {
        self.0 = self.0 & !(ENTRY << place) | ((in_main as u64) << 1) << place;
    }

    /// The entry at `way` is gone.
    #[inline]
    pub const fn forget(&mut self, way: usize) {
        self.arrive(way, false);
    }

    /// What `other` knows of its entry at `other_way` is true of the one at `way` now.
    pub const fn take_over(&mut self, way: usize, other: &Self, other_way: usize) {
        self.forget(way);
        self.0 |= ((other.0 >> at(other_way)) & ENTRY) << at(way);
    }

    /// What another set found out about its share and the room around it is taken over, for the entries came from there.
    pub const fn take_after(&mut self, other: &Self) {
        self.0 = self.0 & ((1 << SHARE_AT) - 1) | other.0 >> SHARE_AT << SHARE_AT;
    }

    /// Chooses who leaves among `candidates` (a bit per way). `None` without candidates.
    pub fn evict(&mut self, candidates: u16) -> Option<usize> {
        self.choose(candidates).map(|(place, _)| way(place))
    }

    /// Chooses who leaves, told by where its bits begin, and tells whether it leaves small.
    #[inline]
    fn choose(&mut self, candidates: u16) -> Option<(u32, bool)> {
        // What happens most often goes straight on: small holds what it may, and the next to leave it was not read.
        let small = self.main() ^ LOW;
        if candidates == u16::MAX && small != 0 && self.0 & (3 << QUARTER_AT) == 0 {
            let place = next(small, self.hand(HAND_SMALL_AT));
            if (self.0 >> place) & ENTRY == 0 {
                self.set_hand(HAND_SMALL_AT, way(place) + 1);
                return Some((place, true));
            }
        }
        let (marks, chosen) = self.choose_among(candidates);
        *self = marks;
        chosen
    }

    /// The same in all cases. Takes and returns the marks, which then need no place in memory.
    #[inline(never)]
    fn choose_among(mut self, candidates: u16) -> (Self, Option<(u32, bool)>) {
        let candidates = spread(candidates);
        if candidates == 0 {
            return (self, None);
        }
        loop {
            let main = self.main() & candidates;
            let small = candidates ^ main;
            if self.is_over_its_share(small) || main == 0 {
                let place = next(small, self.hand(HAND_SMALL_AT));
                self.set_hand(HAND_SMALL_AT, way(place) + 1);
                if (self.0 >> place) & ENTRY == 0 {
                    return (self, Some((place, true)));
                }
                self.0 += 1 << place; // from read in small to unread in main
                continue;
            }
            let unread = self.unread_in_main() & main;
            if unread == 0 {
                self.0 -= main; // all of them were read
                continue;
            }
            let hand = self.hand(HAND_AT);
            let place = next(unread, hand);
            // The hand takes one hit from each entry that it passes: they all have one, or would have been chosen.
            self.0 -= between(hand * 3, place) & main;
            self.set_hand(HAND_AT, way(place) + 1);
            return (self, Some((place, false)));
        }
    }

    /// Whether `tag` left the set a while ago; that is forgotten then, and taken for a sign of which queue is too short.
    #[inline]
    pub fn recall(&mut self, tag: u16, ghosts: &mut impl Ghosts) -> bool {
        match ghosts::recall(ghosts, tag) {
            None => false,
            Some(returned) => {
                *self = self.steered(returned);
                true
            }
        }
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
        ghosts: &mut impl Ghosts,
    ) -> Option<usize> {
        // Before the victim is remembered, which might push out what is remembered of the newcomer.
        let admitted = self.recall(tag, ghosts) && self.admits();
        let (place, left_small) = self.choose(candidates)?;
        let way = way(place);
        if displaced & (1 << way) == 0 {
            ghosts::remember(ghosts, tag_of(way), left_small);
        }
        self.put(place, admitted);
        Some(way)
    }

    /// Whether one that comes back is let into main: not if all that are there have been read lately.
    #[inline(never)]
    fn admits(self) -> bool {
        self.unread_in_main() != 0 || self.main().count_ones() < MAIN_MIN
    }

    /// One that was remembered is asked for again.
    #[inline(never)]
    const fn steered(self, returned: Returned) -> Self {
        let share = (self.0 >> SHARE_AT) as u8 & SHARE_MAX;
        let steered = if returned.left_small {
            let more = share + returned.main;
            if more > SHARE_MAX { SHARE_MAX } else { more }
        } else {
            share.saturating_sub(returned.small)
        };
        Self(self.0 & !((SHARE_MAX as u64) << SHARE_AT) | (steered as u64) << SHARE_AT)
    }

    /// Whether a newcomer with this tag, to a set that is full, looks for room around it. After three looks in vain only
    /// one newcomer in eight does: by its tag and the hands, so that it is not always the same.
    #[must_use]
    #[inline]
    pub const fn looks_around(&self, tag: u16) -> bool {
        let hands = (self.0 >> HAND_AT) as u8;
        let draw = (tag >> 5) as u8 ^ hands ^ (hands >> 4);
        !self.is_packed() || draw & 7 == 0
    }

    /// Whether there was no room around the set three times in a row.
    #[must_use]
    #[inline]
    pub const fn is_packed(&self) -> bool {
        self.0 >> FULL_AT == FULL_MAX
    }

    /// Somebody looked around for room, and has to take another's place now.
    #[inline]
    pub const fn found_no_room(&mut self) {
        if !self.is_packed() {
            self.0 += 1 << FULL_AT;
        }
    }

    /// Somebody came to the set, or to another from here, and nobody had to leave.
    #[inline]
    pub const fn found_room(&mut self) {
        self.0 &= !(FULL_MAX << FULL_AT);
    }

    /// How far an entry is from leaving, to be compared with others of the set: in main or not, then its hits up to three.
    #[must_use]
    pub const fn warmth(&self, way: usize) -> u8 {
        let entry = ((self.0 >> at(way)) & ENTRY) as u8;
        match entry {
            0 | 1 => entry,
            2..5 => entry + 2,
            _ => 7,
        }
    }

    /// Makes [`warmth`](Self::warmth) say this of an entry; more than one hit in small is one.
    pub const fn set_warmth(&mut self, way: usize, warmth: u8) {
        let entry = match warmth {
            0 | 1 => warmth,
            2 | 3 => 1,
            _ => (warmth & 7) - 2,
        };
        self.forget(way);
        self.0 |= (entry as u64) << at(way);
    }

    /// Who is in main, by the lowest of each entry's bits.
    #[inline]
    const fn main(&self) -> u64 {
        (self.0 >> 1 | self.0 >> 2) & LOW
    }

    /// Who of main has no hits left.
    #[inline]
    const fn unread_in_main(&self) -> u64 {
        let other = self.0 ^ (LOW * MAIN);
        !(other | other >> 1 | other >> 2) & LOW
    }

    /// Whether there are as many entries in small as may be.
    #[inline]
    const fn is_over_its_share(&self, small: u64) -> bool {
        let (mut small, mut more) = (small, (self.0 >> QUARTER_AT) & 3);
        while more != 0 {
            small &= small.wrapping_sub(1);
            more -= 1;
        }
        small != 0
    }

    #[inline]
    const fn hand(&self, at: u32) -> u32 {
        (self.0 >> at) as u32 & 15
    }

    #[inline]
    const fn set_hand(&mut self, at: u32, way: usize) {
        self.0 = self.0 & !(15 << at) | (way as u64 & 15) << at;
    }
}

/// Where the bits of an entry begin.
#[inline]
const fn at(way: usize) -> u32 {
    way as u32 * 3
}

/// Whose bits begin there.
#[inline]
const fn way(place: u32) -> usize {
    (place as usize * 43) >> 7 // a third, for as far as it goes
}

/// Where the first of `entries` at or after `hand` begins, round and round.
#[inline]
const fn next(entries: u64, hand: u32) -> u32 {
    let ahead = entries >> (hand * 3) << (hand * 3);
    if ahead == 0 { entries.trailing_zeros() } else { ahead.trailing_zeros() }
}

/// The bits from `start` to `end`, round and round.
#[inline]
const fn between(start: u32, end: u32) -> u64 {
    let (from_start, to_end) = (u64::MAX << start, !(u64::MAX << end));
    if start <= end { from_start & to_end } else { from_start | to_end }
}

/// One bit in three for each of 16 in a row.
const fn spread(ways: u16) -> u64 {
    let ways = ways as u64;
    let ways = (ways | ways << 16) & 0xff00_00ff;
    let ways = (ways | ways << 8) & 0x00f0_0f00_f00f;
    let ways = (ways | ways << 4) & 0x0c30_c30c_30c3;
    (ways | ways << 2) & LOW
}
