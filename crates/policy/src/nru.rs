//! NRU, not recently used: one bit per entry, and no order at all.
//!
//! A newcomer and a hit set the entry's bit. The entry of the lowest slot whose bit is not set leaves; when there is none,
//! all bits are cleared at once, and a new round begins.
//!
//! Cost: hit O(1), one bit; evict looks at 64 slots in a step and goes on where the one before it in this round stopped:
//! O(1) amortised while the cache is full, for a round ends only when all bits were set. At worst two walks over all slots,
//! n / 32 steps. Metadata: 2 bits per entry, where a list's links take 64.
//! Fit where memory for metadata counts, as in processors and page tables. Weak otherwise: it tells this round from the
//! last and nothing else, and is flooded by scans as LRU is.
//!
//! Source: the policy of virtual memory with reference bits, as Tanenbaum tells it ("Modern Operating Systems", "Not
//! Recently Used"), without the bit for modified pages; newcomers as in Jaleel et al., "High performance cache
//! replacement using re-reference interval prediction (RRIP)", ISCA 2010, section 2, whose victim is the leftmost.
//!
//! Differs from the former: bits are cleared when all are set, not by a clock, and the victim is no random one.

use crate::{Policy, Slot, slab::cover};

const SLOTS_PER_WORD: u32 = u64::BITS;

#[derive(Debug, Default)]
pub(crate) struct Nru {
    /// A bit per slot: whether it is held.
    held: Vec<u64>,
    /// A bit per slot: whether it was used in this round.
    used: Vec<u64>,
    entries: usize,
    /// The first word that may have a victim.
    next: usize,
}

impl Nru {
    /// Takes the first entry that was not used in this round.
    fn pop_unused(&mut self) -> Option<Slot> {
        while self.next < self.held.len() {
            let unused = self.held[self.next] & !self.used[self.next];
            if unused != 0 {
                #[expect(clippy::cast_possible_truncation, reason = "a slot's number has 32 bits")]
                let slot = Slot(self.next as u32 * SLOTS_PER_WORD + unused.trailing_zeros());
                self.remove(slot);
                return Some(slot);
            }
            self.next += 1;
        }
        None
    }
}

impl Nru {
    /// The slots whose bits `pick` leaves, in their order.
    fn slots(&self, pick: fn(u64, u64) -> u64) -> impl Iterator<Item = Slot> {
        let words = self.held.iter().zip(&self.used).map(move |(held, used)| pick(*held, *used));
        (0..).step_by(SLOTS_PER_WORD as usize).zip(words).flat_map(|(first, word)| {
            let bits = (0..SLOTS_PER_WORD).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| Slot(first + bit))
        })
    }
}

const fn place(slot: Slot) -> (usize, u64) {
    (slot.index() / SLOTS_PER_WORD as usize, 1 << (slot.0 % SLOTS_PER_WORD))
}

impl Policy for Nru {
    fn miss(&mut self, _hash: u64, _weight: u64) {}

    fn insert(&mut self, slot: Slot, _hash: u64, _weight: u64) {
        let (word, bit) = place(slot);
        let last = Slot(slot.0 / SLOTS_PER_WORD);
        cover(&mut self.held, last, 0);
        cover(&mut self.used, last, 0);
        self.held[word] |= bit;
        self.used[word] |= bit;
        self.entries += 1;
    }

    fn hit(&mut self, slot: Slot) {
        let (word, bit) = place(slot);
        self.used[word] |= bit;
    }

    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}

    fn evict(&mut self) -> Option<Slot> {
        if self.entries == 0 {
            return None;
        }
        self.pop_unused().or_else(|| {
            self.used.fill(0);
            self.next = 0;
            self.pop_unused()
        })
    }

    fn remove(&mut self, slot: Slot) {
        let (word, bit) = place(slot);
        self.held[word] &= !bit;
        self.entries -= 1;
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    /// Looks at no capacity.
    fn resize(&mut self, _capacity: u64) {}

    fn coldest_first(&self) -> Vec<Slot> {
        let unused = self.slots(|held, used| held & !used);
        unused.chain(self.slots(|held, used| held & used)).collect()
    }

    fn check_invariants(&self) {
        assert_eq!(self.held.iter().map(|word| word.count_ones() as usize).sum::<usize>(), self.entries);
        let passed = self.held.iter().zip(&self.used).take(self.next);
        assert!(passed.into_iter().all(|(held, used)| held & !used == 0), "a victim was passed over");
    }
}
