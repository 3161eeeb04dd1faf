//! The storage of large live caches, on plain vectors.
//!
//! It decides as `storage/sets` of the live cache does, in the same order, by the same [`Geometry`] and [`Marks`]; what
//! that does for locks, keys and values is not here. A test of the command line's room compares the two, hit for hit.

use nuthatch_policy::{
    Slot,
    sets::{CELLS, Geometry, Home, MOVES_TRIED, Marks, WAYS},
    spread,
};

/// Sets that hold slots.
pub(crate) struct Sets {
    geometry: Geometry,
    /// By family.
    levels: Vec<u8>,
    /// By number: plane by plane, as many as there are families in each.
    sets: Vec<Set>,
    /// By slot.
    places: Vec<Place>,
    /// Made for the next to come in.
    room: Room,
}

#[derive(Clone, Copy, Default)]
struct Set {
    marks: Marks,
    ghosts: [u8; CELLS],
    displaced: u16,
    /// Zero is a free way.
    tags: [u16; WAYS],
    slots: [u32; WAYS],
}

/// A way of a set.
#[derive(Clone, Copy, Default)]
struct Place {
    set: usize,
    way: usize,
}

#[derive(Clone, Copy, Default)]
struct Room {
    place: Place,
    /// The home set of the newcomer.
    home: usize,
    /// The newcomer's marks are there, for it takes the place of another.
    marked: bool,
}

impl Sets {
    pub(crate) fn new(capacity: u64) -> Self {
        let geometry = Geometry::new(capacity);
        let families = geometry.families() as usize;
        Self {
            geometry,
            levels: vec![0; families],
            sets: vec![Set::default(); families],
            places: Vec::new(),
            room: Room::default(),
        }
    }

    /// The entry at `slot` was read or overwritten.
    #[inline]
    pub(crate) fn hit(&mut self, slot: Slot) {
        let Place { set, way } = self.places[slot.index()];
        self.sets[set].marks.hit(way);
    }

    /// Makes room for one of `hash`. Those that left for it are pushed onto `departed`.
    pub(crate) fn make_room(&mut self, hash: u64, departed: &mut Vec<Slot>) {
        let home = self.geometry.home(spread(hash));
        self.room = loop {
            let set = self.set_of(home);
            if let Some(place) = self.free(set, home.tag) {
                break Room { home: set, place, marked: false };
            }
            if self.levels[home.family as usize] < self.geometry.level_max() {
                self.grow(home.family, departed);
                continue;
            }
            break match self.room_around(home) {
                Some(place) => Room { home: set, place, marked: false },
                None => {
                    let place = Place { set, way: self.replace(set, home.tag) };
                    departed.push(self.empty(place));
                    Room { home: set, place, marked: true }
                }
            };
        };
    }

    /// An entry came in at `slot`, in the room that was made for its hash.
    pub(crate) fn insert(&mut self, slot: Slot, hash: u64) {
        let tag = self.geometry.home(spread(hash)).tag;
        let Room { home, place, marked } = self.room;
        if !marked {
            let Set { marks, ghosts, .. } = &mut self.sets[home];
            marks.found_room();
            let remembered = marks.recall(tag, ghosts);
            self.sets[place.set].marks.arrive(place.way, remembered);
        }
        self.put(place, slot, tag, place.set != home);
    }

