//! What concerns the whole cache: taking out what has expired or is not wanted any more, changing its size.

use crate::{
    Cache, Cause, events,
    listener::FirstPanic,
    storage::{Departed, Place, Slot, Storage},
};

impl<K, V, S> Cache<K, V, S> {
    /// Removes every entry. Loads in flight return their value to their callers but do not keep it. Entries inserted by
    /// other threads meanwhile may or may not be removed. O(n).
    pub fn clear(&self) {
        self.retain(|_, _| false);
    }

    /// Removes the entries of which `keep` says no. Loads in flight return their value to their callers but do not keep
    /// it, for nobody can say yet whether it would have been kept. `keep` runs while a place is locked. It is asked again
    /// about what it has kept if another thread makes the cache smaller meanwhile. O(n).
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.flights.fence_all();
        // A listener or a `Drop` that panics shall not keep the rest in the cache.
        let mut removed = 0;
        let mut panics = FirstPanic::default();
        loop {
            let moves = self.storage.moves_back();
            removed += self.retain_once(&mut keep, &mut panics);
            if self.storage.moves_back() == moves {
                break;
            }
        }
        events::removed(removed);
        panics.resume();
    }

    /// Goes through all places once. Says how many it removed.
    fn retain_once(&self, keep: &mut impl FnMut(&K, &V) -> bool, panics: &mut FirstPanic) -> u64 {
        let mut removed = 0;
        for index in 0..self.storage.places() {
            let mut departed = self.leaving();
            if let Some(mut place) = self.storage.place_at(index) {
                for slot in place.slots() {
                    let doom = if self.storage.kept().any() { self.doom(&place.stamps(slot)) } else { None };
                    let unwanted = || (!keep(place.key(slot), place.value(slot))).then_some(Cause::Explicit);
                    if let Some(cause) = doom.or_else(unwanted) {
                        departed.push(place.take(slot), cause);
                    }
                }
            }
            removed += departed.len() as u64;
            panics.catch(|| drop(departed));
        }
        removed
    }

    /// Looks at up to `entries` entries of each place, going on where the last sweep ended, and removes those that have
    /// expired. Inserts do this by themselves, a few entries each; a cache that is seldom written may want it on a timer.
    pub fn sweep(&self, entries: u32) {
        if !self.storage.kept().any() {
            return;
        }
        for index in 0..self.storage.places() {
            let mut departed = self.leaving();
            if let Some(mut place) = self.storage.place_at(index) {
                let steps = place.sweep_all().min(usize::try_from(entries).unwrap_or(usize::MAX));
                self.sweep_steps(&mut place, steps, None, &mut departed);
            }
            drop(departed);
        }
    }

    /// A newcomer looks at a few entries beside it, but for that at `keep`.
    pub(crate) fn sweep_place(
        &self,
        place: &mut Place<'_, K, V>,
        keep: Option<Slot>,
        departed: &mut Departed<K, V>,
    ) {
        self.sweep_steps(place, place.sweep_steps(), keep, departed);
    }

    fn sweep_steps(
        &self,
        place: &mut Place<'_, K, V>,
        steps: usize,
        keep: Option<Slot>,
        departed: &mut Departed<K, V>,
    ) {
        for step in 0..steps {
            if let Some(slot) = place.sweep(step)
                && Some(slot) != keep
                && let Some(cause) = self.doom(&place.stamps(slot))
            {
                departed.push(place.take(slot), cause);
            }
        }
    }

    /// Now and then a newcomer looks at a set other than its own, one after the other, so that what has expired goes in
    /// sets that nothing comes to as well.
    pub(crate) fn sweep_aside(&self, hash: u64) {
        if self.storage.kept().any()
            && hash & 3 == 0
            && let Storage::Sets(sets) = &self.storage
            && let Some(place) = sets.next_to_sweep()
        {
            let mut departed = self.leaving();
            let mut place = Place::Set(place);
            self.sweep_place(&mut place, None, &mut departed);
            drop(place);
            drop(departed);
        }
    }

    /// Changes the capacity. When this returns, no more is held: if need be not even what is
    /// pinned. Making a cache smaller takes time in proportion to it.
    ///
    /// A cache of [sets](crate::StorageKind::Sets) that is made smaller may let pinned entries go. It keeps the number of its
    /// families: made smaller than a five-hundredth of what it was built for (a thirtieth, if that was a few thousand), it has
    /// fewer slots than families, and refuses the keys of those that have none. For such a change build another cache.
    ///
    /// # Errors
    ///
    /// A cache of sets can grow to at least four times the capacity it was built with, not without end.
    pub fn resize(&self, capacity: u64) -> Result<(), ResizeError> {
        let before = self.capacity();
        let mut departed = self.leaving();
        let resized = self.storage.resize(capacity, &mut departed);
        let evicted = departed.len() as u64;
        drop(departed);
        if !resized {
            return Err(ResizeError { capacity });
        }
        events::resized(before, capacity, evicted);
        Ok(())
    }
}

/// A cache cannot be made as large as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizeError {
    /// The capacity that was asked for.
    pub capacity: u64,
}

impl std::fmt::Display for ResizeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a cache cannot be resized to {} entries: at most to a few times what it was built for; build another",
            self.capacity
        )
    }
}

impl std::error::Error for ResizeError {}
