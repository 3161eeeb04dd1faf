//! The last K requests for each key, on one line in the order of time: what LRU-K stands on.

use crate::{
    Slab, Slot,
    list::{Links, List},
};

/// With no more requests to a key than this, there are numbers for those of half a billion keys.
pub(crate) const K_MAX: u8 = 8;

/// A request's place on the line. Of another kind than the slots of the storage, in spite of the type.
type RequestId = Slot;
/// Where a key's requests are noted. Of another kind again.
pub(crate) type NoteId = Slot;

/// The last requests for a key: K places in a ring. Their numbers are K times the note's and what follows.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// Where the storage holds the entry; none if it left.
    slot: Slot,
    /// The last request's place in the ring.
    last: u8,
    /// How many requests are on the line: the last ones.
    requests: u8,
}

impl Note {
    /// Of the request that came so many before the last.
    const fn place(self, id: NoteId, k: u8, before: u8) -> RequestId {
        let back = if self.last >= before { self.last - before } else { self.last + k - before };
        Slot(id.0 * k as u32 + back as u32)
    }
}

/// All operations O(1), but for K steps to forget a key. 12 bytes per key, and 8 per request, whether it was
/// made or not.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    k: u8,
    notes: Slab<Note>,
    /// Over requests, the oldest at the tail.
    line: List,
    links: Links,
}

impl Timeline {
    pub(crate) const fn new(k: u8) -> Self {
        Self { k, notes: Slab::new(), line: List::new(), links: Links::new() }
    }

    /// K.
    pub(crate) const fn k(&self) -> u8 {
        self.k
    }

    /// A note for a key without requests, whose entry came in at `slot`.
    pub(crate) fn add(&mut self, slot: Slot) -> NoteId {
        let Ok(id) = self.notes.insert(Note { slot, last: 0, requests: 0 }) else {
            unreachable!("half a billion keys")
        };
        id
    }

    /// How many requests for the key are on the line.
    pub(crate) fn requests(&self, id: NoteId) -> u8 {
        self.note(id).requests
    }

    /// The entry came in at `slot`, or left.
    pub(crate) fn set_slot(&mut self, id: NoteId, slot: Option<Slot>) {
        if let Some(note) = self.notes.get_mut(id) {
            note.slot = slot.unwrap_or(Slot::NONE);
        }
    }

    /// The newest request of all; the key's K-th before it is dropped. Says how many of the key's were on the line before,
    /// and how many are now.
    pub(crate) fn request(&mut self, id: NoteId) -> (u8, u8) {
        let Some(note) = self.notes.get_mut(id) else { unreachable!("{id:?} was forgotten") };
        let before = note.requests;
        note.last = if note.last + 1 == self.k { 0 } else { note.last + 1 };
        let place = note.place(id, self.k, 0);
        if before == self.k {
            // Once around the ring: this was the place of the oldest.
            self.line.move_to_head(&mut self.links, place);
        } else {
            note.requests += 1;
            self.line.push_head(&mut self.links, place);
        }
        (before, note.requests)
    }

    /// Drops requests of keys that left, the oldest first, up to the first that is an entry's, and that as well. Says
    /// where the entry is.
    pub(crate) fn drop_to_oldest_entry(&mut self) -> Option<Slot> {
        loop {
            let oldest = self.line.pop_tail(&mut self.links)?;
            let id = self.note_at(oldest);
            let Some(note) = self.notes.get_mut(id) else { unreachable!("{id:?} was forgotten") };
            note.requests -= 1;
            let slot = note.slot;
            if slot != Slot::NONE {
                return Some(slot);
            }
        }
    }

    /// Forgets a key and its requests.
    pub(crate) fn forget(&mut self, id: NoteId) {
        let Some(note) = self.notes.remove(id) else { return };
        for before in 0..note.requests {
            self.line.unlink(&mut self.links, note.place(id, self.k, before));
        }
    }

    /// The entries that were requested K times, that whose K-th request from the end is the oldest first.
    pub(crate) fn by_kth_request(&self) -> impl Iterator<Item = Slot> {
        self.line.iter(&self.links).filter_map(|place| {
            let id = self.note_at(place);
            let note = self.note(id);
            let is_kth = note.requests == self.k && note.place(id, self.k, self.k - 1) == place;
            is_kth.then_some(note.slot)
        })
    }

    /// Panics unless the line has the requests of the notes, those of each in order. Returns the notes with slots and
    /// numbers of requests.
    pub(crate) fn check_invariants(&self) -> Vec<(NoteId, Option<Slot>, u8)> {
        let line = self.line.check_invariants(&self.links);
        let end = line.iter().map(|place| place.index() + 1).max().unwrap_or(0);
        let mut ranks = vec![None; end];
        for (rank, place) in line.iter().enumerate() {
            ranks[place.index()] = Some(rank);
        }
        let mut requests = 0;
        for (id, note) in self.notes.iter() {
            let places = (0..note.requests).rev().map(|before| note.place(id, self.k, before));
            let ranks = places.map(|place| ranks.get(place.index()).copied().flatten()).collect::<Vec<_>>();
            assert!(ranks.iter().all(Option::is_some), "a request of {id:?} is not on the line");
            assert!(ranks.is_sorted(), "requests of {id:?} are out of order");
            requests += ranks.len();
        }
        assert_eq!(line.len(), requests, "a request is nobody's");
        let notes = self.notes.iter();
        notes.map(|(id, note)| (id, (note.slot != Slot::NONE).then_some(note.slot), note.requests)).collect()
    }

    fn note(&self, id: NoteId) -> Note {
        let Some(note) = self.notes.get(id) else { unreachable!("{id:?} was forgotten") };
        *note
    }

    const fn note_at(&self, place: RequestId) -> NoteId {
        Slot(place.0 / self.k as u32)
    }
}
