//! Step 7 of docs/guide: readers side by side, and values that are shared rather than copied.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem, thread, time::Instant};

struct Slot<K, V> {
    key: K,
    value: V,
    marked: AtomicBool,
}

struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// Marks through `&self`: many readers may be here at once. A mark that is set already is not set again.
    fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = self.slots.get(*self.index.get(key)?)?;
        if !slot.marked.load(Relaxed) {
            slot.marked.store(true, Relaxed);
        }
        Some(&slot.value)
    }

    /// Takes the entry in and hands out the one that left for it: the old one of this key, or the hand's victim.
    fn put(&mut self, key: K, value: V) -> Option<Slot<K, V>> {
        let left = match self.index.get(&key) {
            Some(&slot) => Some(self.take(slot)),
            None => (self.slots.len() == self.capacity).then(|| self.evict()),
        };
        self.index.insert(key.clone(), self.slots.len());
        self.slots.push(Slot { key, value, marked: AtomicBool::new(false) });
        left
    }

    fn evict(&mut self) -> Slot<K, V> {
        self.hand %= self.slots.len();
        while mem::take(self.slots[self.hand].marked.get_mut()) {
            self.hand = (self.hand + 1) % self.slots.len();
        }
        self.hand += 1; // the last entry moves into the gap: it is behind the hand now, and has a lap before it
        self.take(self.hand - 1)
    }

    fn take(&mut self, slot: usize) -> Slot<K, V> {
        let gone = self.slots.swap_remove(slot);
        self.index.remove(&gone.key);
        if let Some(moved) = self.slots.get(slot).and_then(|moved| self.index.get_mut(&moved.key)) {
            *moved = slot;
        }
        gone
    }
}

struct Cache<K, V> {
    store: RwLock<Store<K, V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache of nothing");
        let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, capacity };
        Self { store: RwLock::new(store) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Store<K, V>> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Store<K, V>> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.read().get(key).cloned()
    }

    fn get_or_insert_with(&self, key: K, load: impl FnOnce(&K) -> V) -> V {
        if let Some(value) = self.get(&key) {
            return value; // the read lock is gone: a lock cannot be turned from read to write
        }
        let value = load(&key);
        let mut store = self.write();
        // Another thread may have loaded it since we looked. All shall share what came first.
        if let Some(first) = store.get(&key).cloned() {
            return first;
        }
        let left = store.put(key, value.clone());
        drop(store);
        drop(left); // after the lock
        value
    }
}

/// Nanoseconds per call when two threads call `read` at the same time.
fn ns_per_read(read: impl Fn() + Sync) -> f64 {
    const READS: u32 = 200_000;
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..READS).for_each(|_| read()));
        }
    });
    start.elapsed().as_nanos() as f64 / f64::from(2 * READS)
}

fn main() {
    let pages: Arc<Cache<String, Arc<str>>> = Arc::new(Cache::new(100));

    // An `Arc` for each thread: the cache lives until the last of them is done.
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let pages = Arc::clone(&pages);
            thread::spawn(move || {
                pages.get_or_insert_with("/".into(), |_| format!("made by {thread}").into())
            })
        })
        .collect();
    let all: Vec<Arc<str>> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|page| Arc::ptr_eq(page, &all[0])), "one page, however many made it");
    assert_eq!(Arc::strong_count(&pages), 1);

    // Readers do not exclude each other, yet each writes to the lock to say that it is there.
    let mutex = Mutex::new(1_u64);
    let rwlock = RwLock::new(1_u64);
    let with_mutex = ns_per_read(|| assert_eq!(*mutex.lock().unwrap_or_else(PoisonError::into_inner), 1));
    let with_rwlock = ns_per_read(|| assert_eq!(*rwlock.read().unwrap_or_else(PoisonError::into_inner), 1));
    println!("two readers, ns per read: mutex {with_mutex:.0}, read lock {with_rwlock:.0}");
}
