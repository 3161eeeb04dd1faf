//! Looking up without a latch: copy first, then see whether anybody wrote meanwhile.
#![expect(unsafe_code, reason = "copies of pairs that may be written at the same time")]

use hashbrown::Equivalent;
use nuthatch_policy::sets::{Geometry, Home};

use crate::storage::{
    Busy, Look, Stamps,
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
    /// Looks at the entry of `key` where most keys are found, and nothing is kept beside entries. To be called only if
    /// [`reads_are_plain`](crate::storage::Kept::reads_are_plain). `count`: it is a hit.
    ///
    /// Straight on: what it would have to wait for, or look at twice, is [`Glance::Unclear`].
    #[inline]
    pub(crate) fn glance<Q>(&self, hash: u64, key: &Q, count: bool) -> Glance<V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let home = self.geometry.home(hash);
        let mask = self.mask(home.family);
        let Some(set) = self.set(home.family, Geometry::plane_masked(home.tag, mask)) else {
            return Glance::Unclear;
        };
        let header = set.header();
        // Most likely the line that the header will point to: asked for at once, not one after the other.
        set.prefetch_pair(Geometry::favourite(home.tag));
        let version = header.latch.version_at_once();
        let matching = header.matching(home.tag);
        if matching != 0 {
            let way = matching.trailing_zeros() as usize;
            // SAFETY: reads are plain, so they race: pairs are `Copy` and written by single stores.
            let copy = unsafe { set.racing_copy(way) };
            if !header.latch.is_still(version) {
                return Glance::Unclear;
            }
            // SAFETY: the tag says that the way was occupied, and nobody wrote since: the copy is a whole pair.
            let pair = unsafe { copy.assume_init() };
            // Who finds an entry that came with a time of its own finds reads plain no more. Another key of the same tag is
            // met once in thousands of look-ups.
            if !key.equivalent(&pair.key) || !self.kept.reads_are_plain() {
                return Glance::Unclear;
            }
            if count {
                header.hit(way);
            }
            return Glance::Hit(pair.value);
        }
        // Nobody wrote, none of this home is elsewhere, and the set is still its home.
        if header.overflows() || !header.latch.is_still(version) || self.mask(home.family) != mask {
            return Glance::Unclear;
        }
        Glance::Miss
    }

    /// Lets `read` see the value of `key`, whose entry has neither deadlines nor tags, under the latch of its set.
    #[inline]
    pub(crate) fn look<Q>(&self, hash: u64, key: &Q, count: bool, read: impl FnOnce(&V)) -> Look
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut place = self.lock(hash);
        let mut waited = 0;
        loop {
            if self.kept.any() {
                return Look::Ask;
            }
            match place.seek(key) {
                Ok(Some(slot)) => {
                    if count {
                        place.hit(slot);
                    }
                    read(place.value(slot));
                    return Look::Hit;
                }
                Ok(None) => return Look::Miss,
                Err(Busy) => {
                    drop(place);
                    wait(&mut waited);
                    place = self.lock(hash);
                }
            }
        }
    }

    /// As [`glance`](Self::glance), wherever the key is, whoever writes, and whatever is kept: `serves` is asked if anything
    /// is. To be called only if [`reads_race`](Self::reads_race).
    pub(crate) fn glance_twice<Q>(
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
        loop {
            let mask = self.mask(home.family);
            match self.search(home, mask, key, count, serves) {
                Search::Found(pair) => return Glance::Hit(pair.value),
                Search::Doubtful => return Glance::Unclear,
                Search::Absent { overflows } => {
                    if overflows && let Some(mirror) = self.geometry.mirror(home) {
                        let other_mask = self.mask(mirror.family);
                        match self.search(mirror, other_mask, key, count, serves) {
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

    fn search<Q>(
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
                let stamps = self.columns.stamps(cell, header.era());
                if !header.latch.is_still(version) {
                    continue 'again;
                }
                // SAFETY: the tag says that the way was occupied, and nobody wrote since: the copy is a whole pair.
                let pair = unsafe { copy.assume_init() };
                if key.equivalent(&pair.key) {
                    if !serves(&stamps) {
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
