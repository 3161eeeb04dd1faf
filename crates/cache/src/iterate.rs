//! Going through the entries.

use std::fmt;

use crate::{Cache, RandomState, storage::Slot};

/// Entries of a cache, cloned; made by [`Cache::iter`].
pub struct Iter<'a, K, V, S = RandomState> {
    cache: &'a Cache<K, V, S>,
    place: usize,
    /// Of the place before, the last first.
    entries: Vec<(K, V)>,
}

impl<K, V, S> Cache<K, V, S> {
    /// Clones of all entries, in no order, one locked place after another, and no lock held in between. What comes and goes
    /// meanwhile may or may not be seen. Counts no hit. [`scan`](Self::scan) needs no clones.
    pub fn iter(&self) -> Iter<'_, K, V, S>
    where
        K: Clone,
        V: Clone,
    {
        Iter { cache: self, place: 0, entries: Vec::new() }
    }

    /// Clones of all entries, from hot to cold: those that the policy would let go last come first, as far as it can
    /// tell. In a cache of several places, places take turns. O(n log n).
    pub fn hot(&self) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let mut ranked = Vec::new();
        for index in 0..self.storage.places() {
            let Some(place) = self.storage.place_at(index) else { continue };
            let slots = place.coldest_first();
            let len = slots.len();
            for (rank, slot) in slots.into_iter().enumerate() {
                if self.serves(&place.stamps(slot)) {
                    // Places may hold more or less: what counts is the share of its place that is hotter.
                    let share = ((len - rank) << 16) / len;
                    ranked.push((share, (place.key(slot).clone(), place.value(slot).clone())));
                }
            }
        }
        ranked.sort_by_key(|(share, _)| *share);
        ranked.into_iter().map(|(_, entry)| entry).collect()
    }
}

impl<K: Clone, V: Clone, S> Iterator for Iter<'_, K, V, S> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        while self.entries.is_empty() && self.place < self.cache.storage.places() {
            if let Some(place) = self.cache.storage.place_at(self.place) {
                let good = |slot: &Slot| self.cache.serves(&place.stamps(*slot));
                let clone = |slot: Slot| (place.key(slot).clone(), place.value(slot).clone());
                self.entries.extend(place.slots().into_iter().filter(good).map(clone));
            }
            self.place += 1;
        }
        self.entries.pop()
    }
}

impl<K, V, S> fmt::Debug for Iter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

impl<'a, K: Clone, V: Clone, S> IntoIterator for &'a Cache<K, V, S> {
    type Item = (K, V);
    type IntoIter = Iter<'a, K, V, S>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
