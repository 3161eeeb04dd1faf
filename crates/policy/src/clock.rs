//! CLOCK: FIFO with further chances, an approximation of LRU whose hits move nothing.
//!
//! A hit counts up to 2^bits - 1. The hand takes the oldest entry: one that was hit loses a count and goes round once
//! more, one that was not leaves. With one bit this is the second-chance algorithm; with more, an entry hit often
//! survives as many laps (generalised CLOCK).
//!
//! Cost: hit O(1), writes one byte at most; evict O(1) amortised (each step of the hand spends a count that a hit paid
//! for), at worst 2^bits - 1 laps. Metadata: 9 bytes per entry.
//! As LRU, it suits recency and is flooded by scans, at less work per hit; two bits hold on to the popular a little better
//! and let go of it later.
//!
//! Source: Corbato, "A paging experiment with the Multics system", 1968; Smith, "Sequentiality and prefetching in database
//! systems", ACM TODS, 1978 (generalised). The paper's hand stands between the newest and the oldest page of a ring:
//! here the ring is a queue, and what the hand spares goes from its tail to its head, which gives the same order.

use crate::{
    Policy, Slot,
    drain::drained,
    list::{Links, List},
    slab::cover,
};

#[derive(Clone, Debug)]
pub(crate) struct Clock {
    hits_max: u8,
    links: Links,
    queue: List,
    /// By slot: chances left.
    hits: Vec<u8>,
}

impl Clock {
    /// Counts hits in `bits` bits, at most 8.
    pub(crate) const fn new(bits: u32) -> Self {
        Self {
            hits_max: u8::MAX >> (u8::BITS - bits),
            links: Links::new(),
            queue: List::new(),
            hits: Vec::new(),
        }
    }
}

impl Policy for Clock {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        self.queue.push_head(&mut self.links, slot);
        cover(&mut self.hits, slot, 0);
        self.hits[slot.index()] = 0;
    }

    fn hit(&mut self, slot: Slot) {
        let hits = &mut self.hits[slot.index()];
        if *hits < self.hits_max {
            *hits += 1;
        }
    }

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        loop {
            let slot = self.queue.tail()?;
            let hits = &mut self.hits[slot.index()];
            if *hits == 0 {
                self.queue.unlink(&mut self.links, slot);
                return Some(slot);
            }
            *hits -= 1;
            self.queue.move_to_head(&mut self.links, slot);
        }
    }

    fn remove(&mut self, slot: Slot) {
        self.queue.unlink(&mut self.links, slot);
    }

    fn clear(&mut self) {
        *self = Self { hits_max: self.hits_max, links: Links::new(), queue: List::new(), hits: Vec::new() };
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        drained(self.clone())
    }

    fn check_invariants(&self) {
        for slot in self.queue.check_invariants(&self.links) {
            assert!(self.hits[slot.index()] <= self.hits_max, "{slot:?} has more hits than fit");
        }
    }
}
