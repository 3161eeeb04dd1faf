//! The protocol in small: sets of two ways, one family of one or two sets, one set as the other set of all keys.

use loom::{
    sync::atomic::{
        AtomicU8, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    thread,
};

use crate::header::Header;

const WAYS: usize = 2;

/// A key; its number tells its plane, the tag is the same for all keys of a plane, so that only keys tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) u64);

impl Key {
    const fn plane(self, level: u8) -> usize {
        (self.0 & 1) as usize & ((1 << level) - 1)
    }

    const fn tag(self) -> u16 {
        2 + (self.0 & 1) as u16
    }

    /// What is always written with it.
    pub(crate) fn belongs(self, value: u64) -> bool {
        value / 100 == self.0
    }
}

pub(crate) const fn value(key: Key, version: u64) -> u64 {
    key.0 * 100 + version
}

/// A set as in `set.rs`; a pair is two words, each stored and loaded on its own.
#[derive(Default)]
pub(crate) struct Set {
    pub(crate) header: Header,
    pairs: [[AtomicU64; 2]; WAYS],
}

impl Set {
    /// As `Sets::search`.
    fn search(&self, key: Key) -> Result<u64, bool> {
        'again: loop {
            let version = self.header.latch.version();
            let mut matching = self.header.matching(key.tag());
            while matching != 0 {
                let way = matching.trailing_zeros() as usize;
                let copy = self.pairs[way].each_ref().map(|word| word.load(Relaxed));
                if !self.header.latch.is_still(version) {
                    continue 'again;
                }
                if copy[0] == key.0 {
                    return Ok(copy[1]);
                }
                matching &= matching - 1;
            }
            let overflows = self.header.overflows();
            if self.header.latch.is_still(version) {
                return Err(overflows);
            }
        }
    }

    /// The rest runs under the latch.
    fn find(&self, key: Key) -> Option<usize> {
        (0..WAYS).find(|way| self.header.tag(*way) == key.tag() && self.pairs[*way][0].load(Relaxed) == key.0)
    }

    fn free(&self) -> Option<usize> {
        (0..WAYS).find(|way| self.header.tag(*way) == 0)
    }

    fn put(&self, way: usize, key: Key, value: u64, displaced: bool) {
        self.pairs[way][0].store(key.0, Relaxed);
        self.pairs[way][1].store(value, Relaxed);
        self.header.set_displaced(way, displaced);
        self.header.set_tag(way, key.tag());
    }

    fn key(&self, way: usize) -> Key {
        Key(self.pairs[way][0].load(Relaxed))
    }

    fn displaced(&self, way: usize) -> bool {
        self.header.displaced() & (1 << way) != 0
    }
}

/// One family, and the set that its keys go to when theirs is full.
pub(crate) struct Sets {
    level: AtomicU8,
    pub(crate) planes: [Set; 2],
    other: Set,
}

impl Sets {
    pub(crate) fn new() -> Self {
        Self { level: AtomicU8::new(0), planes: Default::default(), other: Set::default() }
    }

    pub(crate) fn level(&self) -> u8 {
        self.level.load(Acquire)
    }

    /// As `Sets::glance`. `None`: it cannot say.
    fn glance(&self, key: Key) -> Option<Option<u64>> {
        let level = self.level();
        let set = &self.planes[key.plane(level)];
        let version = set.header.latch.version_at_once();
        let matching = set.header.matching(key.tag());
        if matching != 0 {
            let copy =
                set.pairs[matching.trailing_zeros() as usize].each_ref().map(|word| word.load(Relaxed));
            return (set.header.latch.is_still(version) && copy[0] == key.0).then_some(Some(copy[1]));
        }
        let unclear = set.header.overflows() || !set.header.latch.is_still(version) || self.level() != level;
        (!unclear).then_some(None)
    }

    /// At a glance, or as `Sets::glance_twice`.
    pub(crate) fn get(&self, key: Key) -> Option<u64> {
        if let Some(found) = self.glance(key) {
            return found;
        }
        loop {
            let level = self.level();
            match self.planes[key.plane(level)].search(key) {
                Ok(value) => return Some(value),
                Err(true) => {
                    if let Ok(value) = self.other.search(key) {
                        return Some(value);
                    }
                }
                Err(false) => {}
            }
            if self.level() == level {
                return None;
            }
        }
    }

