//! Loads in flight: one loader per key, however many callers.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use hashbrown::{Equivalent, HashTable};

/// The loads in flight of one shard. A record here is the load's right to put its value into the cache: whoever
/// writes, removes or clears the key takes the record away, and the value, stale by then, is not kept.
pub(crate) struct Flights<K, V>(HashTable<Record<K, V>>);

struct Record<K, V> {
    hash: u64,
    key: K,
    flight: Arc<Flight<V>>,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<K, V> Flights<K, V> {
    /// Joins the load of `key` that is in flight, if there is one.
    pub(crate) fn join<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> Option<Arc<Flight<V>>> {
        let record = self.0.find(hash, |record| record.hash == hash && key.equivalent(&record.key))?;
        Some(Arc::clone(&record.flight))
    }

    /// Starts the load of a `key` that is not in flight.
    pub(crate) fn start(&mut self, hash: u64, key: K) -> Arc<Flight<V>> {
        let flight = Arc::new(Flight::new());
        let record = Record { hash, key, flight: Arc::clone(&flight) };
        self.0.insert_unique(hash, record, |record| record.hash);
        flight
    }

    /// The key of a load that was not fenced off.
    pub(crate) fn key(&self, hash: u64, flight: &Arc<Flight<V>>) -> Option<&K> {
        self.0.find(hash, |record| Arc::ptr_eq(&record.flight, flight)).map(|record| &record.key)
    }

    /// Ends a load. `Some(key)` if its value may be kept, `None` if it was fenced off meanwhile.
    pub(crate) fn finish(&mut self, hash: u64, flight: &Arc<Flight<V>>) -> Option<K> {
        let record = self.0.find_entry(hash, |record| Arc::ptr_eq(&record.flight, flight)).ok()?;
        Some(record.remove().0.key)
    }

    /// Takes the right to put its value in from the load of `key`, if one is in flight.
    pub(crate) fn fence<Q: Equivalent<K> + ?Sized>(&mut self, hash: u64, key: &Q) {
        if self.0.is_empty() {
            return;
        }
        if let Ok(record) =
            self.0.find_entry(hash, |record| record.hash == hash && key.equivalent(&record.key))
        {
            record.remove();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// One load: the caller that runs it lands it, the others wait.
pub(crate) struct Flight<V> {
    state: Mutex<State<V>>,
    landed: Condvar,
}

enum State<V> {
    Loading,
    Landed(V),
    /// The loader failed or panicked: whoever waits must see for itself.
    Abandoned,
}

impl<V> Flight<V> {
    const fn new() -> Self {
        Self { state: Mutex::new(State::Loading), landed: Condvar::new() }
    }

    /// Ends the load with its value, or with none, and wakes all who wait. A load ends once: later calls do nothing.
    pub(crate) fn land(&self, value: Option<V>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Loading) {
            *state = value.map_or(State::Abandoned, State::Landed);
            self.landed.notify_all();
        }
    }
}

impl<V: Clone> Flight<V> {
    /// Waits for the load to end. `None` if it ended without a value.
    pub(crate) fn wait(&self) -> Option<V> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let loading = |state: &mut State<V>| matches!(state, State::Loading);
        let state = self.landed.wait_while(state, loading).unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Landed(value) => Some(value.clone()),
            _ => None,
        }
    }
}
