//! The records of loads in flight, in stripes.

use std::thread;

use hashbrown::{Equivalent, HashTable};

use super::{Flight, FlightId, caller};
use crate::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Entries of capacity to a stripe: a small cache, with one lock for its entries, has one for its loads.
const ENTRIES_PER_STRIPE: u64 = 128;

/// The loads in flight of one cache.
pub(crate) struct Flights<K, V>(Box<[Stripe<K, V>]>);

#[repr(align(64))]
pub(super) struct Stripe<K, V> {
    /// How many records there are: an insert or removal reads this, and nothing more if it is zero.
    ///
    /// Relaxed: a load of a key and what fences it are ordered by the lock of the key's place, and as long as the
    /// record is there no later count is zero.
    count: AtomicUsize,
    records: Mutex<Records<K, V>>,
}

struct Records<K, V> {
    table: HashTable<Record<K, V>>,
    /// How often all was fenced or closed: a load that comes back after [`Flights::finish`] may have missed it.
    changes: u32,
}

struct Record<K, V> {
    hash: u64,
    id: FlightId,
    right: Right,
    /// The value may come with tags.
    may_bring_tags: bool,
    key: K,
    /// Made by the first who waits: most loads are waited for by nobody.
    flight: Option<Arc<Flight<V>>>,
}

/// What a load may still do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    /// Put its value in, and give it to whoever comes.
    Whole,
    /// Put its value in, if the tags that it brings are valid still. A tag was invalidated since the load began, and who
    /// comes now must not be given what may be out of date: the next load of the key takes the rest away.
    Closed,
    /// Neither.
    Fenced,
}

/// What a load leaves when it has ended.
pub(crate) struct Finished<K, V> {
    pub(crate) key: K,
    /// The value must not be kept.
    pub(crate) fenced: bool,
    /// Who waits for the value, if anybody does.
    pub(crate) flight: Option<Arc<Flight<V>>>,
    pub(crate) before: Before,
}

/// What [`Flights::resume`] needs to know of a load that was finished.
#[derive(Clone, Copy)]
pub(crate) struct Before {
    right: Right,
    may_bring_tags: bool,
    changes: u32,
}

