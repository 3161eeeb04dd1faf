//! CLOCK-Pro: LIRS's idea on a clock, with three hands and a share of cold entries that steers itself.
//!
//! All entries, and the keys of some that left, stand on one clock. A cold entry is under test for one lap: used again
//! within it, even after it left, it becomes hot. The cold hand looks for a victim among the cold; the hot hand makes
//! hot entries cold that went unused for a lap, and ends the tests it passes; the test hand ends tests early when too
//! many departed keys stand on the clock. A test that was passed says that cold entries should have more room, one
//! that ran out that they should have less.
//!
//! Cost: hit O(1), one byte; evict O(1) amortised while the cold share is not small, since the cold hand also passes what
//! is hot: at worst it laps the clock twice. Metadata: 36 bytes per entry and about 40 per departed key, of which there are
//! at most as many as entries fit in. Strong on loops and scans, as LIRS; weak on pure recency.
//!
//! Differs from the paper: the cold target keeps to at least a hundredth of the capacity, or the cold hand would walk
//! over the whole clock for each victim. A test moves the target by the entry's weight. What comes in while the cache
//! holds less than the hot share is hot, as in LIRS. When the capacity changes, the cold target keeps its proportion to it.
//!
//! Source: Jiang, Chen and Zhang, "CLOCK-Pro: An Effective Improvement of the CLOCK Replacement", USENIX ATC 2005.

use crate::{
    Policy, Slot,
    drain::drained,
    list::{Links, List},
    nodes::{Node, NodeId, Nodes},
    share::in_proportion,
};

/// The cold target is at least one part in this many of the capacity.
const COLD_SHARE_MIN: u64 = 100;

#[derive(Clone, Copy, Debug)]
struct State {
    hot: bool,
    /// Cold, and under test.
    in_test: bool,
    used: bool,
}

/// The resident entries of one temperature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    entries: usize,
    /// Wide enough for any number of entries of any weight.
    weight: u128,
}

#[derive(Clone, Debug)]
pub(crate) struct ClockPro {
    capacity: u64,
    /// What cold entries should weigh.
    cold_target: u64,
    hot: Share,
    cold: Share,
    departed_weight: u128,
    nodes: Nodes<State>,
    links: Links,
    /// The clock, cut open at the hot hand: that hand is at the tail, and what it passes goes to the head.
    clock: List,
    /// `None` is the tail.
    cold_hand: Option<NodeId>,
    /// `None` is the tail.
    test_hand: Option<NodeId>,
}

impl ClockPro {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            cold_target: cold_target_min(capacity),
            hot: Share::default(),
            cold: Share::default(),
            departed_weight: 0,
            nodes: Nodes::new(),
            links: Links::new(),
            clock: List::new(),
            cold_hand: None,
            test_hand: None,
        }
    }

    const fn hot_target(&self) -> u64 {
        self.capacity - self.cold_target
    }

    fn share(&mut self, hot: bool) -> &mut Share {
        if hot { &mut self.hot } else { &mut self.cold }
    }

    /// Puts a resident entry on the clock.
    fn enter(&mut self, id: NodeId, hot: bool, in_test: bool) {
        self.nodes[id].state = State { hot, in_test, used: false };
        let weight = u128::from(self.nodes[id].weight);
        let share = self.share(hot);
        share.entries += 1;
        share.weight += weight;
        self.clock.push_head(&mut self.links, id);
    }

    /// Takes a resident entry off the clock.
    fn leave(&mut self, id: NodeId) {
        self.discount(id);
        self.unlink(id);
    }

    fn discount(&mut self, id: NodeId) {
        let (hot, weight) = (self.nodes[id].state.hot, self.nodes[id].weight);
        let share = self.share(hot);
        share.entries -= 1;
        share.weight -= u128::from(weight);
    }

    /// A hand that points at `id` moves on.
    fn unlink(&mut self, id: NodeId) {
        for hand in [&mut self.cold_hand, &mut self.test_hand] {
            if *hand == Some(id) {
                *hand = self.links.newer(id);
            }
        }
        self.clock.unlink(&mut self.links, id);
    }

    fn forget(&mut self, departed: NodeId) {
        self.departed_weight -= u128::from(self.nodes[departed].weight);
        self.unlink(departed);
        self.nodes.forget(departed);
    }

    fn pass_test(&mut self, weight: u64) {
        self.cold_target = self.cold_target.saturating_add(weight).min(self.capacity);
    }

    /// Ends the test of `id`, if it is under one that it has not passed by now.
    fn end_test(&mut self, id: NodeId) {
        let node = &mut self.nodes[id];
        if !node.state.in_test || node.state.used {
            return;
        }
        node.state.in_test = false;
        let (weight, departed) = (node.weight, node.slot().is_none());
        self.cold_target = self.cold_target.saturating_sub(weight).max(cold_target_min(self.capacity));
        if departed {
            self.forget(id);
        }
    }

    /// The hot hand: on to the next entry that is hot and went unused for a lap, which becomes cold.
    fn cool_one(&mut self) {
        while self.hot.entries > 0
            && let Some(id) = self.clock.tail()
        {
            let State { hot, used, .. } = self.nodes[id].state;
            // The hand passes: nothing moves on the clock but the place where it is cut open.
            for hand in [&mut self.cold_hand, &mut self.test_hand] {
                hand.get_or_insert(id);
            }
            self.clock.move_to_head(&mut self.links, id);
            if !hot {
                self.end_test(id);
            } else if used {
                self.nodes[id].state.used = false;
            } else {
                self.discount(id);
                self.nodes[id].state.hot = false;
                let weight = self.nodes[id].weight;
                self.cold.entries += 1;
                self.cold.weight += u128::from(weight);
                return;
            }
        }
    }

    /// Makes hot entries cold until they are within their target.
    fn cool(&mut self) {
        while self.hot.weight > u128::from(self.hot_target()) {
            self.cool_one();
        }
    }

    /// The test hand: ends tests until the departed keys are within the capacity.
    fn end_tests(&mut self) {
        while self.departed_weight > u128::from(self.capacity)
            && let Some(id) = self.test_hand.or(self.clock.tail())
        {
            self.test_hand = self.links.newer(id);
            self.end_test(id);
        }
    }
}

