//! A set whose latch is held: what may be done with its entries then.
#![expect(unsafe_code, reason = "pairs at ways that the header says are occupied")]

use hashbrown::Equivalent;
use nuthatch_policy::sets::{Geometry, Home, MOVES_TRIED, WAYS};

use crate::{
    storage::{
        Stamps,
        sets::{Cell, Set, Sets, layout::Pair},
    },
    ticks::{Era, Ticks},
};

/// A set whose latch we hold.
///
/// Invariant: of a set, there is one of these at a time; so `&self` reads and `&mut self` changes its entries.
pub(super) struct Held<'a, K, V> {
    pub(super) sets: &'a Sets<K, V>,
    pub(super) set: Set<'a, K, V>,
    family: u64,
    plane: usize,
    pub(super) changed: bool,
}

impl<'a, K, V> Held<'a, K, V> {
    #[inline]
    pub(super) fn lock(sets: &'a Sets<K, V>, family: u64, plane: usize) -> Option<Self> {
        let set = sets.set(family, plane)?;
        set.header().latch.lock();
        Some(Self { sets, set, family, plane, changed: false })
    }

    #[inline]
    pub(super) fn try_lock(sets: &'a Sets<K, V>, family: u64, plane: usize) -> Option<Self> {
        let set = sets.set(family, plane)?;
        set.header().latch.try_lock().then(|| Self { sets, set, family, plane, changed: false })
    }

    pub(super) fn try_lock_for_a_while(sets: &'a Sets<K, V>, family: u64, plane: usize) -> Option<Self> {
        let set = sets.set(family, plane)?;
        let locked = set.header().latch.try_lock_for_a_while();
        // Not `then_some`: what is made is given back.
        locked.then(|| Self { sets, set, family, plane, changed: false })
    }

    pub(super) const fn family(&self) -> u64 {
        self.family
    }

    pub(super) const fn plane(&self) -> usize {
        self.plane
    }

    /// The way of `key`.
    #[inline]
    pub(super) fn search<Q: Equivalent<K> + ?Sized>(&self, tag: u16, key: &Q) -> Option<usize> {
        self.search_among(self.set.header().matching(tag), key)
    }

    /// The way of `key`, if it is one of those `matching` its tag.
    #[inline]
    pub(super) fn search_among<Q: Equivalent<K> + ?Sized>(
        &self,
        mut matching: u16,
        key: &Q,
    ) -> Option<usize> {
        while matching != 0 {
            let way = matching.trailing_zeros() as usize;
            // SAFETY: `tag` is not zero, so the way is occupied; we hold the latch.
            if key.equivalent(&unsafe { self.set.entry(way) }.key) {
                return Some(way);
            }
            matching &= matching - 1;
        }
        None
    }

    /// The pair at an occupied way.
    #[inline]
    pub(super) fn pair(&self, way: usize) -> &Pair<K, V> {
        assert!(self.set.header().occupied() & (1 << way) != 0, "a slot is asked for while it is held");
        // SAFETY: occupied; we hold the latch for longer than the reference lives, and `&mut` needs `&mut self`.
        unsafe { self.set.entry(way) }
    }

    const fn cell(&self, way: usize) -> Cell {
        Cell { family: self.family, plane: self.plane, way }
    }

    pub(super) fn stamps(&self, way: usize) -> Stamps {
        self.sets.stamps(self.cell(way), self.set)
    }

    pub(super) fn set_stamps(&mut self, way: usize, stamps: &Stamps) {
        if self.sets.kept.any() {
            self.changed = true;
            self.sets.columns.set_stamps(self.cell(way), stamps, self.set.header().era());
        }
    }

    /// Brings the deadlines of this set to the era of `now`.
    pub(super) fn enter_era(&mut self, now: Ticks) {
        let (header, era) = (self.set.header(), Era::of(now));
        if header.era() == era {
            return;
        }
        let stamps: [Stamps; WAYS] = std::array::from_fn(|way| self.stamps(way));
        header.set_era(era);
        for (way, stamps) in stamps.iter().enumerate() {
            self.set_stamps(way, stamps);
        }
    }

    /// Ways that may be used.
    #[inline]
    pub(super) fn usable(&self) -> u16 {
        self.sets.usable(self.family, self.plane)
    }

    /// Ways that may be used and are not.
    #[inline]
    pub(super) fn free(&self) -> u16 {
        let free = !self.set.header().occupied();
        if free == 0 { 0 } else { free & self.usable() }
    }

    /// Moves an entry to a free way of another set, with all that is known of it. Its home stays what it is.
    pub(super) fn move_to(&mut self, to: &mut Self, way: usize, to_way: usize) {
        let (tag, header) = (self.set.header().tag(way), self.set.header());
        let (displaced, pinned) = (header.displaced() & (1 << way) != 0, header.pinned() & (1 << way) != 0);
        let marks = header.marks();
        header.set_displaced(way, false); // so that its home is not told
        let (pair, stamps) = self.take(way);
        to.put(to_way, tag, pair, displaced);
        to.set_stamps(to_way, &stamps);
        to.set.header().set_pinned(to_way, pinned);
        let mut moved = to.set.header().marks();
        moved.take_over(to_way, &marks, way);
        to.set.header().set_marks(&moved);
    }

