//! LIRS: entries that came back soon stay, and "soon" is measured against the other entries, not against the clock.
//!
//! A stack S orders keys by their last use. Entries whose last two uses lie close together are LIR and own all but a
//! hundredth of the capacity; the others are HIR, and wait in the queue Q for their turn to leave. A HIR key that is
//! used again while it is still on S has a shorter reuse distance than the LIR entry at the bottom of S, so they change
//! roles. Keys that left stay on S for that test. Whatever lies below the lowest LIR entry is taken off ("pruning").
//!
//! Cost: every operation O(1) amortised; at worst one operation prunes all of S. Metadata: 44 bytes per entry and
//! about 50 per departed key on S, of which there are at most [`DEPARTED_PER_ENTRY`] per entry and [`DEPARTED_SPARE`] more.
//! Strong on loops and scans of any length; weak where recency is all there is, and while the working set moves.
//!
//! Differs from the paper: the paper does not bound the departed keys on S; here the one that left first goes when there
//! are too many, which costs hits only on loops longer than the bound. An entry heavier than the whole LIR part stays
//! HIR. When the capacity grows, what comes in while there is room for it is LIR, as in an empty cache; when it shrinks,
//! departed keys are forgotten as the entries that allowed for them leave.
//!
//! Source: Jiang and Zhang, "LIRS: An Efficient Low Inter-reference Recency Set Replacement Policy", SIGMETRICS 2002.

use crate::{
    Policy, Slot,
    list::{Links, List},
    nodes::{NodeId, Nodes},
};

/// The part of the capacity that is left to HIR entries: one in this many.
const HIR_SHARE: u64 = 100;
/// Departed keys remembered per entry held. With the spare ones below, no published trace at hand loses more than half a
/// point against an unbounded stack, and some win: `reference.rs` in the simulator's tests.
const DEPARTED_PER_ENTRY: usize = 4;
/// Departed keys remembered beyond that, so that small caches see loops of some length.
const DEPARTED_SPARE: usize = 1 << 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// On S, not on Q.
    Lir,
    /// Resident, on Q, and perhaps on S.
    Hir { on_stack: bool },
    /// Not resident, on S and among the departed.
    Departed,
}

#[derive(Debug)]
pub(crate) struct Lirs {
    capacity: u64,
    lir_capacity: u64,
    /// As the next, wide enough for any number of entries of any weight.
    lir_weight: u128,
    hir_weight: u128,
    nodes: Nodes<State>,
    stack_links: Links,
    /// S: the top is the head.
    stack: List,
    /// Of Q and of the departed: a node is on one of them at most.
    queue_links: Links,
    /// Q: the next to leave is the tail.
    queue: List,
    /// The first to have left is the tail.
    departed: List,
}

impl Lirs {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            lir_capacity: lir_capacity(capacity),
            lir_weight: 0,
            hir_weight: 0,
            nodes: Nodes::new(),
            stack_links: Links::new(),
            stack: List::new(),
            queue_links: Links::new(),
            queue: List::new(),
            departed: List::new(),
        }
    }

    /// `id`, on no list, becomes LIR and others become HIR for it.
    fn enter_lir(&mut self, id: NodeId) {
        self.nodes[id].state = State::Lir;
        self.lir_weight += u128::from(self.nodes[id].weight);
        self.stack.push_head(&mut self.stack_links, id);
        self.fit();
    }

    /// `id`, on no list, becomes the newest HIR entry.
    fn enter_hir(&mut self, id: NodeId) {
        self.nodes[id].state = State::Hir { on_stack: true };
        self.stack.push_head(&mut self.stack_links, id);
        self.enqueue(id);
        self.prune(); // off again, if there is no LIR entry to compare it with
    }

    fn enqueue(&mut self, id: NodeId) {
        self.hir_weight += u128::from(self.nodes[id].weight);
        self.queue.push_head(&mut self.queue_links, id);
    }

    /// Makes LIR entries HIR, from the bottom of S, until they fit.
    fn fit(&mut self) {
        while self.lir_weight > u128::from(self.lir_capacity) && self.demote_bottom() {}
    }

    fn demote_bottom(&mut self) -> bool {
        let Some(id) = self.stack.pop_tail(&mut self.stack_links) else { return false };
        self.lir_weight -= u128::from(self.nodes[id].weight);
        self.nodes[id].state = State::Hir { on_stack: false };
        self.enqueue(id);
        self.prune();
        true
    }

    /// Takes off S what lies below the lowest LIR entry.
    fn prune(&mut self) {
        while let Some(id) = self.stack.tail() {
            match self.nodes[id].state {
                State::Lir => return,
                State::Hir { .. } => {
                    self.nodes[id].state = State::Hir { on_stack: false };
                    self.stack.unlink(&mut self.stack_links, id);
                }
                State::Departed => self.forget(id),
            }
        }
    }

    fn forget(&mut self, departed: NodeId) {
        self.stack.unlink(&mut self.stack_links, departed);
        self.departed.unlink(&mut self.queue_links, departed);
        self.nodes.forget(departed);
    }

    /// Takes a resident entry off its lists.
    fn detach(&mut self, id: NodeId) {
        match self.nodes[id].state {
            State::Lir => {
                self.lir_weight -= u128::from(self.nodes[id].weight);
                self.stack.unlink(&mut self.stack_links, id);
                self.prune();
            }
            State::Hir { on_stack } => {
                self.hir_weight -= u128::from(self.nodes[id].weight);
                self.queue.unlink(&mut self.queue_links, id);
                if on_stack {
                    self.stack.unlink(&mut self.stack_links, id);
                }
            }
            State::Departed => {}
        }
    }
}