    /// The entry at `slot` leaves, and not for want of room.
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.take(self.places[slot.index()]);
    }

    fn set_of(&self, home: Home) -> usize {
        let plane = Geometry::plane(home.tag, self.levels[home.family as usize]);
        self.geometry.number(home.family, plane) as usize
    }

    fn usable(&self, set: usize) -> u16 {
        self.geometry.limits().usable(set as u64)
    }

    /// The free way of a set that an entry of `tag` likes best.
    fn free(&self, set: usize, tag: u16) -> Option<Place> {
        let free = self.usable(set) & !occupied(&self.sets[set].tags);
        (free != 0).then(|| Place { set, way: Geometry::near(free, tag) })
    }

    /// A free way for a key whose home is full: in its mirror, or at home once an entry was moved to that one's mirror.
    fn room_around(&mut self, home: Home) -> Option<Place> {
        let set = self.set_of(home);
        let marks = self.sets[set].marks;
        if !marks.looks_around(home.tag) {
            return None;
        }
        let mirror = self.geometry.mirror(home).and_then(|mirror| self.free(self.set_of(mirror), home.tag));
        let room =
            mirror.or_else(|| if marks.is_packed() { None } else { self.move_one_out(set, home.family) });
        if room.is_none() {
            self.sets[set].marks.found_no_room();
        }
        room
    }

    /// Moves an entry from its home, a set of this family, to its mirror.
    fn move_one_out(&mut self, set: usize, family: u64) -> Option<Place> {
        let Set { marks, displaced, tags, .. } = self.sets[set];
        let at_home = (0..WAYS).filter(|way| tags[*way] != 0 && displaced & (1 << way) == 0);
        let later =
            |way: usize| self.geometry.later_mirror(Home { tag: tags[way], family }).map(|to| (way, to));
        let mut tried = at_home.filter_map(later).take(MOVES_TRIED);
        let (way, to) = tried.find_map(|(way, to)| self.free(self.set_of(to), to.tag).map(|to| (way, to)))?;
        let place = Place { set, way };
        let slot = self.take(place);
        self.put(to, slot, tags[way], true);
        self.sets[to.set].marks.take_over(to.way, &marks, way);
        Some(place)
    }

    /// Chooses who leaves a full set for a newcomer.
    fn replace(&mut self, set: usize, tag: u16) -> usize {
        let Set { marks, ghosts, displaced, tags, .. } = &mut self.sets[set];
        let Some(way) = marks.replace(tag, occupied(tags), *displaced, |way| tags[way], ghosts) else {
            unreachable!("a full set has someone to let go")
        };
        way
    }

    fn put(&mut self, place: Place, slot: Slot, tag: u16, displaced: bool) {
        let set = &mut self.sets[place.set];
        set.tags[place.way] = tag;
        set.slots[place.way] = slot.0;
        set.displaced = set.displaced & !(1 << place.way) | u16::from(displaced) << place.way;
        if self.places.len() <= slot.index() {
            self.places.resize(slot.index() + 1, Place::default());
        }
        self.places[slot.index()] = place;
    }

    fn take(&mut self, place: Place) -> Slot {
        self.sets[place.set].marks.forget(place.way);
        self.empty(place)
    }

    /// Frees a way, but for its marks.
    fn empty(&mut self, place: Place) -> Slot {
        let set = &mut self.sets[place.set];
        set.tags[place.way] = 0;
        set.displaced &= !(1 << place.way);
        Slot(set.slots[place.way])
    }

    /// Doubles a family.
    fn grow(&mut self, family: u64, departed: &mut Vec<Slot>) {
        let level = self.levels[family as usize];
        let planes = 1 << level;
        let needed = self.levels.len() * 2 * planes;
        if self.sets.len() < needed {
            self.sets.resize(needed, Set::default());
        }
        for plane in 0..planes {
            let [from, to] =
                [plane, plane + planes].map(|plane| self.geometry.number(family, plane) as usize);
            self.split(from, to, level, departed);
        }
        self.levels[family as usize] = level + 1;
    }

    /// Moves to an empty set what belongs there once a family has doubled from `level`.
    fn split(&mut self, from: usize, to: usize, level: u8, departed: &mut Vec<Slot>) {
        let goes = |tag: u16| Geometry::moves(tag, level);
        let Set { marks, ghosts, .. } = self.sets[from];
        self.sets[to].marks.take_after(&marks);
        self.sets[to].ghosts = ghosts;
        for way in 0..WAYS {
            let Set { marks, displaced, tags, .. } = self.sets[from];
            if tags[way] == 0 || !goes(tags[way]) {
                continue;
            }
            let slot = self.take(Place { set: from, way });
            if let Some(free) = self.free(to, tags[way]) {
                self.put(free, slot, tags[way], displaced & (1 << way) != 0);
                self.sets[to].marks.take_over(free.way, &marks, way);
            } else {
                departed.push(slot);
            }
        }
    }
}

fn occupied(tags: &[u16; WAYS]) -> u16 {
    (0..WAYS).fold(0, |ways, way| ways | u16::from(tags[way] != 0) << way)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;

    /// Whoever comes in is where its slot says, and leaves once.
    #[test]
    fn never_more_than_the_capacity_is_held_and_every_slot_is_found_where_it_was_put() {
        for capacity in [1_u64, 15, 16, 17, 700, 5000] {
            let mut sets = Sets::new(capacity);
            let (mut free, mut held) = (Vec::from_iter((0..capacity as u32).map(Slot)), Vec::new());
            for object in 0..3 * capacity as u32 {
                let hash = Access::hash(object);
                let mut departed = Vec::new();
                sets.make_room(hash, &mut departed);
                held.retain(|(slot, _)| !departed.contains(slot));
                free.append(&mut departed);
                let slot = free.pop().unwrap();
                sets.insert(slot, hash);
                held.push((slot, sets.geometry.home(spread(hash)).tag));
                if object % 7 == 0 {
                    sets.hit(slot);
                } else if object % 31 == 0 {
                    held.pop();
                    sets.remove(slot);
                    free.push(slot);
                }
            }
            let ways = sets.sets.iter().map(|set| occupied(&set.tags).count_ones() as usize).sum::<usize>();
            assert_eq!(ways, held.len());
            for (slot, tag) in held {
                let Place { set, way } = sets.places[slot.index()];
                assert_eq!((sets.sets[set].slots[way], sets.sets[set].tags[way]), (slot.0, tag));
            }
        }
    }
}
