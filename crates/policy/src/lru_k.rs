//! LRU-K with K = 2: the entry whose last request but one is the longest ago leaves.
//!
//! Two requests say how often an entry is asked for, one says nothing: entries that were requested once only are infinitely
//! far away and leave first, the least recent before the others. The last request of what left is remembered, so that a
//! key that comes back counts from there.
//!
//! Cost: every operation O(1); the paper ranks entries in a tree, O(log n). Here the requests that matter, two for each
//! entry and one for each ghost, are on one list in the order of time. A hit adds one at the head and drops the oldest of
//! the entry's, nothing is ever inserted between, and the tail belongs to the entry that leaves, unless it belongs to
//! a ghost: then it is taken off, which the ghost has paid for. Metadata: 64 bytes per entry, about 60 per ghost, as many
//! ghosts as entries.
//! Strong on mixtures of hot and cold, as in databases (index and record pages), and against scans; weak when favourites
//! change, which it learns only from a second request, on recency and on loops.
//!
//! Source: O'Neil, O'Neil and Weikum, "The LRU-K Page Replacement Algorithm For Database Disk Buffering", SIGMOD 1993.
//!
//! Differs from the paper: no Correlated Reference Period, so that two requests in close succession count as two (there is
//! no clock here, and what is close depends on the workload). The Retained Information Period ends when as much has left
//! as the cache holds, and before that when a ghost's request is older than all that are held.

use crate::{
    Policy, Slab, Slot,
    ghost::GhostQueue,
    list::{Links, List},
    slab::cover,
};

/// A request's place on the time line. Of another kind than the slots of the storage, in spite of the type.
type RequestId = Slot;

/// Whose a request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Held(Slot),
    /// A ghost's.
    Departed,
    /// A ghost's, and so old that it is not on the time line any more; or an entry's to come.
    OffTheLine,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    weight: u64,
    last: RequestId,
    /// Off the line if there was one request only.
    last_but_one: RequestId,
}

const NO_ENTRY: Entry = Entry { hash: 0, weight: 0, last: Slot::NONE, last_but_one: Slot::NONE };

#[derive(Debug)]
pub(crate) struct LruK {
    capacity: u64,
    requests: Slab<Request>,
    /// Over requests.
    time: List,
    time_links: Links,
    /// By slot.
    entries: Vec<Entry>,
    /// Over slots: what was requested once.
    once: List,
    once_links: Links,
    /// With the last request of each.
    ghosts: GhostQueue<RequestId>,
    /// The hash about to come in, if it left not long ago, and its last request.
    returning: Option<(u64, RequestId)>,
}

impl LruK {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self {
            capacity,
            requests: Slab::new(),
            time: List::new(),
            time_links: Links::new(),
            entries: Vec::new(),
            once: List::new(),
            once_links: Links::new(),
            ghosts: GhostQueue::new(capacity),
            returning: None,
        }
    }

    fn is_once(&self, entry: Entry) -> bool {
        self.requests.get(entry.last_but_one) == Some(&Request::OffTheLine)
    }

    fn set(&mut self, id: RequestId, request: Request) {
        if let Some(place) = self.requests.get_mut(id) {
            *place = request;
        }
    }

    fn new_request(&mut self) -> RequestId {
        let Ok(id) = self.requests.insert(Request::OffTheLine) else {
            unreachable!("four billion requests of entries and ghosts")
        };
        id
    }

    /// The newest request of all, by the entry at `slot`.
    fn push(&mut self, id: RequestId, slot: Slot) {
        self.set(id, Request::Held(slot));
        self.time.push_head(&mut self.time_links, id);
    }

    fn forget(&mut self, id: RequestId) {
        if self.requests.remove(id).is_some_and(|request| request != Request::OffTheLine) {
            self.time.unlink(&mut self.time_links, id);
        }
    }

    /// Drops the claim of a newcomer that did not come.
    fn forget_returning(&mut self) {
        if let Some((_, id)) = self.returning.take() {
            self.forget(id);
        }
    }
}

