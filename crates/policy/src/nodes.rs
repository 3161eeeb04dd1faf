//! Entries that are held and entries that left, as nodes that keep their place in a list when the entry leaves.
//!
//! Policies such as LIRS and CLOCK-Pro keep both on one list. A slot of the storage is given to another entry as soon as
//! its entry leaves, so here every entry has a node of its own, found by slot while it is held and by hash afterwards.

use std::ops::{Index, IndexMut};

use hashbrown::HashTable;

use crate::{Slab, Slot, slab::cover};

/// A node's place. Of another kind than the slots of the storage, in spite of the type.
pub(crate) type NodeId = Slot;

#[derive(Clone, Debug)]
pub(crate) struct Node<T> {
    pub(crate) hash: u64,
    pub(crate) weight: u64,
    slot: Slot,
    pub(crate) state: T,
}

impl<T> Node<T> {
    /// Where the storage holds the entry; `None` if it left.
    pub(crate) fn slot(&self) -> Option<Slot> {
        (self.slot != Slot::NONE).then_some(self.slot)
    }
}

/// All operations O(1) amortised. 28 bytes per node beside its lists, and about 8 more once its entry left.
#[derive(Clone, Debug)]
pub(crate) struct Nodes<T> {
    nodes: Slab<Node<T>>,
    /// By slot: the node of the entry held there.
    held: Vec<NodeId>,
    /// The nodes of entries that left, by hash.
    departed: HashTable<NodeId>,
}

impl<T> Nodes<T> {
    pub(crate) const fn new() -> Self {
        Self { nodes: Slab::new(), held: Vec::new(), departed: HashTable::new() }
    }

    /// How many entries left and are remembered.
    pub(crate) fn departed(&self) -> usize {
        self.departed.len()
    }

    /// How many entries are held.
    pub(crate) fn held(&self) -> usize {
        self.nodes.len() - self.departed.len()
    }

    /// The node of the entry held at `slot`.
    pub(crate) fn at(&self, slot: Slot) -> NodeId {
        self.held[slot.index()]
    }

    /// The node of an entry that left.
    pub(crate) fn find_departed(&self, hash: u64) -> Option<NodeId> {
        self.departed.find(hash, |id| self[*id].hash == hash).copied()
    }

    /// A node for an entry that came in at `slot`.
    pub(crate) fn arrive(&mut self, slot: Slot, hash: u64, weight: u64, state: T) -> NodeId {
        let Ok(id) = self.nodes.insert(Node { hash, weight, slot, state }) else {
            unreachable!("four billion entries and departed ones")
        };
        cover(&mut self.held, slot, NodeId::NONE);
        self.held[slot.index()] = id;
        id
    }

    /// The entry left; its node stays. If one of equal hash left before, its node is what this returns, for the caller
    /// to take off its lists and [`forget`](Self::forget).
    #[must_use]
    pub(crate) fn depart(&mut self, id: NodeId) -> Option<NodeId> {
        let hash = self[id].hash;
        let older = self.find_departed(hash);
        self[id].slot = Slot::NONE;
        let nodes = &self.nodes;
        self.departed.insert_unique(hash, id, |id| nodes.get(*id).map_or(0, |node| node.hash));
        older
    }

    /// Forgets a node that is on no list any more.
    pub(crate) fn forget(&mut self, id: NodeId) {
        if self[id].slot().is_none()
            && let Ok(entry) = self.departed.find_entry(self[id].hash, |other| *other == id)
        {
            entry.remove();
        }
        self.nodes.remove(id);
    }

    /// Panics unless the look-ups lead where they should.
    pub(crate) fn check_invariants(&self) {
        for (id, node) in self.nodes.iter() {
            match node.slot() {
                Some(slot) => assert_eq!(self.at(slot), id),
                None => assert_eq!(self.find_departed(node.hash), Some(id)),
            }
        }
        let departed = self.nodes.iter().filter(|(_, node)| node.slot().is_none()).count();
        assert_eq!(self.departed.len(), departed);
    }
}

impl<T> Index<NodeId> for Nodes<T> {
    type Output = Node<T>;

    fn index(&self, id: NodeId) -> &Node<T> {
        let Some(node) = self.nodes.get(id) else { unreachable!("{id:?} was forgotten") };
        node
    }
}

impl<T> IndexMut<NodeId> for Nodes<T> {
    fn index_mut(&mut self, id: NodeId) -> &mut Node<T> {
        let Some(node) = self.nodes.get_mut(id) else { unreachable!("{id:?} was forgotten") };
        node
    }
}
