//! A ghost queue: the hashes of entries that left, oldest forgotten first.

use std::collections::VecDeque;

use hashbrown::{HashTable, hash_table::Entry};

#[derive(Clone, Debug)]
struct Ghost<N> {
    hash: u64,
    weight: u64,
    /// `None` once it was taken out of turn: it keeps its place until it is the oldest or too many like it do.
    note: Option<N>,
}

/// Remembers departed entries up to a total weight, each with a note of type `N`. All operations O(1) amortised; about
/// 35 bytes per ghost, and the note.
///
/// Ghosts come and go in order but for those that are taken, so they lie in a ring, which at both ends is in the CPU's
/// caches, and the table that finds them holds a number of four bytes each. The links of a
/// list over a slab would take eight more, and as many random accesses as there are neighbours.
///
/// Two keys with equal 64-bit hashes are one ghost: the newcomer is then taken for an old acquaintance, which costs a
/// little hit ratio once in about 2^64 pairs.
#[derive(Clone, Debug)]
pub(crate) struct GhostQueue<N = ()> {
    capacity: u64,
    weight: u64,
    /// The oldest first.
    ring: VecDeque<Ghost<N>>,
    /// The number of the first in the ring; the others are numbered on from there, and around.
    first: u32,
    /// Numbers of those that were not taken.
    by_hash: HashTable<u32>,
}

impl GhostQueue {
    /// Remembers `hash` as the newest ghost and forgets the oldest ones that no longer fit.
    pub(crate) fn push(&mut self, hash: u64, weight: u64) {
        self.push_noted(hash, weight, (), |(), _| {});
    }

    /// Forgets `hash` and says whether it was remembered.
    pub(crate) fn take(&mut self, hash: u64) -> bool {
        self.take_noted(hash).is_some()
    }
}

impl<N> GhostQueue<N> {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self { capacity, weight: 0, ring: VecDeque::new(), first: 0, by_hash: HashTable::new() }
    }

    /// Remembers `hash` as the newest ghost and forgets the oldest ones that no longer fit, and calls `forgotten` with
    /// the note and the weight of each. A ghost heavier than the capacity is forgotten at once.
    pub(crate) fn push_noted(&mut self, hash: u64, weight: u64, note: N, mut forgotten: impl FnMut(N, u64)) {
        if weight > self.capacity {
            if let Some((note, weight)) = self.take_noted(hash) {
                forgotten(note, weight);
            }
            return forgotten(note, weight);
        }
        self.make_room();
        let number = self.first.wrapping_add(index_to_number(self.ring.len()));
        let (ring, first) = (&mut self.ring, self.first);
        let same = |other: &u32| ring[index(*other, first)].hash == hash;
        let older = match self.by_hash.entry(hash, same, |other| ring[index(*other, first)].hash) {
            Entry::Occupied(mut known) => Some(std::mem::replace(known.get_mut(), number)),
            Entry::Vacant(place) => {
                place.insert(number);
                None
            }
        };
        if let Some(ghost) = older.and_then(|older| ring.get_mut(index(older, first))) {
            self.weight -= ghost.weight;
            if let Some(note) = ghost.note.take() {
                forgotten(note, ghost.weight);
            }
        }
        while self.weight > self.capacity - weight {
            let Some((note, weight)) = self.forget_first() else { break };
            forgotten(note, weight);
        }
        self.ring.push_back(Ghost { hash, weight, note: Some(note) });
        self.weight += weight;
    }

    /// Forgets `hash`; its note and weight if it was remembered.
    pub(crate) fn take_noted(&mut self, hash: u64) -> Option<(N, u64)> {
        let (ring, first) = (&self.ring, self.first);
        let found = self.by_hash.find_entry(hash, |number| ring[index(*number, first)].hash == hash);
        let (number, _) = found.ok()?.remove();
        let ghost = &mut self.ring[index(number, first)];
        self.weight -= ghost.weight;
        Some((ghost.note.take()?, ghost.weight))
    }

    /// Remembers up to `capacity` from now on. Forgets the oldest ghosts that no longer fit, calls `forgotten` with the
    /// note and the weight of each, and gives the memory back that they took.
    pub(crate) fn resize(&mut self, capacity: u64, mut forgotten: impl FnMut(N, u64)) {
        self.capacity = capacity;
        let mut forgot = false;
        while self.weight > capacity
            && let Some((note, weight)) = self.forget_first()
        {
            forgot = true;
            forgotten(note, weight);
        }
        if forgot {
            self.ring.shrink_to_fit();
            let (ring, first) = (&self.ring, self.first);
            self.by_hash.shrink_to_fit(|number| ring[index(*number, first)].hash);
        }
    }

    /// The notes with the weights of their ghosts, the oldest first.
    pub(crate) fn notes(&self) -> impl Iterator<Item = (&N, u64)> {
        self.ring.iter().filter_map(|ghost| Some((ghost.note.as_ref()?, ghost.weight)))
    }

    /// How much is remembered, in units of weight.
    pub(crate) const fn weight(&self) -> u64 {
        self.weight
    }

    /// Forgets the oldest ghost; `false` if there is none.
    pub(crate) fn forget_oldest(&mut self) -> bool {
        self.forget_first().is_some()
    }

    fn forget_first(&mut self) -> Option<(N, u64)> {
        loop {
            let Ghost { hash, weight, note } = self.ring.pop_front()?;
            let number = self.first;
            self.first = number.wrapping_add(1);
            let Some(note) = note else { continue };
            if let Ok(entry) = self.by_hash.find_entry(hash, |other| *other == number) {
                entry.remove();
            }
            self.weight -= weight;
            return Some((note, weight));
        }
    }

    /// For one more in the ring. Closes the gaps first once they are more than the ghosts, so that the ring stays in
    /// proportion to these.
    fn make_room(&mut self) {
        if self.ring.len() > 2 * self.by_hash.len() + 32 {
            self.ring.retain(|ghost| ghost.note.is_some());
            self.by_hash.clear();
            let (ring, first) = (&self.ring, self.first);
            for (place, ghost) in ring.iter().enumerate() {
                let number = first.wrapping_add(index_to_number(place));
                self.by_hash.insert_unique(ghost.hash, number, |number| ring[index(*number, first)].hash);
            }
        }
        if self.ring.len() == self.ring.capacity() {
            // As `slab::cover`: doubling would leave a third of the memory unused on average.
            self.ring.reserve_exact((self.ring.len() / 8).max(32));
        }
    }

    /// Panics unless ring, table and weight agree.
    pub(crate) fn check_invariants(&self) {
        let remembered = self.ring.iter().filter(|ghost| ghost.note.is_some());
        assert_eq!(remembered.clone().count(), self.by_hash.len());
        let weight = remembered.clone().map(|ghost| ghost.weight).sum::<u64>();
        assert_eq!(self.weight, weight);
        assert!(weight <= self.capacity, "{weight} units remembered of at most {}", self.capacity);
        for ghost in remembered {
            let number = self
                .by_hash
                .find(ghost.hash, |number| self.ring[index(*number, self.first)].hash == ghost.hash);
            assert!(number.is_some_and(|number| self.ring[index(*number, self.first)].note.is_some()));
        }
    }
}

