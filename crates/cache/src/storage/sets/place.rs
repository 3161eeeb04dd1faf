//! A locked set, and the other set of a key while it is needed.
#![expect(unsafe_code, reason = "pairs at ways that the header says are occupied")]

use hashbrown::Equivalent;
use nuthatch_policy::sets::{Geometry, Home, Marks, WAYS};

use crate::{
    Cause,
    storage::{
        Busy, Departed, Entry, NoRoom, Slot, Stamps,
        latch::Latch,
        sets::{Sets, holding::Held, layout::Pair},
    },
    ticks::Ticks,
};

/// The home set of a key, locked, and its other set if the key is there or goes there.
///
/// Slots 0 to 15 are of the home set, 16 to 31 of the other.
pub(crate) struct SetPlace<'a, K, V> {
    home: Held<'a, K, V>,
    other: Option<Held<'a, K, V>>,
    tag: u16,
    /// The free slot that room was made at.
    room: Option<Slot>,
}

impl<'a, K, V> SetPlace<'a, K, V> {
    pub(super) const fn new(home: Held<'a, K, V>, key: Home) -> Self {
        Self { home, other: None, tag: key.tag, room: None }
    }

    /// A set with no key in mind.
    pub(super) const fn whole(home: Held<'a, K, V>) -> Self {
        Self { home, other: None, tag: 0, room: None }
    }

    /// Looks for the key that the place was locked for. Its other set stays locked if it is there.
    #[inline]
    pub(crate) fn seek<Q: Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Result<Option<Slot>, Busy> {
        if let Some(way) = self.home.search(self.tag, key) {
            return Ok(Some(Slot(way)));
        }
        if self.home.set.header().overflows() { self.seek_in_mirror(key) } else { Ok(None) }
    }

    fn seek_in_mirror<Q: Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Result<Option<Slot>, Busy> {
        let sets = self.home.sets;
        let home = Home { tag: self.tag, family: self.home.family() };
        let Some(mirror) = sets.geometry.mirror(home) else { return Ok(None) };
        let Some(other) = sets.try_lock(mirror) else {
            sets.forbid(mirror);
            return Err(Busy);
        };
        let found = other.search(self.tag, key).map(Slot::in_mirror);
        if found.is_some() {
            self.other = Some(other);
        }
        Ok(found)
    }

