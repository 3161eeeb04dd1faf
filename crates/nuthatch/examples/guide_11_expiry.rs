//! Step 11 of docs/guide: entries that go out of date, and a thread that clears them away. (One shard, to be short.)
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{collections::HashMap, hash::Hash, mem, thread};

/// Milliseconds since the clock was made.
type Ticks = u64;

/// Time is passed in, so that a test can move it.
enum Clock {
    System(Instant),
    Manual(Mutex<Ticks>),
}

impl Clock {
    fn now(&self) -> Ticks {
        match self {
            Self::System(start) => Ticks::try_from(start.elapsed().as_millis()).unwrap_or(Ticks::MAX),
            Self::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn advance(&self, ticks: Ticks) {
        if let Self::Manual(now) = self {
            *now.lock().unwrap_or_else(PoisonError::into_inner) += ticks;
        }
    }
}

struct Slot<K, V> {
    key: K,
    value: V,
    marked: bool,
    expires: Ticks,
}

struct Store<K, V> {
    index: HashMap<K, usize>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
    broom: usize,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// The value of `key`, if it is not out of date at `now`. If it is, the entry goes to `left`.
    fn get(&mut self, key: &K, now: Ticks, left: &mut Vec<Slot<K, V>>) -> Option<&V> {
        let slot = *self.index.get(key)?;
        if self.slots[slot].expires <= now {
            left.push(self.take(slot));
            return None;
        }
        self.slots[slot].marked = true;
        Some(&self.slots[slot].value)
    }

    /// Looks at `count` slots, going on where it stopped last time.
    fn sweep(&mut self, count: usize, now: Ticks, left: &mut Vec<Slot<K, V>>) {
        for _ in 0..count.min(self.slots.len()) {
            self.broom = if self.broom < self.slots.len() { self.broom } else { 0 };
            if self.slots[self.broom].expires <= now {
                left.push(self.take(self.broom)); // another slot takes its place: look there next
            } else {
                self.broom += 1;
            }
        }
    }

    fn put(&mut self, new: Slot<K, V>, left: &mut Vec<Slot<K, V>>) {
        match self.index.get(&new.key) {
            Some(&slot) => left.push(self.take(slot)),
            None if self.slots.len() == self.capacity => left.push(self.evict()),
            None => {}
        }
        self.index.insert(new.key.clone(), self.slots.len());
        self.slots.push(new);
    }

    fn evict(&mut self) -> Slot<K, V> {
        self.hand %= self.slots.len();
        while mem::take(&mut self.slots[self.hand].marked) {
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

type Listener<K, V> = dyn Fn(&K, &V) + Send + Sync;

struct Cache<K, V> {
    store: Mutex<Store<K, V>>,
    time_to_live: Ticks,
    clock: Clock,
    listener: Box<Listener<K, V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn lock(&self) -> MutexGuard<'_, Store<K, V>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never a value that is out of date, whether or not anyone swept.
    fn get(&self, key: &K) -> Option<V> {
        let mut left = Vec::new();
        let value = self.lock().get(key, self.clock.now(), &mut left).cloned();
        self.tell(left);
        value
    }

    fn insert(&self, key: K, value: V) {
        let mut left = Vec::new();
        let now = self.clock.now();
        let mut store = self.lock();
        store.sweep(2, now, &mut left); // one comes in, two are looked at: the dead cannot pile up
        store.put(Slot { key, value, marked: false, expires: now + self.time_to_live }, &mut left);
        drop(store);
        self.tell(left);
    }

    fn sweep(&self) {
        let mut left = Vec::new();
        self.lock().sweep(usize::MAX, self.clock.now(), &mut left);
        self.tell(left);
    }

    fn tell(&self, left: Vec<Slot<K, V>>) {
        left.iter().for_each(|slot| (self.listener)(&slot.key, &slot.value));
    }
}

/// Sweeps a cache now and then, for as long as this and the cache live.
struct Janitor {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Janitor {
    fn start<K, V>(cache: &Arc<Cache<K, V>>, period: Duration) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
        V: Clone + Send + 'static,
    {
        let (stop, stopped) = mpsc::channel();
        let cache = Arc::downgrade(cache); // an `Arc` would keep the cache alive for ever
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(period) == Err(mpsc::RecvTimeoutError::Timeout) {
                let Some(cache) = cache.upgrade() else { return };
                cache.sweep();
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.stop.take()); // wakes the thread: its channel has no sender any more
        let ended = self.thread.take().map(thread::JoinHandle::join);
        drop(ended); // a panic of the listener ended the thread early; it must not end ours
    }
}

fn cache(clock: Clock, listener: impl Fn(&u32, &String) + Send + Sync + 'static) -> Cache<u32, String> {
    let store = Store { index: HashMap::new(), slots: Vec::new(), hand: 0, broom: 0, capacity: 100 };
    Cache { store: Mutex::new(store), time_to_live: 50, clock, listener: Box::new(listener) }
}

fn main() {
    // A test moves the clock itself and waits for nothing.
    let pages = cache(Clock::Manual(Mutex::new(0)), |_, _| {});
    (0..10).for_each(|key| pages.insert(key, format!("page {key}")));
    pages.clock.advance(49);
    assert_eq!(pages.get(&1).as_deref(), Some("page 1"));
    pages.clock.advance(1);
    assert_eq!(pages.get(&1), None);
    assert_eq!(pages.lock().slots.len(), 9, "nine are out of date and still take room");
    (0..9).for_each(|key| pages.insert(100 + key, "new".to_owned()));
    assert_eq!(pages.lock().slots.len(), 9, "nine came, and the two looks of each found all that were dead");

    // With a janitor, what nobody asks for goes too. The channel says when, so there is nothing to sleep for.
    let (sender, left) = mpsc::channel();
    let pages = Arc::new(cache(Clock::System(Instant::now()), move |&key, _| {
        let _ = sender.send(key);
    }));
    let janitor = Janitor::start(&pages, Duration::from_millis(5));
    pages.insert(7, "soon gone".to_owned());
    assert_eq!(left.recv_timeout(Duration::from_secs(60)), Ok(7));
    drop(janitor); // returns when the thread has ended
    assert_eq!(Arc::strong_count(&pages), 1);

    println!("7 left by itself");
}