    /// As `Sets::lock`.
    fn lock(&self, key: Key) -> &Set {
        loop {
            let level = self.level();
            let set = &self.planes[key.plane(level)];
            set.header.latch.lock();
            if self.level() == level {
                return set;
            }
            set.header.latch.unlock(false);
        }
    }

    /// Locks the home of a key, and the other set if it is there; looks until it can.
    fn find<R>(&self, key: Key, then: impl FnOnce(&Set, Option<(&Set, usize)>) -> R) -> R {
        loop {
            let home = self.lock(key);
            if let Some(way) = home.find(key) {
                let result = then(home, Some((home, way)));
                home.header.latch.unlock(true);
                return result;
            }
            if !home.header.overflows() {
                let result = then(home, None);
                home.header.latch.unlock(true);
                return result;
            }
            if self.other.header.latch.try_lock() {
                let way = self.other.find(key);
                let result = then(home, way.map(|way| (&self.other, way)));
                self.other.header.latch.unlock(true);
                home.header.latch.unlock(true);
                return result;
            }
            home.header.latch.unlock(false);
            thread::yield_now();
        }
    }

    /// Replaces, or inserts where there is room, in place of the first if there is none.
    pub(crate) fn insert(&self, key: Key, value: u64) {
        self.find(key, |home, found| match found {
            Some((set, way)) => set.pairs[way][1].store(value, Relaxed),
            None => {
                let way = home.free().unwrap_or_else(|| {
                    self.take(home, 0);
                    0
                });
                home.put(way, key, value, false);
            }
        });
    }

    /// Inserts a key that is not held into the other set.
    pub(crate) fn displace(&self, key: Key, value: u64) {
        let home = self.lock(key);
        if self.other.header.latch.try_lock() {
            if let Some(way) = self.other.free() {
                home.header.overflow();
                self.other.put(way, key, value, true);
            }
            self.other.header.latch.unlock(true);
        }
        home.header.latch.unlock(true);
    }

    pub(crate) fn remove(&self, key: Key) {
        self.find(key, |_, found| found.into_iter().for_each(|(set, way)| self.take(set, way)));
    }

    /// As an eviction by somebody else's insert: by who has the latch of the other set only.
    pub(crate) fn evict_displaced(&self, key: Key) {
        self.other.header.latch.lock();
        if let Some(way) = self.other.find(key) {
            self.take(&self.other, way);
        }
        self.other.header.latch.unlock(true);
    }

    /// As `Held::take`: an entry away from home tells it.
    fn take(&self, set: &Set, way: usize) {
        let key = set.key(way);
        set.header.set_tag(way, 0);
        if set.displaced(way) {
            set.header.set_displaced(way, false);
            self.planes[key.plane(self.level())].header.return_overflow();
        }
    }

    /// As `Sets::grow` by who holds nothing yet.
    pub(crate) fn grow(&self) {
        let [lower, upper] = &self.planes;
        lower.header.latch.lock();
        if self.level() == 0 {
            upper.header.latch.lock();
            upper.header.inherit_overflow(&lower.header);
            for way in 0..WAYS {
                if lower.header.tag(way) != 0 && lower.key(way).plane(1) == 1 {
                    let (key, value) = (lower.key(way), lower.pairs[way][1].load(Relaxed));
                    upper.put(upper.free().unwrap(), key, value, lower.displaced(way));
                    lower.header.set_tag(way, 0);
                }
            }
            self.level.store(1, Release);
            upper.header.latch.unlock(true);
        }
        lower.header.latch.unlock(true);
    }

    /// How often a key is held, when nobody is at work.
    pub(crate) fn held(&self, key: Key) -> usize {
        let sets = [&self.planes[0], &self.planes[1], &self.other];
        let ways = sets.into_iter().flat_map(|set| (0..WAYS).map(move |way| (set, way)));
        ways.filter(|(set, way)| set.header.tag(*way) == key.tag() && set.key(*way) == key).count()
    }
}