fn lir_capacity(capacity: u64) -> u64 {
    capacity - (capacity / HIR_SHARE).max(1).min(capacity)
}

impl Policy for Lirs {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let returning = self.nodes.find_departed(hash);
        if let Some(departed) = returning {
            self.forget(departed);
        }
        let id = self.nodes.arrive(slot, hash, weight, State::Hir { on_stack: true });
        // Not while LIR entries are too few by a little: what fits into such a gap has proved nothing.
        let filled = self.lir_weight + self.hir_weight + u128::from(weight);
        let cold = filled <= u128::from(self.lir_capacity);
        if cold || (returning.is_some() && weight <= self.lir_capacity) {
            self.enter_lir(id);
        } else {
            self.enter_hir(id);
        }
    }

    fn hit(&mut self, slot: Slot) {
        let id = self.nodes.at(slot);
        match self.nodes[id].state {
            State::Lir => {
                let was_bottom = self.stack.tail() == Some(id);
                self.stack.move_to_head(&mut self.stack_links, id);
                if was_bottom {
                    self.prune();
                }
            }
            State::Hir { on_stack: true } if self.nodes[id].weight <= self.lir_capacity => {
                self.detach(id);
                self.enter_lir(id);
            }
            State::Hir { .. } => {
                self.detach(id);
                self.enter_hir(id);
            }
            State::Departed => {}
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let id = self.nodes.at(slot);
        let before = std::mem::replace(&mut self.nodes[id].weight, weight);
        if self.nodes[id].state == State::Lir {
            self.lir_weight = self.lir_weight - u128::from(before) + u128::from(weight);
            self.fit();
        } else {
            self.hir_weight = self.hir_weight - u128::from(before) + u128::from(weight);
        }
    }

    fn evict(&mut self) -> Option<Slot> {
        if self.queue.tail().is_none() {
            self.demote_bottom();
        }
        let id = self.queue.pop_tail(&mut self.queue_links)?;
        self.hir_weight -= u128::from(self.nodes[id].weight);
        let slot = self.nodes[id].slot();
        if self.nodes[id].state == (State::Hir { on_stack: true }) {
            self.nodes[id].state = State::Departed;
            self.departed.push_head(&mut self.queue_links, id);
            if let Some(older) = self.nodes.depart(id) {
                self.forget(older);
            }
            while self.nodes.departed() > self.nodes.held() * DEPARTED_PER_ENTRY + DEPARTED_SPARE
                && let Some(first) = self.departed.tail()
            {
                self.forget(first);
            }
        } else {
            self.nodes.forget(id);
        }
        slot
    }

    fn remove(&mut self, slot: Slot) {
        let id = self.nodes.at(slot);
        self.detach(id);
        self.nodes.forget(id);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.lir_capacity = lir_capacity(capacity);
        self.fit();
    }

    fn coldest_first(&self) -> Vec<Slot> {
        let lir = self.stack.iter(&self.stack_links).filter(|id| self.nodes[*id].state == State::Lir);
        self.queue.iter(&self.queue_links).chain(lir).filter_map(|id| self.nodes[id].slot()).collect()
    }

    fn check_invariants(&self) {
        self.nodes.check_invariants();
        let stack = self.stack.check_invariants(&self.stack_links);
        let queue = self.queue.check_invariants(&self.queue_links);
        let departed = self.departed.check_invariants(&self.queue_links);
        let state = |id: &NodeId| self.nodes[*id].state;
        assert!(stack.first().is_none_or(|bottom| state(bottom) == State::Lir), "S is not pruned");
        assert!(stack.iter().all(|id| state(id) != State::Hir { on_stack: false }));
        assert!(queue.iter().all(|id| matches!(state(id), State::Hir { .. })));
        assert!(departed.iter().all(|id| state(id) == State::Departed && stack.contains(id)));
        let lir = stack.iter().filter(|id| state(id) == State::Lir);
        let lir_weight = lir.clone().map(|id| u128::from(self.nodes[*id].weight)).sum::<u128>();
        let hir_weight = queue.iter().map(|id| u128::from(self.nodes[*id].weight)).sum::<u128>();
        assert_eq!((self.lir_weight, self.hir_weight), (lir_weight, hir_weight));
        assert!(
            lir_weight <= u128::from(self.lir_capacity),
            "{lir_weight} units are LIR of at most {}",
            self.lir_capacity
        );
        assert_eq!(lir.count() + queue.len(), self.nodes.held());
        assert_eq!(departed.len(), self.nodes.departed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_left_are_remembered_up_to_a_bound_and_the_first_to_leave_is_forgotten_first() {
        let mut lirs = Lirs::new(2);
        let bound = 2 * DEPARTED_PER_ENTRY + DEPARTED_SPARE;
        lirs.insert(Slot(0), u64::MAX, 1);
        for key in 0..2 * bound as u64 {
            lirs.miss(key, 1);
            if key > 0 {
                assert_eq!(lirs.evict(), Some(Slot(1)));
            }
            lirs.insert(Slot(1), key, 1);
            assert!(lirs.nodes.departed() <= bound);
        }
        lirs.check_invariants();
        let newest = 2 * bound as u64 - 2;
        assert!(lirs.nodes.find_departed(newest).is_some());
        assert!(lirs.nodes.find_departed(newest - bound as u64).is_none());
    }
}
