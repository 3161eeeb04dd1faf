//! A ghost queue: the hashes of entries that left, oldest forgotten first.

use hashbrown::HashTable;

use crate::{
    Slab, Slot,
    list::{Links, List},
};

#[derive(Debug)]
struct Ghost<N> {
    hash: u64,
    weight: u64,
    note: N,
}

/// Remembers departed entries up to a total weight, each with a note of type `N`. All operations O(1) amortised; about
/// 30 bytes per ghost, and the note.
///
/// Two keys with equal 64-bit hashes are one ghost: the newcomer is then taken for an old acquaintance, which costs a
/// little hit ratio once in about 2^64 pairs.
#[derive(Debug)]
pub(crate) struct GhostQueue<N = ()> {
    capacity: u64,
    weight: u64,
    ghosts: Slab<Ghost<N>>,
    by_hash: HashTable<Slot>,
    links: Links,
    list: List,
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
        Self {
            capacity,
            weight: 0,
            ghosts: Slab::new(),
            by_hash: HashTable::new(),
            links: Links::new(),
            list: List::new(),
        }
    }

    /// Remembers `hash` as the newest ghost and forgets the oldest ones that no longer fit, and calls `forgotten` with
    /// the note and the weight of each. A ghost heavier than the capacity is forgotten at once.
    pub(crate) fn push_noted(&mut self, hash: u64, weight: u64, note: N, mut forgotten: impl FnMut(N, u64)) {
        if let Some((note, weight)) = self.take_noted(hash) {
            forgotten(note, weight);
        }
        if weight > self.capacity {
            return forgotten(note, weight);
        }
        while self.weight > self.capacity - weight {
            let Some(ghost) = self.list.tail().and_then(|oldest| self.forget(oldest)) else { break };
            forgotten(ghost.note, ghost.weight);
        }
        let slot = match self.ghosts.insert(Ghost { hash, weight, note }) {
            Ok(slot) => slot,
            Err(ghost) => return forgotten(ghost.note, weight),
        };
        self.weight += weight;
        self.list.push_head(&mut self.links, slot);
        let ghosts = &self.ghosts;
        self.by_hash.insert_unique(hash, slot, |slot| ghosts.get(*slot).map_or(0, |ghost| ghost.hash));
    }

    /// Forgets `hash`; its note and weight if it was remembered.
    pub(crate) fn take_noted(&mut self, hash: u64) -> Option<(N, u64)> {
        let ghosts = &self.ghosts;
        let found = self.by_hash.find(hash, |slot| ghosts.get(*slot).is_some_and(|ghost| ghost.hash == hash));
        let slot = *found?;
        self.forget(slot).map(|ghost| (ghost.note, ghost.weight))
    }

    /// The notes with the weights of their ghosts, in no particular order.
    pub(crate) fn notes(&self) -> impl Iterator<Item = (&N, u64)> {
        self.ghosts.iter().map(|(_, ghost)| (&ghost.note, ghost.weight))
    }

    /// How much is remembered, in units of weight.
    pub(crate) const fn weight(&self) -> u64 {
        self.weight
    }

    /// Forgets the oldest ghost; `false` if there is none.
    pub(crate) fn forget_oldest(&mut self) -> bool {
        self.list.tail().is_some_and(|oldest| {
            self.forget(oldest);
            true
        })
    }

    /// Panics unless list, table and weight agree.
    pub(crate) fn check_invariants(&self) {
        let listed = self.list.check_invariants(&self.links);
        assert_eq!((listed.len(), self.by_hash.len()), (self.ghosts.len(), self.ghosts.len()));
        let weight = self.ghosts.iter().map(|(_, ghost)| ghost.weight).sum::<u64>();
        assert_eq!(self.weight, weight);
        assert!(weight <= self.capacity, "{weight} units remembered of at most {}", self.capacity);
    }

    fn forget(&mut self, slot: Slot) -> Option<Ghost<N>> {
        self.list.unlink(&mut self.links, slot);
        let ghost = self.ghosts.remove(slot)?;
        self.weight -= ghost.weight;
        if let Ok(entry) = self.by_hash.find_entry(ghost.hash, |other| *other == slot) {
            entry.remove();
        }
        Some(ghost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ghosts_agree_with_a_vector(
            capacity in 0..40_u64,
            steps in prop::collection::vec((0..24_u64, 1..12_u64, any::<bool>()), 1..300),
        ) {
            let mut ghosts = GhostQueue::new(capacity);
            let mut vector = Vec::<(u64, u64)>::new(); // the oldest first
            for (key, weight, push) in steps {
                let hash = key << 32; // alike in the bits that a hash table goes by
                let mut left = vector.extract_if(.., |(other, _)| *other == hash).collect::<Vec<_>>();
                if push {
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
                prop_assert_eq!(ghosts.ghosts.len(), vector.len());
            }
            for (hash, _) in vector {
                prop_assert!(ghosts.take_noted(hash).is_some());
            }
            prop_assert_eq!((ghosts.weight, ghosts.ghosts.len()), (0, 0));
        }
    }
}
