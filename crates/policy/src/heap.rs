//! Slots by a key that changes: who is the least of all.

use crate::{
    Slot,
    slab::{cover, make_room},
};

/// Children per node. Four keys of 16 bytes and their slots span two cache lines, and the heap is half as deep as with
/// two children.
const ARITY: usize = 4;

/// A heap that knows where each slot is. Push, change and removal O(log n), the least O(1); the size of `(K, Slot)` and
/// 4 bytes per slot. Slots of equal key leave in no order: make keys distinct where that matters.
#[derive(Debug)]
pub(crate) struct Heap<K> {
    /// No child is less than its parent.
    nodes: Vec<(K, Slot)>,
    /// By slot: its index in `nodes`.
    places: Vec<u32>,
}

impl<K: Copy + Ord> Heap<K> {
    pub(crate) const fn new() -> Self {
        Self { nodes: Vec::new(), places: Vec::new() }
    }

    /// The least key and its slot.
    pub(crate) fn least(&self) -> Option<(K, Slot)> {
        self.nodes.first().copied()
    }

    /// The slots, that of the least key first. O(n log n).
    pub(crate) fn ascending(&self) -> Vec<Slot> {
        let mut nodes = self.nodes.clone();
        nodes.sort_unstable();
        nodes.into_iter().map(|(_, slot)| slot).collect()
    }

    /// The key of `slot`, which is held.
    pub(crate) fn key(&self, slot: Slot) -> K {
        self.nodes[self.place(slot)].0
    }

    /// Takes in `slot`, which is not held.
    pub(crate) fn push(&mut self, slot: Slot, key: K) {
        cover(&mut self.places, slot, u32::MAX);
        make_room(&mut self.nodes, 1);
        self.nodes.push((key, slot));
        self.rise(self.nodes.len() - 1, (key, slot));
    }

    /// Gives `slot`, which is held, another key.
    pub(crate) fn change(&mut self, slot: Slot, key: K) {
        self.settle(self.place(slot), (key, slot));
    }

    /// Takes `slot`, which is held, out.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let place = self.place(slot);
        if let Some(last) = self.nodes.pop()
            && last.1 != slot
        {
            self.settle(place, last);
        }
    }

    /// Panics unless every slot is where it is said to be and below none that is less.
    pub(crate) fn check_invariants(&self) -> Vec<(K, Slot)> {
        for (place, (key, slot)) in self.nodes.iter().enumerate() {
            assert_eq!(self.place(*slot), place, "{slot:?} is not where it is said to be");
            assert!(place == 0 || self.nodes[(place - 1) / ARITY].0 <= *key, "{slot:?} is below its place");
        }
        self.nodes.clone()
    }

    fn place(&self, slot: Slot) -> usize {
        self.places[slot.index()] as usize
    }

    /// Puts `node` at `place` and lets it rise or sink to where it belongs.
    fn settle(&mut self, place: usize, node: (K, Slot)) {
        if place > 0 && node.0 < self.nodes[(place - 1) / ARITY].0 {
            self.rise(place, node);
        } else {
            self.sink(place, node);
        }
    }

    fn rise(&mut self, mut place: usize, node: (K, Slot)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if self.nodes[parent].0 <= node.0 {
                break;
            }
            self.put(place, self.nodes[parent]);
            place = parent;
        }
        self.put(place, node);
    }

    fn sink(&mut self, mut place: usize, node: (K, Slot)) {
        loop {
            let first = place * ARITY + 1;
            let children = first..self.nodes.len().min(first + ARITY);
            let Some(least) = children.min_by_key(|child| self.nodes[*child].0) else { break };
            if node.0 <= self.nodes[least].0 {
                break;
            }
            self.put(place, self.nodes[least]);
            place = least;
        }
        self.put(place, node);
    }

    fn put(&mut self, place: usize, node: (K, Slot)) {
        self.nodes[place] = node;
        #[expect(clippy::cast_possible_truncation, reason = "there are no more nodes than slots")]
        let place = place as u32;
        self.places[node.1.index()] = place;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_heap_agrees_with_a_vector(steps in prop::collection::vec((0..64_u32, 0..4_u8, 0..50_u64), 1..400)) {
            let mut heap = Heap::new();
            let mut vector = Vec::<(u64, Slot)>::new();
            for (slot, action, key) in steps {
                let slot = Slot(slot);
                let held = vector.iter().position(|(_, other)| *other == slot);
                match (held, action) {
                    (None, _) => {
                        heap.push(slot, key);
                        vector.push((key, slot));
                    }
                    (Some(place), 0) => {
                        heap.remove(slot);
                        vector.remove(place);
                    }
                    (Some(place), _) => {
                        heap.change(slot, key);
                        vector[place].0 = key;
                        prop_assert_eq!(heap.key(slot), key);
                    }
                }
                let mut nodes = heap.check_invariants();
                nodes.sort_unstable();
                vector.sort_unstable();
                prop_assert_eq!(&nodes, &vector);
                prop_assert_eq!(heap.least().map(|(key, _)| key), vector.first().map(|(key, _)| *key));
            }
        }
    }
}
