//! Entries of one range of tags, in order.
//!
//! Tags are bits of a hash, so they lie evenly over the range: where a tag stands among `n` is known to about
//! sqrt(n) / 2, and a look lands within a cache line or two of it. Kept in order without gaps, entries need no empty
//! slots to be found fast, which is what a hash table pays for with a fifth of its memory or more. What it costs is to
//! move half of a page, 1 KiB, to insert into it.

use super::place::{PLACE_BYTES, Place};

/// Entries that make a page too long. Longer ones need fewer vectors and move more bytes at each insertion:
/// docs/decisions/0009-keydir.md.
pub(crate) const ENTRIES_MAX: usize = 256;

/// Room is made for so many entries at once: what is spare on average is half of it.
const GROWTH: usize = 8;

/// Room that is given back only when it is more than this, so that a page at rest is not moved again and again.
const SPARE_MAX: usize = 4 * GROWTH;

/// How far from its expected position a tag is looked for step by step: five times the standard deviation.
const STEPS_MAX: usize = 40;

const TAG_BYTES: usize = 4;

/// A tag and a place. Ten bytes; as a pair of integers it would take sixteen.
#[derive(Clone, Copy, Debug)]
struct Entry([u8; TAG_BYTES + PLACE_BYTES]);

impl Entry {
    fn new(tag: u32, place: Place) -> Self {
        let ([a, b, c, d], [e, f, g, h, i, j]) = (tag.to_le_bytes(), place.pack());
        Self([a, b, c, d, e, f, g, h, i, j])
    }

    fn tag(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }

    fn place(&self) -> Place {
        let [.., a, b, c, d, e, f] = self.0;
        Place::unpack([a, b, c, d, e, f])
    }
}

#[derive(Debug, Default)]
pub(crate) struct Page {
    /// In ascending order of tags; of equal ones, the latest is first.
    entries: Vec<Entry>,
}

impl Page {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The position of the first entry with a tag of `tag` or above. `depth`: how many leading bits of tags are the same
    /// for all of the page.
    pub(crate) fn position(&self, tag: u32, depth: u32) -> usize {
        let entries = &self.entries[..];
        let within = (u64::from(tag) << depth) & u64::from(u32::MAX);
        let mut at = ((within * entries.len() as u64) >> 32) as usize;
        for _ in 0..STEPS_MAX {
            if entries.get(at).is_some_and(|entry| entry.tag() < tag) {
                at += 1;
            } else if at > 0 && entries[at - 1].tag() >= tag {
                at -= 1;
            } else {
                return at;
            }
        }
        // One in a million, unless tags are made alike.
        entries.partition_point(|entry| entry.tag() < tag)
    }

    /// The places of all entries with this very tag.
    pub(crate) fn equal(&self, tag: u32, depth: u32) -> impl Iterator<Item = Place> + '_ {
        self.from(self.position(tag, depth))
            .take_while(move |&(other, _)| other == tag)
            .map(|(_, place)| place)
    }

    /// The entries from `position` on.
    pub(crate) fn from(&self, position: usize) -> impl Iterator<Item = (u32, Place)> + '_ {
        self.entries.get(position..).unwrap_or_default().iter().map(|entry| (entry.tag(), entry.place()))
    }

    pub(crate) fn insert(&mut self, tag: u32, place: Place, depth: u32) {
        let position = self.position(tag, depth);
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(GROWTH);
        }
        self.entries.insert(position, Entry::new(tag, place));
    }

    /// Puts `to` where `from` is. False if there is no such entry.
    pub(crate) fn replace(&mut self, tag: u32, from: Place, to: Place, depth: u32) -> bool {
        let found = self.find(tag, from, depth).and_then(|at| self.entries.get_mut(at));
        found.map(|entry| *entry = Entry::new(tag, to)).is_some()
    }

    pub(crate) fn remove(&mut self, tag: u32, place: Place, depth: u32) -> bool {
        let Some(at) = self.find(tag, place, depth) else {
            return false;
        };
        self.entries.remove(at);
        self.give_back();
        true
    }

    /// Keeps the entries for which `keep` holds.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(u32, Place) -> bool) {
        self.entries.retain(|entry| keep(entry.tag(), entry.place()));
        self.give_back();
    }

    /// Takes out the entries from tag `tag` on.
    pub(crate) fn split_off(&mut self, tag: u32, depth: u32) -> Self {
        let at = self.position(tag, depth);
        let upper = Self { entries: self.entries[at..].to_vec() };
        self.entries.truncate(at);
        self.give_back();
        upper
    }

    fn find(&self, tag: u32, place: Place, depth: u32) -> Option<usize> {
        let first = self.position(tag, depth);
        self.equal(tag, depth).position(|other| other == place).map(|at| first + at)
    }

    fn give_back(&mut self) {
        if self.entries.capacity() > self.entries.len() + SPARE_MAX {
            self.entries.shrink_to(self.entries.len() + GROWTH);
        }
    }
}

#[cfg(test)]
impl Page {
    /// Of the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    pub(crate) fn check_invariants(&self) {
        assert!(self.entries.is_sorted_by_key(Entry::tag));
        assert!(self.entries.capacity() <= self.entries.len() + SPARE_MAX);
    }
}
