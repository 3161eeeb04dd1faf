//! The 64 bytes before the entries of a set: all that a look-up of a key that is not there reads.

pub(super) use self::tags::Tags;
use nuthatch_policy::sets::{CELLS, Ghosts, Marks};

use crate::{
    storage::latch::Latch,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU64, Ordering::Relaxed},
    ticks::Era,
};

/// An overflow count that is not exact any more, and stays.
const SATURATED: u8 = u8::MAX;

/// All zeroes is an empty set. Every field but `latch` and `overflow` is written under the latch only, `marks` also by
/// readers without it: they say who leaves and nothing else, so a store that undoes another's does no harm.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) latch: Latch,
    /// Entries whose home is another set.
    displaced: AtomicU16,
    /// Entries that are not to be evicted.
    pinned: AtomicU16,
    marks: AtomicU64,
    /// How many entries of which this set is the home are in their other set: at least as many as there are.
    overflow: AtomicU8,
    /// To which the deadlines of the set are relative.
    era: AtomicU8,
    ghosts: [AtomicU8; CELLS],
    /// One tag of 16 bits per way, four to a word; zero is a free way.
    tags: [[AtomicU64; 2]; 2],
}

impl Header {
    /// Which ways hold `tag`; a bit each.
    #[inline]
    pub(super) fn matching(&self, tag: u16) -> u16 {
        self.tags().equal(tag)
    }

    /// Which ways hold an entry.
    #[inline]
    pub(super) fn occupied(&self) -> u16 {
        !self.tags().equal(0)
    }

    #[inline]
    pub(super) fn tags(&self) -> Tags {
        Tags::of(&self.tags)
    }

    #[inline]
    pub(super) fn tag(&self, way: usize) -> u16 {
        (self.tag_word(way).load(Relaxed) >> (way % 4 * 16)) as u16
    }

    #[inline(always)]
    pub(super) fn set_tag(&self, way: usize, tag: u16) {
        let (word, shift) = (self.tag_word(way), way % 4 * 16);
        word.store((word.load(Relaxed) & !(0xffff << shift)) | (u64::from(tag) << shift), Relaxed);
    }

    /// Where the tag of a way is, with those of three others.
    #[inline]
    fn tag_word(&self, way: usize) -> &AtomicU64 {
        &self.tags.as_flattened()[way / 4]
    }

    /// Counts a hit, with or without the latch. Writes nothing once the count is at its highest.
    #[inline]
    pub(super) fn hit(&self, way: usize) {
        let marks = self.marks();
        let mut counted = marks;
        counted.hit(way);
        if counted != marks {
            self.set_marks(&counted);
        }
    }

    #[inline]
    pub(super) fn marks(&self) -> Marks {
        Marks(self.marks.load(Relaxed))
    }

    #[inline]
    pub(super) fn set_marks(&self, marks: &Marks) {
        self.marks.store(marks.0, Relaxed);
    }

