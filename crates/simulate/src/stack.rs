//! The LRU stack: how deep below the top each request finds its object.
//!
//! LRU of any capacity holds the top of one stack, so a request hits in all caches that reach down to its object and
//! in no smaller one: its distance tells the hits at every capacity at once. In bytes that is so only where no object
//! is larger than the cache, since one that is refused lies in the stack but not in the cache.
//!
//! Objects lie along a line by their latest request, with gaps where they lay before; the line is closed up when it is
//! full. How many lie behind a place is a sum over bits, of which a Fenwick tree holds the totals of words: 1/64 of the
//! tree that counts places, so that it stays in the CPU's caches.
//!
//! Cost: O(log n) per request, n being the distinct objects; 13 to 17 bytes per object, and 32 to 48 more with bytes.
//!
//! Sources: Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal, 1970, for the stack;
//! Bennett and Kruskal, "LRU stack processing", IBM Journal of Research and Development, 1975, for the tree.

use crate::{access::Access, fenwick::Fenwick};

/// How large LRU must at least be to hit: the objects requested since the last request for this one, and itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Distance {
    pub(crate) objects: u64,
    /// Their bytes; 0 if nobody asked.
    pub(crate) bytes: u64,
}

#[derive(Debug)]
pub(crate) struct Stack {
    /// By object: its place on the line, or [`NOWHERE`].
    places: Vec<u32>,
    /// On the line.
    objects: u64,
    /// By place: the object that lies there or lay there last.
    line: Vec<u32>,
    /// A bit per place: whether an object lies there.
    taken: Vec<u64>,
    /// By word of `taken`: the bits that are set.
    counts: Fenwick,
    /// By place: the bytes of the object that lies there.
    bytes: Option<Fenwick>,
    /// By object, if bytes are asked for.
    sizes: Vec<u64>,
    /// Of all objects. Wraps, as the sums do, where a trace states sizes beyond belief.
    total_bytes: u64,
}

/// Not on the line.
const NOWHERE: u32 = u32::MAX;
const WORD: usize = u64::BITS as usize;
/// The shortest line. Below, closing it up would come often.
const LINE_MIN: usize = 4096;

impl Stack {
    pub(crate) fn new(with_bytes: bool) -> Self {
        let mut stack = Self {
            places: Vec::new(),
            objects: 0,
            line: Vec::new(),
            taken: Vec::new(),
            counts: Fenwick::default(),
            bytes: with_bytes.then(Fenwick::default),
            sizes: Vec::new(),
            total_bytes: 0,
        };
        stack.close_up();
        stack
    }

    /// Moves the object to the top. `None` if it was not there.
    pub(crate) fn read(&mut self, access: Access) -> Option<Distance> {
        if self.line.len() == self.taken.len() * WORD {
            self.close_up();
        }
        let object = access.object as usize;
        if self.places.len() <= object {
            self.places.resize(object + 1, NOWHERE);
            if self.bytes.is_some() {
                self.sizes.resize(object + 1, 0);
            }
        }
        let distance = match self.places[object] {
            NOWHERE => {
                self.objects += 1;
                if self.bytes.is_some() {
                    self.sizes[object] = access.bytes;
                    self.total_bytes = self.total_bytes.wrapping_add(access.bytes);
                }
                None
            }
            place => {
                let place = place as usize;
                let distance = self.distance(place);
                self.taken[place / WORD] &= !(1 << (place % WORD));
                self.counts.subtract(place / WORD, 1);
                if let Some(bytes) = &mut self.bytes {
                    bytes.subtract(place, self.sizes[object]);
                }
                Some(distance)
            }
        };
        let top = self.line.len();
        self.line.push(access.object);
        self.places[object] = index(top);
        self.taken[top / WORD] |= 1 << (top % WORD);
        self.counts.add(top / WORD, 1);
        if let Some(bytes) = &mut self.bytes {
            bytes.add(top, self.sizes[object]);
        }
        distance
    }

