//! Looking up without a latch: copy first, then see whether anybody wrote meanwhile.
#![expect(unsafe_code, reason = "copies of pairs that may be written at the same time")]

use hashbrown::Equivalent;
use nuthatch_policy::sets::{Geometry, Home};

use crate::storage::{
    Busy, Stamps,
    latch::wait,
    sets::{Cell, Set, Sets, layout::Pair},
};

/// What a look without a latch has shown.
pub(crate) enum Glance<V> {
    /// A copy of the value, of a moment at which it was held.
    Hit(V),
    Miss,
    /// It takes a lock to say.
    Unclear,
}

enum Search<K, V> {
    Found(Pair<K, V>),
    /// Its time may have come.
    Doubtful,
    Absent {
        overflows: bool,
    },
}

impl<K, V> Sets<K, V> {
    /// Looks at the entry of `key`. To be called only if [`reads_race`](Self::reads_race). `count`: it is a hit. `serves` is
    /// asked if anything is kept beside entries.
    #[inline]
    pub(crate) fn glance<Q>(
        &self,
        hash: u64,
        key: &Q,
        count: bool,
        serves: impl Fn(&Stamps) -> bool + Copy,
    ) -> Glance<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let home = self.geometry.home(hash);
        if self.kept.any() {
            return self.glance_twice(home, key, count, serves);
        }
        let mask = self.mask(home.family);
        match self.search::<false, Q>(home, mask, key, count, serves) {
            // Who finds an entry that came with a time of its own finds this changed.
            Search::Found(_) if self.kept.any() => Glance::Unclear,
            Search::Found(pair) => Glance::Hit(pair.value),
            Search::Doubtful => Glance::Unclear,
            // Did the family grow while we looked at the set that was its home?
            Search::Absent { overflows: false } if self.mask(home.family) == mask => Glance::Miss,
            Search::Absent { .. } => self.glance_twice(home, key, count, serves),
        }
    }

    /// What `read` makes of the value of `key`, under the latch of its set. Gives `read` back if something is kept beside
    /// entries, which is to be asked first.
    #[inline]
    pub(crate) fn look<Q, R, F>(&self, hash: u64, key: &Q, count: bool, read: F) -> Result<Option<R>, F>
    where
        Q: Equivalent<K> + ?Sized,
        F: FnOnce(&V) -> R,
    {
        let mut place = self.lock(hash);
        let mut waited = 0;
        loop {
            if self.kept.any() {
                return Err(read);
            }
            match place.seek(key) {
                Ok(Some(slot)) => {
                    if count {
                        place.hit(slot);
                    }
                    return Ok(Some(read(place.value(slot))));
                }
                Ok(None) => return Ok(None),
                Err(Busy) => {
                    drop(place);
                    wait(&mut waited);
                    place = self.lock(hash);
                }
            }
        }
    }

    /// As [`glance`](Self::glance), for a key that may be in its other set, or whose family grows just now, or that may
    /// have a time of its own.
    #[inline(never)]
    fn glance_twice<Q>(
        &self,
        home: Home,
        key: &Q,
        count: bool,
        serves: impl Fn(&Stamps) -> bool + Copy,
    ) -> Glance<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        loop {
            let mask = self.mask(home.family);
            match self.search::<true, Q>(home, mask, key, count, serves) {
                Search::Found(pair) => return Glance::Hit(pair.value),
                Search::Doubtful => return Glance::Unclear,
                Search::Absent { overflows } => {
                    if overflows && let Some(mirror) = self.geometry.mirror(home) {
                        let other_mask = self.mask(mirror.family);
                        match self.search::<true, Q>(mirror, other_mask, key, count, serves) {
                            Search::Found(pair) => return Glance::Hit(pair.value),
                            Search::Doubtful => return Glance::Unclear,
                            Search::Absent { .. } if self.mask(mirror.family) != other_mask => continue,
                            Search::Absent { .. } => {}
                        }
                    }
                    if self.mask(home.family) == mask {
                        return Glance::Miss;
                    }
                }
            }
        }
    }

    /// Asks for the header that a look at the key of `hash` begins with.
    #[inline]
    pub(crate) fn prefetch_header(&self, hash: u64) {
        if let Some(set) = self.home_of(hash) {
            set.prefetch_header();
        }
    }

    /// Asks for the entry that such a look finds, as far as the header tells.
    #[inline]
    pub(crate) fn prefetch_entry(&self, hash: u64) {
        if let Some(set) = self.home_of(hash) {
            let matching = set.header().matching(self.geometry.home(hash).tag);
            if matching != 0 {
                set.prefetch_pair(matching.trailing_zeros() as usize);
            }
        }
    }

    #[inline]
    fn home_of(&self, hash: u64) -> Option<Set<'_, K, V>> {
        let home = self.geometry.home(hash);
        self.set(home.family, Geometry::plane_masked(home.tag, self.mask(home.family)))
    }

    /// `KEPT`: what is kept beside the entry matters.
    #[inline]
    fn search<const KEPT: bool, Q>(
        &self,
        home: Home,
        mask: u8,
        key: &Q,
        count: bool,
        serves: impl Fn(&Stamps) -> bool,
    ) -> Search<K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let plane = Geometry::plane_masked(home.tag, mask);
        let Some(set) = self.set(home.family, plane) else { return Search::Absent { overflows: false } };
        let header = set.header();
        'again: loop {
            let version = header.latch.version();
            let mut matching = header.matching(home.tag);
            while matching != 0 {
                let way = matching.trailing_zeros() as usize;
                // SAFETY: `reads_race`: pairs are `Copy` and written by single stores.
                let copy = unsafe { set.racing_copy(way) };
                let cell = Cell { family: home.family, plane, way };
                let stamps = KEPT.then(|| self.columns.stamps(cell, header.era()));
                if !header.latch.is_still(version) {
                    continue 'again;
                }
                // SAFETY: the tag says that the way was occupied, and nobody wrote since: the copy is a whole pair.
                let pair = unsafe { copy.assume_init() };
                if key.equivalent(&pair.key) {
                    if stamps.is_some_and(|stamps| !serves(&stamps)) {
                        return Search::Doubtful;
                    }
                    if count {
                        header.hit(way);
                    }
                    return Search::Found(pair);
                }
                matching &= matching - 1;
            }
            let overflows = header.overflows();
            if header.latch.is_still(version) {
                return Search::Absent { overflows };
            }
        }
    }
}