    /// Occupied slots of the home set.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + use<K, V> {
        let occupied = self.home.set.header().occupied();
        (0..WAYS).filter(move |way| occupied & (1 << way) != 0).map(Slot)
    }

    /// The home set's slots: small before main, read seldom before often, pinned last.
    pub(crate) fn coldest_first(&self) -> Vec<Slot> {
        let (header, marks) = (self.home.set.header(), self.home.set.header().marks());
        let mut slots: Vec<_> = self.slots().collect();
        slots.sort_by_key(|slot| (header.pinned() & (1 << slot.0) != 0, marks.warmth(slot.0)));
        slots
    }

    #[cfg(feature = "snapshot")]
    pub(crate) fn warmth(&self, slot: Slot) -> u8 {
        let (held, way) = self.at(slot);
        held.set.header().marks().warmth(way)
    }

    #[cfg(feature = "snapshot")]
    pub(crate) fn set_warmth(&mut self, slot: Slot, warmth: u8) {
        let (held, way) = self.at_mut(slot);
        let mut marks = held.set.header().marks();
        marks.set_warmth(way, warmth);
        held.set.header().set_marks(&marks);
    }

    /// Whether there is a free slot for the key of this place, once [`room`](Self::room) was asked for.
    #[cfg(feature = "snapshot")]
    pub(crate) const fn is_vacant(&self) -> bool {
        self.room.is_some()
    }

    /// The slot at `step`, if it is occupied.
    pub(crate) fn sweep(&self, step: usize) -> Option<Slot> {
        (self.home.set.header().tag(step) != 0).then_some(Slot(step))
    }

    fn at(&self, slot: Slot) -> (&Held<'a, K, V>, usize) {
        (self.other.as_ref().filter(|_| slot.0 >= WAYS).unwrap_or(&self.home), slot.0 % WAYS)
    }

    fn at_mut(&mut self, slot: Slot) -> (&mut Held<'a, K, V>, usize) {
        (self.other.as_mut().filter(|_| slot.0 >= WAYS).unwrap_or(&mut self.home), slot.0 % WAYS)
    }

    pub(crate) fn key(&self, slot: Slot) -> &K {
        let (held, way) = self.at(slot);
        &held.pair(way).key
    }

    pub(crate) fn value(&self, slot: Slot) -> &V {
        let (held, way) = self.at(slot);
        &held.pair(way).value
    }

    pub(crate) fn stamps(&self, slot: Slot) -> Stamps {
        let (held, way) = self.at(slot);
        held.stamps(way)
    }

    pub(crate) fn set_stamps(&mut self, slot: Slot, stamps: &Stamps) {
        let (held, way) = self.at_mut(slot);
        held.sets.kept.tell(stamps);
        held.set_stamps(way, stamps);
    }

    #[inline]
    pub(crate) fn hit(&mut self, slot: Slot) {
        let (held, way) = self.at(slot);
        held.set.header().hit(way);
    }

    pub(crate) fn pinned(&self, slot: Slot) -> bool {
        let (held, way) = self.at(slot);
        held.set.header().pinned() & (1 << way) != 0
    }

    pub(crate) fn set_pinned(&mut self, slot: Slot, pinned: bool) {
        let (held, way) = self.at_mut(slot);
        held.set.header().set_pinned(way, pinned);
    }

    pub(crate) fn replace(&mut self, slot: Slot, value: V) -> V {
        let (held, way) = self.at_mut(slot);
        held.replace(way, value)
    }

    /// A copy of the value, if values may not be changed in place because readers without the latch may look.
    pub(crate) fn copied(&self, slot: Slot) -> Option<V> {
        let (held, way) = self.at(slot);
        held.pair(way);
        // SAFETY: occupied and under our latch; `V` is `Copy` in a cache whose reads race.
        held.sets.racing.then(|| unsafe { held.set.take_value(way) })
    }

    /// The value, to be changed in place: to be asked for only if there is no [`copied`](Self::copied) one.
    pub(crate) fn value_mut(&mut self, slot: Slot) -> &mut V {
        let (held, way) = self.at_mut(slot);
        held.pair(way);
        assert!(!held.sets.racing, "values that are read without the latch are changed as a whole");
        held.changed = true;
        // SAFETY: occupied, the latch is ours, `&mut self` makes the reference the only one, and no reads race.
        unsafe { held.set.value_mut(way) }
    }

    pub(crate) fn take(&mut self, slot: Slot) -> Entry<K, V> {
        let (held, way) = self.at_mut(slot);
        let (Pair { key, value }, stamps) = held.take(way);
        Entry { key, value, stamps }
    }

    /// Finds or makes a free slot for the key of this place, which is not held; or sees to it that an entry can make way.
    ///
    /// A family that can grow does so before it sends entries to other sets. So when it doubles, none of its own are
    /// elsewhere, and its sets' overflow counts stay exact.
    pub(crate) fn room(&mut self, departed: &mut Departed<K, V>) -> Result<(), NoRoom> {
        let sets = self.home.sets;
        let home = Home { tag: self.tag, family: self.home.family() };
        loop {
            let free = self.home.free();
            if free != 0 {
                self.room = Some(Slot(Geometry::near(free, self.tag)));
                return Ok(());
            }
            if !sets.may_grow(home.family) {
                if self.room_around(home) {
                    return Ok(());
                }
                break;
            }
            if !sets.grow(&mut self.home, self.tag, departed) {
                break;
            }
        }
        // Somebody has to make way, and does when the newcomer comes in.
        let header = self.home.set.header();
        if header.occupied() & !header.pinned() == 0 { Err(NoRoom::AtAll) } else { Ok(()) }
    }

    /// Finds room for a key whose home is full: in its other set, or at home once an entry was moved to that one's other.
    fn room_around(&mut self, home: Home) -> bool {
        let header = self.home.set.header();
        let mut marks = header.marks();
        if !marks.looks_around(home.tag) {
            return false;
        }
        if let Some((other, way)) = self.home.sets.room_in_mirror(home) {
            self.other = Some(other);
            self.room = Some(Slot::in_mirror(way));
        } else if !marks.is_packed() {
            self.room = self.home.move_one_out().map(Slot);
        }
        if self.room.is_none() {
            marks.found_no_room();
            header.set_marks(&marks);
        }
        self.room.is_some()
    }

    /// Takes in an entry that was not held, and that [`room`](Self::room) was made for.
    pub(crate) fn insert(&mut self, entry: Entry<K, V>, now: Ticks, departed: &mut Departed<K, V>) -> Slot {
        let Entry { key, value, stamps } = entry;
        let (slot, victim) = self.put(Pair { key, value });
        let (held, way) = self.at_mut(slot);
        held.sets.kept.tell(&stamps);
        if held.sets.kept.any() {
            held.enter_era(now);
            held.set_stamps(way, &stamps);
        }
        if let Some(victim) = victim {
            departed.push(victim, Cause::Size);
        }
        slot
    }

    /// Puts a pair where room was made.
    #[inline]
    pub(super) fn put(&mut self, pair: Pair<K, V>) -> (Slot, Option<Entry<K, V>>) {
        let tag = self.tag;
        let Some(slot) = self.room.take() else {
            let header = self.home.set.header();
            let candidates = header.occupied() & !header.pinned();
            #[expect(clippy::panic, reason = "callers make room first, under the same latch")]
            let Ok((way, Pair { key, value })) = self.home.put_for_victim(tag, candidates, pair) else {
                panic!("room is made before an entry comes in")
            };
            let stamps = self.home.stamps(way); // still those of the one that left
            self.home.set_stamps(way, &Stamps::plain(1));
            return (Slot(way), Some(Entry { key, value, stamps }));
        };
        let displaced = slot.0 >= WAYS;
        let header = self.home.set.header();
        let mut marks = header.marks();
        marks.found_room();
        let remembered = marks.recall(tag, &mut header.ghosts());
        if displaced {
            header.set_marks(&marks);
            self.home.changed = true;
            header.overflow();
        }
        let (held, way) = self.at_mut(slot);
        let header = held.set.header();
        if displaced {
            marks = header.marks();
        }
        marks.arrive(way, remembered);
        header.set_marks(&marks);
        held.put(way, tag, pair, displaced);
        held.set_stamps(way, &Stamps::plain(1));
        (slot, None)
    }

    /// The latches that are held.
    pub(crate) fn latches(&self) -> [Option<&Latch>; 2] {
        [Some(&self.home), self.other.as_ref()].map(|held| held.map(|held| &held.set.header().latch))
    }
}

