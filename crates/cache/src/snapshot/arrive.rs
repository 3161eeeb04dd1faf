//! Entries of a snapshot come in: the warmest that fit, and in an order that makes the policy what it was.

use std::hash::{BuildHasher, Hash};

use super::{Restored, record::Notes};
use crate::{
    Cache, Cause, PolicyKind, Terms,
    counters::Count,
    lifetimes::Times,
    storage::{Entry, Stamps, Storage},
    ticks::Ticks,
};

/// An entry that is to come in.
pub(super) struct Arrival<K, V> {
    pub(super) key: K,
    pub(super) value: V,
    pub(super) notes: Notes,
}

/// What became of one.
enum Arrived {
    /// Sets that grew for it may have let others go.
    In {
        evicted: u64,
    },
    Held,
    CrowdedOut,
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    pub(super) fn arrive(&self, mut arrivals: Vec<Arrival<K, V>>, elapsed: u64, restored: &mut Restored) {
        // What is as warm as another stays in the order in which it was saved.
        arrivals.sort_by_key(|arrival| (arrival.notes.pinned, arrival.notes.heat));
        match self.storage {
            // A set has no order but that of its marks; the warmest find the room.
            Storage::Sets(_) => arrivals.reverse(),
            Storage::Exact(_) => {
                restored.crowded_out += self.leave_out_what_does_not_fit(&mut arrivals);
                if self.newest_leaves_first() {
                    arrivals.reverse();
                }
            }
        }
        for arrival in arrivals {
            let hits = self.hits_for(arrival.notes.heat);
            match self.arrive_one(arrival, elapsed, hits) {
                Arrived::In { evicted } => {
                    restored.entries = (restored.entries + 1).saturating_sub(evicted);
                    restored.crowded_out += evicted;
                }
                Arrived::Held => restored.held += 1,
                Arrived::CrowdedOut => restored.crowded_out += 1,
            }
        }
    }

    fn newest_leaves_first(&self) -> bool {
        matches!(self.policy(), Some(PolicyKind::Lifo | PolicyKind::Mru | PolicyKind::Mfu))
    }

    /// How many hits make the policy know what it knew of an entry of this heat.
    fn hits_for(&self, heat: u16) -> u8 {
        let quarter = (heat >> 14) as u8;
        match self.policy() {
            // All come into the small queue. The coldest leave it, and then the rest goes to main in one step.
            Some(PolicyKind::S3Fifo) => {
                if heat < u16::MAX / 10 {
                    0
                } else {
                    2
                }
            }
            _ if self.newest_leaves_first() => 3 - quarter,
            _ => quarter,
        }
    }

    /// Keeps the warmest, which come last, as far as there is room. Returns how many were left out.
    fn leave_out_what_does_not_fit(&self, arrivals: &mut Vec<Arrival<K, V>>) -> u64 {
        let before = arrivals.len();
        let mut room = self.capacity().saturating_sub(self.weight());
        arrivals.reverse();
        arrivals.retain(|arrival| {
            let fits = room.checked_sub(self.weigh(&arrival.key, &arrival.value));
            room = fits.unwrap_or(room);
            fits.is_some()
        });
        arrivals.reverse();
        (before - arrivals.len()) as u64
    }

    fn arrive_one(&self, arrival: Arrival<K, V>, elapsed: u64, hits: u8) -> Arrived {
        let Arrival { key, value, notes } = arrival;
        let (hash, weight) = (self.hash(&key), self.weigh(&key, &value));
        let terms = notes.tags.iter().fold(Terms::new(), |terms, tag| terms.tag(tag.clone()));
        let Ok(pass) = self.pass(Some(&terms), None) else { return Arrived::CrowdedOut };
        let mut departed = self.leaving();
        let (mut place, found) = self.storage.find(hash, &key);
        if self.living(&mut place, found, &mut departed).is_some() {
            return Arrived::Held;
        }
        if place.room(&mut None, weight, &mut false, false, &mut departed).is_err() || !place.is_vacant() {
            return Arrived::CrowdedOut;
        }
        let times = self.times(&notes, elapsed);
        let now = if times == Times::FOREVER { self.ticks() } else { self.now().ticks() };
        let stamps = Stamps { times, tags: pass.mark().0, weight };
        let Ok(slot) = place.insert(Entry { key, value, stamps }, now, &mut departed) else {
            return Arrived::CrowdedOut;
        };
        pass.used();
        // What is saved of another policy says how many would leave before it: the upper half is as in main.
        if !place.set_warmth(slot, notes.warmth.unwrap_or((notes.heat >> 13) as u8)) {
            for _ in 0..hits {
                place.hit(slot);
            }
        }
        if notes.pinned {
            place.set_pinned(slot, true);
        }
        drop(place);
        let evicted = departed.iter().filter(|(_, cause)| *cause == Cause::Size).count() as u64;
        drop(departed);
        self.counters.one(Count::Insertions);
        Arrived::In { evicted }
    }

    /// The deadlines of an entry that had so much left, `elapsed` milliseconds ago.
    fn times(&self, notes: &Notes, elapsed: u64) -> Times {
        if notes.fresh.is_none() && notes.idle.is_none() && notes.refresh.is_none() {
            return Times::FOREVER;
        }
        let now = self.now().ticks();
        let end =
            |left: Option<u64>| left.map_or(Ticks::NEVER, |left| now.plus(left.saturating_sub(elapsed)));
        self.lifetimes.restored(end(notes.fresh), end(notes.idle), end(notes.refresh))
    }
}