    /// The stack from the top down: objects and bytes so far, each object included.
    pub(crate) fn descend(&self) -> impl Iterator<Item = Distance> {
        let lying = (0..self.line.len()).rev().filter(|place| self.is_taken(*place));
        lying.scan(Distance { objects: 0, bytes: 0 }, |sum, place| {
            sum.objects += 1;
            let size = self.sizes.get(self.line[place] as usize).copied().unwrap_or(0);
            sum.bytes = sum.bytes.wrapping_add(size);
            Some(*sum)
        })
    }

    fn is_taken(&self, place: usize) -> bool {
        self.taken[place / WORD] >> (place % WORD) & 1 == 1
    }

    /// From the object at `place` to the top, both included.
    fn distance(&self, place: usize) -> Distance {
        let before_in_word = self.taken[place / WORD] & ((1 << (place % WORD)) - 1);
        let before = self.counts.sum_before(place / WORD) + u64::from(before_in_word.count_ones());
        let bytes_before = self.bytes.as_ref().map_or(0, |bytes| bytes.sum_before(place));
        Distance { objects: self.objects - before, bytes: self.total_bytes.wrapping_sub(bytes_before) }
    }

    /// Moves all objects together, in their order, and leaves as much room again.
    fn close_up(&mut self) {
        let mut end = 0;
        for place in 0..self.line.len() {
            if self.is_taken(place) {
                let object = self.line[place];
                self.line[end] = object;
                self.places[object as usize] = index(end);
                end += 1;
            }
        }
        self.line.truncate(end);
        let words = (2 * end).max(LINE_MIN).div_ceil(WORD);
        self.line.reserve_exact(words * WORD - end);
        self.taken.clear();
        self.taken.resize(end / WORD, u64::MAX);
        self.taken.push((1 << (end % WORD)) - 1);
        self.taken.resize(words, 0);
        self.counts = Fenwick::of(self.taken.iter().map(|word| u64::from(word.count_ones())).collect());
        if self.bytes.is_some() {
            let mut bytes = Vec::with_capacity(words * WORD);
            bytes.extend(self.line.iter().map(|object| self.sizes[*object as usize]));
            bytes.resize(words * WORD, 0);
            self.bytes = Some(Fenwick::of(bytes));
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the line is at most twice as long as there are objects: 2^32"
)]
const fn index(place: usize) -> u32 {
    place as u32
}

#[cfg(test)]
mod tests {
    use nuthatch_policy::Oracle;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Against a vector that is searched, the top last; long enough to close the line up.
        #[test]
        fn distances_agree_with_a_vector(
            keys in prop::collection::vec((0..60_u64, 0..60_u64, any::<bool>()), 5000..9000),
            with_bytes: bool,
        ) {
            let mut stack = Stack::new(with_bytes);
            let mut vector = Vec::<Access>::new();
            let mut numbers = std::collections::HashMap::new();
            for (key, spread, wide) in keys {
                let key = if wide { key * spread } else { key };
                let number = u32::try_from(numbers.len()).unwrap();
                let object = *numbers.entry(key).or_insert(number);
                let access = Access { object, next_use: Oracle::NEVER, bytes: u64::from(object % 7 + 1) };
                let below = vector.iter().position(|other| other.object == object);
                let expected = below.map(|below| Distance {
                    objects: (vector.len() - below) as u64,
                    bytes: if with_bytes { vector[below..].iter().map(|other| other.bytes).sum() } else { 0 },
                });
                prop_assert_eq!(stack.read(access), expected);
                below.map(|below| vector.remove(below));
                vector.push(access);
            }
            let depths = stack.descend().map(|sum| sum.objects).collect::<Vec<_>>();
            prop_assert_eq!(depths, (1..=vector.len() as u64).collect::<Vec<_>>());
            let deepest = stack.descend().last().map(|sum| sum.bytes);
            let all = vector.iter().map(|access| access.bytes).sum();
            prop_assert_eq!(deepest, Some(if with_bytes { all } else { 0 }));
        }
    }
}