impl<K, V> Sets<K, V> {
    /// A free way in the other set of a key, that set then locked, if there is one and nobody is in the way.
    pub(super) fn room_in_mirror(&self, home: Home) -> Option<(Held<'_, K, V>, usize)> {
        let mirror = self.geometry.mirror(home)?;
        // A glance without the latch: most often the set is full.
        if self.is_full(mirror) {
            return None;
        }
        let other = self.try_lock(mirror)?;
        let free = other.free();
        (free != 0).then_some((other, Geometry::near(free, mirror.tag)))
    }

    /// Whether all ways of a set are taken, as far as a glance can tell.
    #[inline]
    fn is_full(&self, home: Home) -> bool {
        let plane = Geometry::plane_masked(home.tag, self.mask(home.family));
        self.set(home.family, plane).is_none_or(|set| {
            let free = !set.header().occupied();
            free == 0 || free & self.usable(home.family, plane) == 0
        })
    }

    /// Whether a newcomer at a full home, whose marks these are, can only come in if another makes way.
    #[inline]
    pub(super) fn is_packed(&self, home: Home, marks: &Marks) -> bool {
        marks.is_packed()
            && !self.may_grow(home.family)
            && (!marks.looks_around(home.tag)
                || self.geometry.mirror(home).is_none_or(|mirror| self.is_full(mirror)))
    }
}
