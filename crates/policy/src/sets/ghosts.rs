//! What a set remembers of those that left it: fourteen cells of a byte, and how large its small queue may be.
//!
//! A tag has one cell, so nothing is searched and no order is kept: whoever leaves takes its cell over. A cell tells by
//! seven bits whether it was this tag, and by the eighth which queue it left. Of the tag, the low five bits are left out: in
//! a family of that many doublings they are the same for all of a set.
//!
//! Who comes back shows which queue is too short. If those that left small come back more often, each, than those that left
//! main, small is given more of the set, else less. A cell that is asked for is weighed by how many there are of the
//! other queue, so that it does not matter that far more leave small than main.
//!
//! Two words: cells in the bytes 0 to 13, the share in the low six bits of byte 14, in its high two how often in a row no
//! room was found around the set; byte 15 is its owner's.

/// Cells of a set.
const CELLS: u32 = 14;
/// Set in the cell of one that left small.
const SMALL: u8 = 0x80;
/// The share of the small queue at most, and how much of it is worth one more entry.
const SHARE_MAX: u8 = 63;
const SHARE_PER_ENTRY: u8 = 16;

const SHARE_AT: u32 = 48;
const FULL_AT: u32 = 54;
/// Counted up to this.
const FULL_MAX: u64 = 3;
const SPARE_AT: u32 = 56;
/// Of each byte the highest bit, and the others.
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = !HIGH;
/// The cells of the second word.
const CELLS_SECOND: u64 = u64::MAX >> 16;

/// Remembers `tag`, in place of what its cell held.
#[inline]
pub(super) const fn remember(words: &mut [u64; 2], tag: u16, left_small: bool) {
    let (word, shift) = cell(tag);
    let byte = print(tag) | if left_small { SMALL } else { 0 };
    words[word] = (words[word] & !(0xff << shift)) | ((byte as u64) << shift);
}

/// Whether `tag` is remembered; it is forgotten then, and the share of small steered.
#[inline]
pub(super) const fn recall(words: &mut [u64; 2], tag: u16) -> bool {
    let (word, shift) = cell(tag);
    let byte = (words[word] >> shift) as u8;
    if byte & !SMALL != print(tag) {
        return false;
    }
    steer(words, byte & SMALL != 0);
    words[word] &= !(0xff << shift);
    true
}

/// How many entries small may hold before it gives one up.
#[inline]
pub(super) const fn small_max(words: &[u64; 2]) -> u32 {
    1 + (share(words) / SHARE_PER_ENTRY) as u32
}

/// Whether no room was found around the set three times in a row.
#[inline]
pub(super) const fn is_packed(words: &[u64; 2]) -> bool {
    words[1] >> FULL_AT & FULL_MAX == FULL_MAX
}

/// No room was found once more.
pub(super) const fn found_no_room(words: &mut [u64; 2]) {
    if !is_packed(words) {
        words[1] += 1 << FULL_AT;
    }
}

pub(super) const fn found_room(words: &mut [u64; 2]) {
    words[1] &= !(FULL_MAX << FULL_AT);
}

/// The byte that is left to the owner.
pub(super) const fn spare(words: &[u64; 2]) -> u8 {
    (words[1] >> SPARE_AT) as u8
}

pub(super) const fn set_spare(words: &mut [u64; 2], byte: u8) {
    words[1] = (words[1] & !(0xff << SPARE_AT)) | ((byte as u64) << SPARE_AT);
}

const fn cell(tag: u16) -> (usize, u32) {
    let cell = (tag as u32 * CELLS) >> 16;
    ((cell / 8) as usize, cell % 8 * 8)
}

/// What a cell tells a tag by. Not zero, which is an empty cell.
const fn print(tag: u16) -> u8 {
    let print = (tag >> 5) as u8 & !SMALL;
    if print == 0 { 1 } else { print }
}

const fn share(words: &[u64; 2]) -> u8 {
    (words[1] >> SHARE_AT) as u8 & SHARE_MAX
}