    /// Moves an entry of this home to its other set, if one of a few finds room there. Returns the way that is free then.
    pub(super) fn move_one_out(&mut self) -> Option<usize> {
        let (header, geometry) = (self.set.header(), &self.sets.geometry);
        let at_home = header.occupied() & !header.displaced();
        let home = |way: usize| Home { tag: header.tag(way), family: self.family };
        let ways = (0..WAYS).filter(|way| at_home & (1 << way) != 0);
        let mut tried = ways.filter(|way| geometry.later_mirror(home(*way)).is_some()).take(MOVES_TRIED);
        let room = |way| self.sets.room_in_mirror(home(way)).map(|(to, to_way)| (way, to, to_way));
        let (way, mut to, to_way) = tried.find_map(room)?;
        if to.set.header().era() != header.era() {
            return None; // deadlines would have to be told anew
        }
        self.move_to(&mut to, way, to_way);
        to.set.header().set_displaced(to_way, true);
        header.overflow();
        Some(way)
    }

    /// Moves an entry to a free way of the same set.
    pub(super) fn move_within(&mut self, way: usize, to_way: usize) {
        // SAFETY (of the second hand on the set): none is needed, `Held` of the same set is only made to be forgotten.
        let mut same = std::mem::ManuallyDrop::new(Held { changed: false, ..*self });
        self.move_to(&mut same, way, to_way);
    }

    /// Puts a pair into a free way.
    pub(super) fn put(&mut self, way: usize, tag: u16, pair: Pair<K, V>, displaced: bool) {
        let header = self.set.header();
        debug_assert!(header.occupied() & (1 << way) == 0 && tag != 0);
        self.changed = true;
        // SAFETY: the latch is ours and the way is free.
        unsafe { self.set.put(way, pair, self.sets.racing) };
        header.set_displaced(way, displaced);
        header.set_pinned(way, false);
        header.set_tag(way, tag);
    }

    /// Takes the pair at an occupied way out.
    pub(super) fn take(&mut self, way: usize) -> (Pair<K, V>, Stamps) {
        let header = self.set.header();
        let tag = header.tag(way);
        assert!(tag != 0, "a slot is taken while it is held");
        self.changed = true;
        let stamps = self.stamps(way);
        // SAFETY: occupied, the latch is ours, and the tag is cleared below, so it is not used again.
        let pair = unsafe { self.set.take(way) };
        header.set_tag(way, 0);
        let mut marks = header.marks();
        marks.forget(way);
        header.set_marks(&marks);
        if header.displaced() & (1 << way) != 0 {
            header.set_displaced(way, false);
            self.sets.tell_home(Home { tag, family: self.family });
        }
        header.set_pinned(way, false);
        (pair, stamps)
    }

    /// Lets one of the entries at `ways` go. `None` if all of them are pinned. It leaves no ghost: nothing came in its place.
    pub(super) fn evict_among(&mut self, ways: u16) -> Option<(usize, Pair<K, V>, Stamps)> {
        let header = self.set.header();
        let mut marks = header.marks();
        let way = marks.evict(header.occupied() & !header.pinned() & ways)?;
        header.set_marks(&marks);
        let (pair, stamps) = self.take(way);
        Some((way, pair, stamps))
    }

    /// Puts a pair in the place of one of `candidates`, which leaves and is returned. Gives the pair back if there are none.
    #[inline(always)]
    pub(super) fn put_for_victim(
        &mut self,
        tag: u16,
        candidates: u16,
        pair: Pair<K, V>,
    ) -> Result<(usize, Pair<K, V>), Pair<K, V>> {
        let (header, mut marks, displaced) =
            (self.set.header(), self.set.header().marks(), self.set.header().displaced());
        let Some(way) =
            marks.replace(tag, candidates, displaced, |way| header.tag(way), &mut header.ghosts())
        else {
            return Err(pair);
        };
        self.changed = true;
        header.set_marks(&marks);
        if displaced & (1 << way) != 0 {
            header.set_displaced(way, false);
            self.sets.tell_home(Home { tag: header.tag(way), family: self.family });
        }
        header.set_tag(way, tag);
        // SAFETY: occupied, the latch is ours, and a new pair is put in the old one's place at once.
        let old = unsafe {
            let old = self.set.take(way);
            self.set.put(way, pair, self.sets.racing);
            old
        };
        Ok((way, old))
    }

    /// Puts a new value in the place of the one at an occupied way, which is returned.
    #[inline]
    pub(super) fn replace(&mut self, way: usize, value: V) -> V {
        self.pair(way);
        self.changed = true;
        // SAFETY: occupied, the latch is ours, and a new value is put in the old one's place at once.
        unsafe {
            let old = self.set.take_value(way);
            self.set.put_value(way, value, self.sets.racing);
            old
        }
    }
}

impl<K, V> Drop for Held<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.set.header().latch.unlock(self.changed);
    }
}

impl<K, V> Sets<K, V> {
    /// An entry that was displaced to `home`'s family left it: the set it came from is told.
    #[cold]
    fn tell_home(&self, home: Home) {
        let Some(origin) = self.geometry.mirror(home) else { return };
        let plane = Geometry::plane(origin.tag, self.level(origin.family));
        if let Some(set) = self.set(origin.family, plane) {
            set.header().return_overflow();
        }
    }
}

/// Drops all entries of a set that nobody else can reach any more.
pub(super) fn drop_entries<K, V>(set: Set<'_, K, V>) {
    let mut occupied = set.header().occupied();
    while occupied != 0 {
        let way = occupied.trailing_zeros() as usize;
        occupied &= occupied - 1;
        set.header().set_tag(way, 0);
        // SAFETY: it was occupied, nobody else is here, and with its tag cleared it is not used again.
        drop(unsafe { set.take(way) });
    }
}
