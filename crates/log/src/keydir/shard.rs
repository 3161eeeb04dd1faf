//! The pages of one shard, found by the leading bits of a tag: extendible hashing.
//!
//! A page that is too long is split in two by the next bit of its tags. No more than one page is touched by any change,
//! but for the doubling of the directory, four bytes per page.

use super::{
    page::{ENTRIES_MAX, Page},
    place::Place,
};

/// The directory is not doubled if it has more than so many entries per page already. It happens only to tags that are
/// alike in their leading bits, which no keyed hash makes; their page grows longer instead.
const ENTRIES_PER_PAGE_MAX: usize = 16;

#[derive(Debug)]
pub(crate) struct Shard {
    /// Which page has the tags that begin with the bits of the position: `1 << depth` of them.
    directory: Vec<u32>,
    depth: u32,
    pages: Vec<Paged>,
    entries: usize,
}

#[derive(Debug, Default)]
struct Paged {
    page: Page,
    /// How many leading bits the page's tags have in common.
    depth: u32,
}

impl Shard {
    pub(crate) fn new() -> Self {
        Self { directory: vec![0], depth: 0, pages: vec![Paged::default()], entries: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries
    }

    pub(crate) fn equal(&self, tag: u32) -> impl Iterator<Item = Place> + '_ {
        let Paged { page, depth } = &self.pages[self.page(tag)];
        page.equal(tag, *depth)
    }

    pub(crate) fn insert(&mut self, tag: u32, place: Place) {
        let mut at = self.page(tag);
        while self.pages[at].page.len() >= ENTRIES_MAX && self.split(at, tag) {
            at = self.page(tag);
        }
        let Paged { page, depth } = &mut self.pages[at];
        page.insert(tag, place, *depth);
        self.entries += 1;
    }

    pub(crate) fn replace(&mut self, tag: u32, from: Place, to: Place) -> bool {
        let at = self.page(tag);
        let Paged { page, depth } = &mut self.pages[at];
        page.replace(tag, from, to, *depth)
    }

    pub(crate) fn remove(&mut self, tag: u32, place: Place) -> bool {
        let at = self.page(tag);
        let Paged { page, depth } = &mut self.pages[at];
        let removed = page.remove(tag, place, *depth);
        self.entries -= usize::from(removed);
        removed
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(u32, Place) -> bool) {
        self.entries = 0;
        for Paged { page, .. } in &mut self.pages {
            page.retain(&mut keep);
            self.entries += page.len();
        }
    }

    /// Visits entries in the order of tags from `tag` on, while `visit` returns true, and at least to the end of a run of
    /// equal tags. Returns the tag to go on with, if it is not the end.
    pub(crate) fn scan(&self, tag: u32, mut visit: impl FnMut(u32, Place) -> bool) -> Option<u32> {
        let (mut next, mut last) = (tag, None);
        loop {
            let Paged { page, depth } = &self.pages[self.page(next)];
            for (tag, place) in page.from(page.position(next, *depth)) {
                if last.is_some_and(|last| last != tag) {
                    return Some(tag);
                }
                if !visit(tag, place) {
                    last = Some(tag);
                }
            }
            let range_end = u64::from(next) | u64::from(u32::MAX) >> *depth;
            next = u32::try_from(range_end + 1).ok()?;
            if last.is_some() {
                return Some(next);
            }
        }
    }

    /// The number of the page that has `tag`.
    fn page(&self, tag: u32) -> usize {
        let leading = u64::from(tag) >> (32 - self.depth);
        self.directory[leading as usize] as usize
    }

    /// Splits page `at`, which has `tag`, in two. False if that would double the directory for nothing.
    fn split(&mut self, at: usize, tag: u32) -> bool {
        let depth = self.pages[at].depth;
        if depth == self.depth {
            if depth == 32 || self.directory.len() >= ENTRIES_PER_PAGE_MAX * self.pages.len() {
                return false;
            }
            self.directory = self.directory.iter().flat_map(|&page| [page, page]).collect();
            self.depth += 1;
        }
        let bit = 1 << (31 - depth);
        // Of tags with the page's leading bits, the first with this bit set.
        let middle = (tag | bit) & !(bit - 1);
        let upper = self.pages[at].page.split_off(middle, depth);
        self.pages[at].depth = depth + 1;
        let number = self.pages.len() as u32; // entries are fewer than 2^38, so pages than 2^32
        self.pages.push(Paged { page: upper, depth: depth + 1 });
        let shift = 32 - self.depth;
        let from = (middle >> shift) as usize;
        let to = ((u64::from(middle) + u64::from(bit)) >> shift) as usize;
        self.directory[from..to].fill(number);
        true
    }
}

#[cfg(test)]
impl Shard {
    pub(crate) fn bytes(&self) -> usize {
        let directory = size_of::<u32>() * self.directory.capacity();
        let pages = size_of::<Paged>() * self.pages.capacity();
        size_of::<Self>()
            + directory
            + pages
            + self.pages.iter().map(|paged| paged.page.bytes()).sum::<usize>()
    }

    pub(crate) fn check_invariants(&self) {
        assert_eq!(self.directory.len(), 1 << self.depth);
        assert_eq!(self.entries, self.pages.iter().map(|paged| paged.page.len()).sum::<usize>());
        for (at, paged) in self.pages.iter().enumerate() {
            paged.page.check_invariants();
            assert!(paged.depth <= self.depth);
            for (tag, _) in paged.page.from(0) {
                assert_eq!(self.page(tag), at, "an entry is where it is looked for");
            }
        }
    }
}
