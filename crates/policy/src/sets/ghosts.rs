//! What a set remembers of those that left it: fourteen cells of a byte.
//!
//! A tag has one cell, so nothing is searched and no order is kept: whoever leaves takes its cell over. A cell tells by
//! seven bits whether it was this tag, and by the lowest which queue it left. Zero is an empty cell, so one in 128 of
//! those that leave main is not remembered. Of the tag, the low five bits are left out: in
//! a family of that many doublings they are the same for all of a set.

/// Cells of a set.
pub const CELLS: usize = 14;
/// Set in the cell of one that left small.
const SMALL: u8 = 1;

/// Where the cells of a set are kept. Zero is an empty cell.
pub trait Ghosts {
    /// What a cell holds; there are [`CELLS`].
    fn cell(&self, number: usize) -> u8;
    /// Changes a cell.
    fn set_cell(&mut self, number: usize, cell: u8);
    /// What all cells hold.
    fn all(&self) -> [u8; CELLS];
}

impl Ghosts for [u8; CELLS] {
    #[inline]
    fn cell(&self, number: usize) -> u8 {
        self[number]
    }

    #[inline]
    fn set_cell(&mut self, number: usize, cell: u8) {
        self[number] = cell;
    }

    fn all(&self) -> [u8; CELLS] {
        *self
    }
}

/// One that was remembered, and how many there were of each queue with it.
pub(super) struct Returned {
    pub(super) left_small: bool,
    pub(super) small: u8,
    pub(super) main: u8,
}

/// Remembers `tag`, in place of what its cell held.
#[inline]
pub(super) fn remember(ghosts: &mut impl Ghosts, tag: u16, left_small: bool) {
    ghosts.set_cell(number(tag), print(tag) | left_small as u8);
}

/// Whether `tag` is remembered; it is forgotten then.
#[inline]
pub(super) fn recall(ghosts: &mut impl Ghosts, tag: u16) -> Option<Returned> {
    let cell = ghosts.cell(number(tag));
    if cell & !SMALL != print(tag) || cell == 0 {
        return None;
    }
    let (small, main) = count(ghosts.all());
    ghosts.set_cell(number(tag), 0);
    Some(Returned { left_small: cell & SMALL != 0, small, main })
}

/// How many cells hold one that left small, and main.
#[inline(never)]
fn count(cells: [u8; CELLS]) -> (u8, u8) {
    let small = cells.iter().map(|cell| cell & SMALL).sum::<u8>();
    let taken = cells.iter().map(|cell| u8::from(*cell != 0)).sum::<u8>();
    (small, taken - small)
}

#[inline]
const fn number(tag: u16) -> usize {
    (tag as usize * CELLS) >> 16
}

/// What a cell tells a tag by.
#[inline]
const fn print(tag: u16) -> u8 {
    (tag >> 4) as u8 & !SMALL
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tag of the cell with this number.
    fn tag_in(cell: usize) -> u16 {
        cell as u16 * (u16::MAX / CELLS as u16) + 0x800
    }

    #[test]
    fn who_left_is_recalled_once_with_how_many_were_remembered() {
        let mut cells = [0; CELLS];
        for cell in 0..CELLS {
            assert!(recall(&mut cells, tag_in(cell)).is_none());
            remember(&mut cells, tag_in(cell), cell % 3 != 0);
        }
        let (mut small, mut main) = (9, 5);
        for cell in 0..CELLS {
            let returned = recall(&mut cells, tag_in(cell)).unwrap();
            assert_eq!((returned.small, returned.main), (small, main), "{cell}");
            assert_eq!(returned.left_small, cell % 3 != 0);
            if returned.left_small {
                small -= 1;
            } else {
                main -= 1;
            }
            assert!(recall(&mut cells, tag_in(cell)).is_none());
        }
    }
}