/// One that left small, or main, is asked for again.
const fn steer(words: &mut [u64; 2], left_small: bool) {
    let (first, second) = (words[0], words[1] & CELLS_SECOND);
    let small = ((first & HIGH).count_ones() + (second & HIGH).count_ones()) as u8;
    let taken =
        ((((first & LOW) + LOW) & HIGH).count_ones() + (((second & LOW) + LOW) & HIGH).count_ones()) as u8;
    let share = share(words);
    let steered = if left_small {
        let more = share + (taken - small);
        if more > SHARE_MAX { SHARE_MAX } else { more }
    } else {
        share.saturating_sub(small)
    };
    words[1] = (words[1] & !((SHARE_MAX as u64) << SHARE_AT)) | ((steered as u64) << SHARE_AT);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A tag of the cell with this number.
    fn tag_in(cell: u16) -> u16 {
        cell * (u16::MAX / CELLS as u16) + 0x800
    }

    #[test]
    fn who_left_is_recalled_once() {
        let mut words = [0; 2];
        for cell in 0..CELLS as u16 {
            assert!(!recall(&mut words, tag_in(cell)));
            remember(&mut words, tag_in(cell), cell % 3 != 0);
        }
        for cell in 0..CELLS as u16 {
            assert!(recall(&mut words, tag_in(cell)), "{cell}");
            assert!(!recall(&mut words, tag_in(cell)), "{cell}");
        }
    }

    #[test]
    fn small_grows_if_those_that_left_it_come_back_and_shrinks_if_those_that_left_main_do() {
        let mut words = [0; 2];
        assert_eq!(small_max(&words), 1);
        let rounds = |words: &mut [u64; 2], small_returns: bool| {
            for _ in 0..20 {
                for cell in 0..CELLS as u16 {
                    remember(words, tag_in(cell), cell % 2 == 0);
                }
                assert!(recall(words, tag_in(u16::from(!small_returns))));
            }
        };
        rounds(&mut words, true);
        assert_eq!(small_max(&words), 4);
        rounds(&mut words, false);
        assert_eq!(small_max(&words), 1);
    }

    proptest! {
        /// The bytes side by side, against the words.
        #[test]
        fn cells_share_and_spare_are_bytes_of_their_own(
            tags in prop::collection::vec((1..=u16::MAX, any::<bool>(), any::<bool>()), 0..200),
            spare_byte in any::<u8>(), looks_in_vain in 0..5,
        ) {
            let (mut words, mut cells, mut share_twin) = ([0; 2], [0_u8; CELLS as usize], 0_u8);
            set_spare(&mut words, spare_byte);
            (0..looks_in_vain).for_each(|_| found_no_room(&mut words));
            for (tag, left_small, leaves) in tags {
                let at = usize::from(tag) * CELLS as usize / 65_536;
                if leaves {
                    remember(&mut words, tag, left_small);
                    cells[at] = print(tag) | if left_small { SMALL } else { 0 };
                } else {
                    let known = cells[at] & !SMALL == print(tag);
                    let small = cells.iter().filter(|cell| **cell & SMALL != 0).count() as u8;
                    let main = cells.iter().filter(|cell| **cell != 0 && **cell & SMALL == 0).count() as u8;
                    if known {
                        let of_small = cells[at] & SMALL != 0;
                        share_twin = if of_small { (share_twin + main).min(SHARE_MAX) } else { share_twin.saturating_sub(small) };
                        cells[at] = 0;
                    }
                    prop_assert_eq!(recall(&mut words, tag), known);
                }
                prop_assert_eq!(share(&words), share_twin);
                prop_assert_eq!(spare(&words), spare_byte);
                prop_assert_eq!(is_packed(&words), looks_in_vain >= 3);
                let bytes = words.iter().flat_map(|word| word.to_le_bytes()).take(CELLS as usize);
                prop_assert_eq!(bytes.collect::<Vec<_>>(), cells.to_vec());
            }
            found_room(&mut words);
            prop_assert!(!is_packed(&words));
            prop_assert_eq!((share(&words), spare(&words)), (share_twin, spare_byte));
        }
    }
}