impl<K, V> Flights<K, V> {
    /// Enough stripes for a cache of this capacity that threads seldom meet.
    pub(crate) fn new(capacity: u64) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let fitting = usize::try_from(capacity / ENTRIES_PER_STRIPE).unwrap_or(usize::MAX).max(1);
        let stripes = (8 * threads).next_power_of_two().min(1 << fitting.ilog2());
        let stripe = || Stripe {
            count: AtomicUsize::new(0),
            records: Mutex::new(Records { table: HashTable::new(), changes: 0 }),
        };
        Self(std::iter::repeat_with(stripe).take(stripes).collect())
    }

    /// The load of `key` that is in flight, if there is one that was neither fenced nor closed.
    pub(crate) fn join<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> Option<Arc<Flight<V>>> {
        let stripe = self.stripe(hash);
        if stripe.count.load(Relaxed) == 0 {
            return None;
        }
        let mut records = stripe.lock();
        let record = records.table.find_mut(hash, |record| record.is_whole(hash, key))?;
        let flight = record.flight.get_or_insert_with(|| Arc::new(Flight::new(record.id)));
        Some(Arc::clone(flight))
    }

    /// Whether a load of `key` is in flight that could be joined.
    pub(crate) fn is_loading<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> bool {
        let stripe = self.stripe(hash);
        stripe.count.load(Relaxed) > 0
            && stripe.lock().table.find(hash, |record| record.is_whole(hash, key)).is_some()
    }

    /// Starts the load of a `key` that no load in flight could be joined for.
    pub(crate) fn start(&self, hash: u64, key: K, may_bring_tags: bool) -> FlightId
    where
        K: Eq,
    {
        let id = caller::next_id();
        let record = Record { hash, id, right: Right::Whole, may_bring_tags, key, flight: None };
        let stripe = self.stripe(hash);
        if stripe.count.load(Relaxed) > 0 {
            self.fence(hash, &record.key);
        }
        stripe.add(record);
        id
    }

    /// Ends the load `id`. `None` if it has ended already.
    ///
    /// Called under the lock of the key's place if the value is to be put in, which must have happened, or been undone
    /// by [`resume`](Self::resume), when that lock is released.
    pub(crate) fn finish(&self, hash: u64, id: FlightId) -> Option<Finished<K, V>> {
        let stripe = self.stripe(hash);
        let mut records = stripe.lock();
        let (record, _) = records.table.find_entry(hash, |record| record.id == id).ok()?.remove();
        stripe.count.store(records.table.len(), Relaxed);
        let Record { right, may_bring_tags, key, flight, .. } = record;
        let before = Before { right, may_bring_tags, changes: records.changes };
        Some(Finished { key, fenced: right == Right::Fenced, flight, before })
    }

    /// Takes back a [`finish`](Self::finish): the load goes on for a while. Under the same hold of the place's lock.
    pub(crate) fn resume(
        &self,
        hash: u64,
        id: FlightId,
        key: K,
        flight: Option<Arc<Flight<V>>>,
        before: Before,
    ) {
        let Before { right, may_bring_tags, changes } = before;
        let stripe = self.stripe(hash);
        let right = if stripe.lock().changes == changes { right } else { Right::Fenced };
        stripe.add(Record { hash, id, right, may_bring_tags, key, flight });
    }

    /// Takes the right to put its value in from the load of `key`, if one is in flight. One read if nothing is.
    #[inline]
    pub(crate) fn fence<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) {
        if self.stripe(hash).count.load(Relaxed) != 0 {
            self.fence_record(hash, key);
        }
    }

    #[cold]
    fn fence_record<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) {
        let stripe = self.stripe(hash);
        if let Some(record) = stripe.lock().table.find_mut(hash, |record| record.is_load_of(hash, key)) {
            record.right = Right::Fenced;
        }
    }

    /// Fences every load that started before this returns. To be called *before* what is to be invalidated is taken out
    /// or marked: a load that ended just before is then taken out with the rest, and one that ends later is not kept.
    pub(crate) fn fence_all(&self) {
        self.change_all(|record| record.right = Right::Fenced);
    }

    /// Lets nobody join a load any more that may bring tags and started before this returns. To be called *after* a tag was
    /// invalidated: who comes later is to have a value that was begun later.
    pub(crate) fn close_tagged(&self) {
        self.change_all(|record| {
            if record.may_bring_tags && record.right == Right::Whole {
                record.right = Right::Closed;
            }
        });
    }

    fn change_all(&self, change: impl Fn(&mut Record<K, V>)) {
        for stripe in &self.0 {
            // Locked whatever the count: it is the lock that orders this with a load just about to start.
            let mut records = stripe.lock();
            records.changes = records.changes.wrapping_add(1);
            records.table.iter_mut().for_each(&change);
        }
    }

    /// How many loads are in flight.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|stripe| stripe.lock().table.len()).sum()
    }

    fn stripe(&self, hash: u64) -> &Stripe<K, V> {
        // By bits that tables, shards and sets use last.
        let index = (hash >> 24) as usize & (self.0.len() - 1);
        &self.0[index]
    }
}

impl<K, V> Stripe<K, V> {
    fn lock(&self) -> MutexGuard<'_, Records<K, V>> {
        // `Equivalent` may panic, but not while the table is being changed.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, record: Record<K, V>) {
        let mut records = self.lock();
        records.table.insert_unique(record.hash, record, |record| record.hash);
        self.count.store(records.table.len(), Relaxed);
    }
}

impl<K, V> Record<K, V> {
    fn is_load_of<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> bool {
        self.hash == hash && self.right != Right::Fenced && key.equivalent(&self.key)
    }

    /// As [`is_load_of`](Self::is_load_of), and may be joined.
    fn is_whole<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> bool {
        self.hash == hash && self.right == Right::Whole && key.equivalent(&self.key)
    }
}