fn cold_target_min(capacity: u64) -> u64 {
    (capacity / COLD_SHARE_MIN).max(1).min(capacity)
}

impl Policy for ClockPro {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let returning = self.nodes.find_departed(hash);
        if let Some(departed) = returning {
            self.pass_test(weight);
            self.forget(departed);
        }
        let cold = State { hot: false, in_test: true, used: false };
        let id = self.nodes.arrive(slot, hash, weight, cold);
        let filled = self.hot.weight + self.cold.weight + u128::from(weight);
        let filling = filled <= u128::from(self.hot_target());
        let hot = returning.is_some() || filling;
        self.enter(id, hot, !hot);
        self.cool();
    }

    fn hit(&mut self, slot: Slot) {
        let id = self.nodes.at(slot);
        self.nodes[id].state.used = true;
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        let id = self.nodes.at(slot);
        let before = std::mem::replace(&mut self.nodes[id].weight, weight);
        let hot = self.nodes[id].state.hot;
        let share = self.share(hot);
        share.weight = share.weight - u128::from(before) + u128::from(weight);
        self.cool();
    }

    /// The cold hand.
    fn evict(&mut self) -> Option<Slot> {
        loop {
            if self.cold.entries == 0 {
                if self.hot.entries == 0 {
                    return None;
                }
                self.cool_one();
            }
            let id = self.cold_hand.or(self.clock.tail())?;
            let node = &self.nodes[id];
            let (slot, weight, State { hot, in_test, used }) = (node.slot(), node.weight, node.state);
            self.cold_hand = self.links.newer(id);
            if hot || slot.is_none() {
                continue;
            }
            if used {
                if in_test {
                    self.pass_test(weight);
                }
                self.leave(id);
                self.enter(id, in_test, !in_test);
                self.cool();
                continue;
            }
            if in_test {
                self.discount(id);
                self.departed_weight += u128::from(weight);
                if let Some(older) = self.nodes.depart(id) {
                    self.forget(older);
                }
                self.end_tests();
            } else {
                self.leave(id);
                self.nodes.forget(id);
            }
            return slot;
        }
    }

    fn remove(&mut self, slot: Slot) {
        let id = self.nodes.at(slot);
        self.leave(id);
        self.nodes.forget(id);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        let scaled = in_proportion(self.cold_target, self.capacity, capacity);
        self.cold_target = scaled.clamp(cold_target_min(capacity), capacity);
        self.capacity = capacity;
        self.cool();
        self.end_tests();
    }

    fn coldest_first(&self) -> Vec<Slot> {
        drained(self.clone())
    }

    fn check_invariants(&self) {
        self.nodes.check_invariants();
        let clock = self.clock.check_invariants(&self.links);
        let share = |wanted: fn(&Node<State>) -> bool| {
            let nodes = clock.iter().map(|id| &self.nodes[*id]).filter(|node| wanted(node));
            nodes.fold(Share::default(), |Share { entries, weight }, node| Share {
                entries: entries + 1,
                weight: weight + u128::from(node.weight),
            })
        };
        assert_eq!(self.hot, share(|node| node.slot().is_some() && node.state.hot));
        assert_eq!(self.cold, share(|node| node.slot().is_some() && !node.state.hot));
        let departed = share(|node| node.slot().is_none());
        assert_eq!((departed.entries, departed.weight), (self.nodes.departed(), self.departed_weight));
        assert!(self.departed_weight <= u128::from(self.capacity));
        assert!(self.hot.weight <= u128::from(self.hot_target()));
        assert!([self.cold_hand, self.test_hand].iter().flatten().all(|hand| clock.contains(hand)));
    }
}
