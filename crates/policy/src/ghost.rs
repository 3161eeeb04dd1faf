//! A ghost queue: the hashes of entries that left, oldest forgotten first.

use hashbrown::HashTable;

use crate::{
    Slab, Slot,
    list::{Links, List},
};

#[derive(Debug)]
struct Ghost {
    hash: u64,
    weight: u64,
}

/// Remembers departed entries up to a total weight. All operations O(1) amortised; about 30 bytes per ghost.
///
/// Two keys with equal 64-bit hashes are one ghost: the newcomer is then taken for an old acquaintance, which costs a
/// little hit ratio once in about 2^64 pairs.
#[derive(Debug)]
pub(crate) struct GhostQueue {
    capacity: u64,
    weight: u64,
    ghosts: Slab<Ghost>,
    by_hash: HashTable<Slot>,
    links: Links,
    list: List,
}

impl GhostQueue {
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

    /// Remembers `hash` as the newest ghost and forgets the oldest ones that no longer fit.
    pub(crate) fn push(&mut self, hash: u64, weight: u64) {
        self.take(hash);
        if weight > self.capacity {
            return;
        }
        while self.weight > self.capacity - weight {
            let Some(oldest) = self.list.tail() else { break };
            self.forget(oldest);
        }
        let Ok(slot) = self.ghosts.insert(Ghost { hash, weight }) else {
            return;
        };
        self.weight += weight;
        self.list.push_head(&mut self.links, slot);
        let ghosts = &self.ghosts;
        self.by_hash.insert_unique(hash, slot, |slot| ghosts.get(*slot).map_or(0, |ghost| ghost.hash));
    }

    /// Forgets `hash` and says whether it was remembered.
    pub(crate) fn take(&mut self, hash: u64) -> bool {
        let ghosts = &self.ghosts;
        let found = self.by_hash.find(hash, |slot| ghosts.get(*slot).is_some_and(|ghost| ghost.hash == hash));
        let Some(slot) = found.copied() else { return false };
        self.forget(slot);
        true
    }

    /// Panics unless list, table and weight agree.
    pub(crate) fn check_invariants(&self) {
        let listed = self.list.check_invariants(&self.links);
        assert_eq!((listed.len(), self.by_hash.len()), (self.ghosts.len(), self.ghosts.len()));
        let weight = self.ghosts.iter().map(|(_, ghost)| ghost.weight).sum::<u64>();
        assert_eq!(self.weight, weight);
        assert!(weight <= self.capacity, "{weight} units remembered of at most {}", self.capacity);
    }

    fn forget(&mut self, slot: Slot) {
        self.list.unlink(&mut self.links, slot);
        if let Some(ghost) = self.ghosts.remove(slot) {
            self.weight -= ghost.weight;
            if let Ok(entry) = self.by_hash.find_entry(ghost.hash, |other| *other == slot) {
                entry.remove();
            }
        }
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
                let before = vector.len();
                vector.retain(|(other, _)| *other != hash);
                if push {
                    ghosts.push(hash, weight);
                    if weight <= capacity {
                        vector.push((hash, weight));
                    }
                    while vector.iter().map(|(_, weight)| weight).sum::<u64>() > capacity {
                        vector.remove(0);
                    }
                } else {
                    prop_assert_eq!(ghosts.take(hash), vector.len() < before);
                }
                prop_assert_eq!(ghosts.weight, vector.iter().map(|(_, weight)| weight).sum::<u64>());
                prop_assert_eq!(ghosts.by_hash.len(), vector.len());
                prop_assert_eq!(ghosts.ghosts.len(), vector.len());
            }
            for (hash, _) in vector {
                prop_assert!(ghosts.take(hash));
            }
            prop_assert_eq!((ghosts.weight, ghosts.ghosts.len()), (0, 0));
        }
    }
}
