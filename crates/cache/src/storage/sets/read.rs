//! Looking up without a latch: copy first, then see whether anybody wrote meanwhile.
#![expect(unsafe_code, reason = "copies of pairs that may be written at the same time")]

use hashbrown::Equivalent;
use nuthatch_policy::sets::{Geometry, Home};

use crate::storage::{
    Stamps,
    sets::{Cell, Set, Sets, layout::Pair},
};

/// A copy of an entry, of a moment at which it was held.
pub(crate) struct Copied<V> {
    pub(crate) value: V,
    pub(crate) stamps: Stamps,
}

enum Search<K, V> {
    Found(Pair<K, V>, Stamps, usize),
    Absent { overflows: bool },
}

impl<K, V> Sets<K, V> {
    /// A copy of the entry of `key`. To be called only if [`reads_race`](Self::reads_race). `count`: it is a hit.
    #[inline]
    pub(crate) fn copy<Q>(&self, hash: u64, key: &Q, count: bool) -> Option<Copied<V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let home = self.geometry.home(hash);
        loop {
            let level = self.level(home.family);
            let plane = Geometry::plane(home.tag, level);
            let set = self.set(home.family, plane)?;
            match self.search(set, home, plane, key) {
                Search::Found(pair, stamps, way) => {
                    return Some(found(set, pair, stamps, way, count));
                }
                Search::Absent { overflows: true } => {
                    if let Some(copied) = self.copy_from_mirror(home, level, key, count) {
                        return copied;
                    }
                    continue;
                }
                Search::Absent { overflows: false } => {}
            }
            // Did the family grow while we looked at the set that was its home?
            if self.level(home.family) == level {
                return None;
            }
        }
    }

    /// The same for the other set of the key. `None`: a family grew meanwhile, all has to be looked at again.
    #[inline(never)]
    fn copy_from_mirror<Q>(
        &self,
        home: Home,
        home_level: u8,
        key: &Q,
        count: bool,
    ) -> Option<Option<Copied<V>>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let Some(mirror) = self.geometry.mirror(home) else { return Some(None) };
        let level = self.level(mirror.family);
        let plane = Geometry::plane(mirror.tag, level);
        let set = self.set(mirror.family, plane)?;
        match self.search(set, mirror, plane, key) {
            Search::Found(pair, stamps, way) => Some(Some(found(set, pair, stamps, way, count))),
            Search::Absent { .. } => {
                let same = self.level(mirror.family) == level && self.level(home.family) == home_level;
                same.then_some(None)
            }
        }
    }

    /// Asks for the header that a look at the key of `hash` begins with.
    #[inline]
    pub(crate) fn prefetch_header(&self, hash: u64) {
        if let Some(set) = self.home(hash) {
            set.prefetch_header();
        }
    }

    /// Asks for the entry that such a look finds, as far as the header tells.
    #[inline]
    pub(crate) fn prefetch_entry(&self, hash: u64) {
        if let Some(set) = self.home(hash) {
            let matching = set.header().matching(self.geometry.home(hash).tag);
            if matching != 0 {
                set.prefetch_pair(matching.trailing_zeros() as usize);
            }
        }
    }

    #[inline]
    fn home(&self, hash: u64) -> Option<Set<'_, K, V>> {
        let home = self.geometry.home(hash);
        self.set(home.family, Geometry::plane(home.tag, self.level(home.family)))
    }

    #[inline]
    fn search<Q>(&self, set: Set<'_, K, V>, home: Home, plane: usize, key: &Q) -> Search<K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let header = set.header();
        'again: loop {
            let version = header.latch.version();
            let mut matching = header.matching(home.tag);
            while matching != 0 {
                let way = matching.trailing_zeros() as usize;
                // SAFETY: `reads_race`: pairs are `Copy` and written by single stores.
                let copy = unsafe { set.racing_copy(way) };
                let stamps = self.stamps(Cell { family: home.family, plane, way }, set);
                if !header.latch.is_still(version) {
                    continue 'again;
                }
                // SAFETY: the tag says that the way was occupied, and nobody wrote since: the copy is a whole pair.
                let pair = unsafe { copy.assume_init() };
                if key.equivalent(&pair.key) {
                    return Search::Found(pair, stamps, way);
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

#[inline]
fn found<K, V>(set: Set<'_, K, V>, pair: Pair<K, V>, stamps: Stamps, way: usize, count: bool) -> Copied<V> {
    if count {
        set.header().hit(way);
    }
    Copied { value: pair.value, stamps }
}