/// A number's place in the ring.
const fn index(number: u32, first: u32) -> usize {
    number.wrapping_sub(first) as usize
}

/// There are never more ghosts than numbers: policies remember at most a few times the entries of a slab.
#[expect(clippy::cast_possible_truncation, reason = "a ring of 2^32 ghosts takes 128 GiB and is never built")]
const fn index_to_number(place: usize) -> u32 {
    place as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ghosts_agree_with_a_vector(
            mut capacity in 0..40_u64,
            steps in prop::collection::vec((0..24_u64, 1..12_u64, 0..20_u8), 1..300),
        ) {
            let mut ghosts = GhostQueue::new(capacity);
            let mut vector = Vec::<(u64, u64)>::new(); // the oldest first
            for (key, weight, action) in steps {
                let hash = key << 32; // alike in the bits that a hash table goes by
                if action == 0 {
                    capacity = key + weight;
                    let mut left = Vec::new();
                    while vector.iter().map(|(_, weight)| weight).sum::<u64>() > capacity {
                        left.push(vector.remove(0));
                    }
                    let mut forgotten = Vec::new();
                    ghosts.resize(capacity, |note, weight| forgotten.push((note, weight)));
                    prop_assert_eq!(forgotten, left);
                    ghosts.check_invariants();
                    continue;
                }
                let mut left = vector.extract_if(.., |(other, _)| *other == hash).collect::<Vec<_>>();
                if action < 10 {
                    if weight <= capacity {
                        vector.push((hash, weight));
                    } else {
                        left.push((hash, weight));
                    }
                    while vector.iter().map(|(_, weight)| weight).sum::<u64>() > capacity {
                        left.push(vector.remove(0));
                    }
                    let mut forgotten = Vec::new();
                    ghosts.push_noted(hash, weight, hash, |note, weight| forgotten.push((note, weight)));
                    prop_assert_eq!(forgotten, left);
                } else {
                    prop_assert_eq!(ghosts.take_noted(hash), left.pop());
                }
                prop_assert_eq!(ghosts.weight, vector.iter().map(|(_, weight)| weight).sum::<u64>());
                prop_assert_eq!(ghosts.by_hash.len(), vector.len());
                ghosts.check_invariants();
            }
            for (hash, _) in vector {
                prop_assert!(ghosts.take_noted(hash).is_some());
            }
            prop_assert_eq!((ghosts.weight, ghosts.by_hash.len()), (0, 0));
        }
    }

    /// A ghost that stays at the front while all behind it come and are taken.
    #[test]
    fn the_gaps_that_taken_ghosts_leave_are_closed() {
        let mut ghosts = GhostQueue::new(10);
        ghosts.push(u64::MAX, 1);
        for hash in 0..10_000 {
            ghosts.push(hash, 1);
            assert!(ghosts.take(hash));
            assert!(ghosts.ring.len() < 50);
        }
        assert!(ghosts.take(u64::MAX));
    }

    #[test]
    fn a_smaller_queue_gives_memory_back() {
        let mut ghosts = GhostQueue::new(10_000);
        (0..10_000).for_each(|hash| ghosts.push(hash, 1));
        ghosts.resize(10, |(), _| {});
        assert!(ghosts.ring.capacity() < 100 && ghosts.by_hash.capacity() < 100);
        assert!(ghosts.take(9_990) && !ghosts.take(9_989));
        ghosts.check_invariants();
    }
}