impl Policy for LruK {
    fn miss(&mut self, hash: u64, _weight: u64) {
        self.forget_returning();
        self.returning = self.ghosts.take_noted(hash).map(|(id, _)| (hash, id));
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        let returning = self.returning.take_if(|(of, _)| *of == hash);
        self.forget_returning();
        let last_but_one = returning.map_or_else(|| self.new_request(), |(_, id)| id);
        if self.requests.get(last_but_one) == Some(&Request::OffTheLine) {
            self.once.push_head(&mut self.once_links, slot);
        } else {
            self.set(last_but_one, Request::Held(slot));
        }
        let last = self.new_request();
        self.push(last, slot);
        cover(&mut self.entries, slot, NO_ENTRY);
        self.entries[slot.index()] = Entry { hash, weight, last, last_but_one };
    }

    fn hit(&mut self, slot: Slot) {
        let entry = self.entries[slot.index()];
        if self.is_once(entry) {
            self.once.unlink(&mut self.once_links, slot);
        } else {
            self.time.unlink(&mut self.time_links, entry.last_but_one);
        }
        self.push(entry.last_but_one, slot);
        self.entries[slot.index()] = Entry { last: entry.last_but_one, last_but_one: entry.last, ..entry };
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        self.entries[slot.index()].weight = weight;
    }

    fn evict(&mut self) -> Option<Slot> {
        let victim = loop {
            if let Some(once) = self.once.tail() {
                break once;
            }
            let oldest = self.time.tail()?;
            if let Some(Request::Held(slot)) = self.requests.get(oldest) {
                break *slot;
            }
            self.time.unlink(&mut self.time_links, oldest);
            self.set(oldest, Request::OffTheLine);
        };
        let Entry { hash, weight, last, last_but_one } = self.entries[victim.index()];
        if self.is_once(self.entries[victim.index()]) {
            self.once.unlink(&mut self.once_links, victim);
        }
        self.forget(last_but_one);
        self.set(last, Request::Departed);
        let Self { ghosts, requests, time, time_links, .. } = self;
        ghosts.push_noted(hash, weight, last, |id, _| {
            if requests.remove(id) == Some(Request::Departed) {
                time.unlink(time_links, id);
            }
        });
        Some(victim)
    }

    fn remove(&mut self, slot: Slot) {
        let entry = self.entries[slot.index()];
        if self.is_once(entry) {
            self.once.unlink(&mut self.once_links, slot);
        }
        self.forget(entry.last_but_one);
        self.forget(entry.last);
    }

    fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    fn resize(&mut self, capacity: u64) {
        self.capacity = capacity;
        let Self { ghosts, requests, time, time_links, .. } = self;
        ghosts.resize(capacity, |id, _| {
            if requests.remove(id) == Some(Request::Departed) {
                time.unlink(time_links, id);
            }
        });
    }

    fn coldest_first(&self) -> Vec<Slot> {
        let second = self.time.iter(&self.time_links).filter_map(|id| match self.requests.get(id)? {
            Request::Held(slot) if self.entries[slot.index()].last_but_one == id => Some(*slot),
            _ => None,
        });
        self.once.iter(&self.once_links).chain(second).collect()
    }

    fn check_invariants(&self) {
        let time = self.time.check_invariants(&self.time_links);
        let on_the_line = self.requests.iter().filter(|(_, request)| **request != Request::OffTheLine);
        assert_eq!(time.len(), on_the_line.count());
        let mut once = 0;
        for id in &time {
            if let Some(Request::Held(slot)) = self.requests.get(*id) {
                let entry = self.entries[slot.index()];
                assert!([entry.last, entry.last_but_one].contains(id), "{slot:?} has another's request");
                once += usize::from(self.is_once(entry));
            }
        }
        assert_eq!(self.once.check_invariants(&self.once_links).len(), once);
        let held = time.iter().filter(|id| matches!(self.requests.get(**id), Some(Request::Held(_)))).count();
        let ghosts = self.ghosts.notes().count() + usize::from(self.returning.is_some());
        assert_eq!(self.requests.len(), held + once + ghosts, "a request is nobody's");
        self.ghosts.check_invariants();
    }
}