    #[inline]
    pub(super) const fn ghosts(&self) -> Cells<'_> {
        Cells(&self.ghosts)
    }

    /// What `other` remembers of those that left, and how it counts, is this set's as well.
    pub(super) fn take_after(&self, other: &Self) {
        for (cell, other) in self.ghosts.iter().zip(&other.ghosts) {
            cell.store(other.load(Relaxed), Relaxed);
        }
        let mut marks = self.marks();
        marks.take_after(&other.marks());
        self.set_marks(&marks);
        self.set_era(other.era());
    }

    /// The era of the set's deadlines.
    #[inline]
    pub(super) fn era(&self) -> Era {
        Era(self.era.load(Relaxed))
    }

    pub(super) fn set_era(&self, era: Era) {
        self.era.store(era.0, Relaxed);
    }

    #[inline]
    pub(super) fn displaced(&self) -> u16 {
        self.displaced.load(Relaxed)
    }

    pub(super) fn set_displaced(&self, way: usize, displaced: bool) {
        set_bit(&self.displaced, way, displaced);
    }

    #[inline]
    pub(super) fn pinned(&self) -> u16 {
        self.pinned.load(Relaxed)
    }

    pub(super) fn set_pinned(&self, way: usize, pinned: bool) {
        set_bit(&self.pinned, way, pinned);
    }

    /// Whether an entry of which this set is the home may be in its other set.
    #[inline]
    pub(super) fn overflows(&self) -> bool {
        self.overflow.load(Relaxed) != 0
    }

    /// An entry of this home goes to its other set.
    pub(super) fn overflow(&self) {
        let _ = self.overflow.fetch_update(Relaxed, Relaxed, |count| count.checked_add(1));
    }

    /// An entry of this home left its other set. Needs no latch.
    pub(super) fn return_overflow(&self) {
        let less = |count: u8| if count == SATURATED { None } else { count.checked_sub(1) };
        let _ = self.overflow.fetch_update(Relaxed, Relaxed, less);
    }

    /// No entry has its home here any more.
    pub(super) fn reset_overflow(&self) {
        self.overflow.store(0, Relaxed);
    }

    /// Takes over the overflow of a set that this one is split from or joined with: more than there is does no harm.
    pub(super) fn inherit_overflow(&self, other: &Self) {
        let more = other.overflow.load(Relaxed);
        let _ = self.overflow.fetch_update(Relaxed, Relaxed, |count| Some(count.saturating_add(more)));
    }
}

/// The ghosts of a set.
pub(super) struct Cells<'a>(&'a [AtomicU8; CELLS]);

impl Ghosts for Cells<'_> {
    #[inline]
    fn cell(&self, number: usize) -> u8 {
        self.0[number].load(Relaxed)
    }

    #[inline]
    fn set_cell(&mut self, number: usize, cell: u8) {
        self.0[number].store(cell, Relaxed);
    }

    #[inline(never)]
    fn all(&self) -> [u8; CELLS] {
        std::array::from_fn(|number| self.cell(number))
    }
}

fn set_bit(bits: &AtomicU16, way: usize, on: bool) {
    let rest = bits.load(Relaxed) & !(1 << way);
    bits.store(rest | u16::from(on) << way, Relaxed);
}

/// The tags, as they are compared: all at once.
#[cfg(all(not(miri), target_arch = "x86_64"))]
mod tags {
    #![expect(unsafe_code, reason = "SSE2 is part of every x86-64")]

    use std::arch::x86_64::{__m128i, _mm_cmpeq_epi16, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16};

    use crate::{storage::sets::words::pair_of_words, sync::atomic::AtomicU64};

    #[derive(Clone, Copy)]
    pub(crate) struct Tags(__m128i, __m128i);

    impl Tags {
        #[inline]
        pub(super) fn of(words: &[[AtomicU64; 2]; 2]) -> Self {
            Self(pair_of_words(&words[0]), pair_of_words(&words[1]))
        }

        /// Which of the 16 equal `tag`.
        #[inline]
        pub(crate) fn equal(self, tag: u16) -> u16 {
            // SAFETY: every x86-64 has SSE2, and these touch no memory.
            let mask = unsafe {
                let tag = _mm_set1_epi16(tag.cast_signed());
                let (low, high) = (_mm_cmpeq_epi16(self.0, tag), _mm_cmpeq_epi16(self.1, tag));
                _mm_movemask_epi8(_mm_packs_epi16(low, high))
            };
            mask as u16
        }
    }
}

/// The tags, as they are compared.
#[cfg(not(all(not(miri), target_arch = "x86_64")))]
mod tags {
    use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[derive(Clone, Copy)]
    pub(crate) struct Tags([u64; 4]);

    impl Tags {
        #[inline]
        pub(super) fn of([[a, b], [c, d]]: &[[AtomicU64; 2]; 2]) -> Self {
            Self([a.load(Relaxed), b.load(Relaxed), c.load(Relaxed), d.load(Relaxed)])
        }

        /// Which of the 16 equal `tag`.
        #[inline]
        pub(crate) fn equal(self, tag: u16) -> u16 {
            (0..16).fold(0, |mask, way| {
                mask | u16::from((self.0[way / 4] >> (way % 4 * 16)) as u16 == tag) << way
            })
        }
    }
}
