//! LRU-K: the entry whose last request but K - 1 is the longest ago leaves; with K = 2, unless another is asked for, the
//! last request but one.
//!
//! Two requests say how often an entry is asked for, one says nothing: entries that were requested fewer than K times are
//! infinitely far away and leave first, the least recent before the others. The last requests of what left are remembered,
//! so that a key that comes back counts from there.
//!
//! Cost: every operation O(1), but for K steps when an entry leaves; the paper ranks entries in a tree, O(log n). Here the
//! requests that matter, K for each entry and one less for each ghost, are on one list in the order of time. A hit adds one
//! at the head and drops the oldest of the entry's, nothing is ever inserted between, and the tail belongs to the entry
//! that leaves, unless it belongs to a ghost: then it is taken off, which the ghost has paid for. Metadata: with K = 2 about
//! 60 bytes per entry and as much per ghost, 8 more for each request more; as many ghosts as entries.
//! Strong on mixtures of hot and cold, as in databases (index and record pages), and against scans; weak when favourites
//! change, which it learns only from a second request, on recency and on loops. The paper finds little to gain beyond two.
//!
//! Source: O'Neil, O'Neil and Weikum, "The LRU-K Page Replacement Algorithm For Database Disk Buffering", SIGMOD 1993.
//!
//! Differs from the paper: no Correlated Reference Period, so that two requests in close succession count as two (there is
//! no clock here, and what is close depends on the workload). The Retained Information Period ends when as much has left
//! as the cache holds, and for each request before that when it is older than all that are held.

use crate::{
    ParameterError, Policy, Slot,
    ghost::GhostQueue,
    list::{Links, List},
    slab::cover,
    timeline::{K_MAX, NoteId, Timeline},
};

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    weight: u64,
    note: NoteId,
}

const NO_ENTRY: Entry = Entry { hash: 0, weight: 0, note: Slot::NONE };

/// LRU-K (SIGMOD 1993): the entry whose last request but K - 1 is the longest ago leaves. With two requests to an entry it
/// is [`PolicyKind::LruK`](crate::PolicyKind::LruK).
///
/// Entries that were requested fewer than K times leave first. A larger K is harder to fool, and slower to learn.
///
/// Cost: O(1) but for K steps when an entry leaves. About 60 bytes per entry with K = 2, 8 more for each request more; as
/// many ghosts as entries, which take as much.
#[derive(Clone, Debug)]
pub struct LruK {
    capacity: u64,
    timeline: Timeline,
    /// By slot.
    entries: Vec<Entry>,
    /// Over slots: what was requested fewer than K times, by the last request.
    few: List,
    few_links: Links,
    ghosts: GhostQueue<NoteId>,
    /// The hash about to come in, if it left not long ago.
    returning: Option<(u64, NoteId)>,
}

impl LruK {
    /// With K = 2.
    #[must_use]
    pub const fn new(capacity: u64) -> Self {
        Self::with(capacity, 2)
    }

    /// With another K. For K = 1, which is LRU, there is [`PolicyKind::Lru`](crate::PolicyKind::Lru).
    ///
    /// # Errors
    ///
    /// If K is not from 2 to 8.
    pub fn with_k(capacity: u64, k: u8) -> Result<Self, ParameterError> {
        ParameterError::unless_within("lru-k", "k", k.into(), 2.0, K_MAX.into())?;
        Ok(Self::with(capacity, k))
    }

    const fn with(capacity: u64, k: u8) -> Self {
        Self {
            capacity,
            timeline: Timeline::new(k),
            entries: Vec::new(),
            few: List::new(),
            few_links: Links::new(),
            ghosts: GhostQueue::new(capacity),
            returning: None,
        }
    }

    /// Drops the claim of a newcomer that did not come.
    fn forget_returning(&mut self) {
        if let Some((_, note)) = self.returning.take() {
            self.timeline.forget(note);
        }
    }
}

impl Policy for LruK {
    fn miss(&mut self, hash: u64, _weight: u64) {
        self.forget_returning();
        self.returning = self.ghosts.take_noted(hash).map(|(note, _)| (hash, note));
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let returning = self.returning.take_if(|(of, _)| *of == hash);
        self.forget_returning();
        let note = match returning {
            Some((_, note)) => {
                self.timeline.set_slot(note, Some(slot));
                note
            }
            None => self.timeline.add(slot),
        };
        let (_, requests) = self.timeline.request(note);
        if requests < self.timeline.k() {
            self.few.push_head(&mut self.few_links, slot);
        }
        cover(&mut self.entries, slot, NO_ENTRY);
        self.entries[slot.index()] = Entry { hash, weight, note };
    }

    fn hit(&mut self, slot: Slot) {
        let note = self.entries[slot.index()].note;
        let k = self.timeline.k();
        let (before, now) = self.timeline.request(note);
        if now < k {
            self.few.move_to_head(&mut self.few_links, slot);
        } else if before < k {
            self.few.unlink(&mut self.few_links, slot);
        }
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entries[slot.index()].weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let few = self.few.pop_tail(&mut self.few_links);
        let victim = few.or_else(|| self.timeline.drop_to_oldest_entry())?;
        let Entry { hash, weight, note } = self.entries[victim.index()];
        self.timeline.set_slot(note, None);
        self.ghosts.push_noted(hash, weight, note, |note, _| self.timeline.forget(note));
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        let note = self.entries[slot.index()].note;
        if self.timeline.requests(note) < self.timeline.k() {
            self.few.unlink(&mut self.few_links, slot);
        }
        self.timeline.forget(note);
    }

    fn clear(&mut self) {
        *self = Self::with(self.capacity, self.timeline.k());
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.ghosts.resize(capacity, |note, _| self.timeline.forget(note));
    }

    fn coldest_first(&self) -> Vec<Slot> {
        self.few.iter(&self.few_links).chain(self.timeline.by_kth_request()).collect()
    }

    fn check_invariants(&self) {
        let notes = self.timeline.check_invariants();
        let (mut few, mut ghosts) = (0, 0);
        for (note, slot, requests) in notes {
            let Some(slot) = slot else {
                assert!(requests < self.timeline.k(), "a ghost has as many requests as an entry");
                ghosts += 1;
                continue;
            };
            assert_eq!(self.entries[slot.index()].note, note, "{slot:?} has another's requests");
            assert!(requests > 0, "{slot:?} was never requested");
            few += usize::from(requests < self.timeline.k());
        }
        assert_eq!(self.few.check_invariants(&self.few_links).len(), few);
        assert_eq!(self.ghosts.notes().count() + usize::from(self.returning.is_some()), ghosts);
        self.ghosts.check_invariants();
    }
}
