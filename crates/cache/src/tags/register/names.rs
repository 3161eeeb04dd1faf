//! Which tags and sets of tags are in use, by their names. Everything here runs under one lock.

use std::{collections::VecDeque, hash::BuildHasher};

use hashbrown::HashTable;
use nuthatch_policy::{Slab, Slot};

use super::SETS_MAX;
use crate::RandomState;

/// Tags out of use whose last invalidation is remembered for the sake of loads that began before it. Beyond as many, all
/// are forgotten, and no load that began until then is kept if it brings a tag that is not in use: safe, and rare.
const REMEMBERED_MAX: usize = 1 << 16;
/// Remembered tags looked at for each that is added at most: more than one, or they would pile up.
const TIDY_STEPS: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Names {
    hasher: RandomState,
    tags: Slab<Tag>,
    tags_by_name: HashTable<Slot>,
    sets: Slab<Set>,
    sets_by_names: HashTable<Slot>,
    /// Tags that lost their last set, or never had one, and were invalidated after a load that still runs began.
    remembered: VecDeque<Slot>,
    /// All invalidations of tags not found here are at most of this epoch.
    forgotten: u64,
}

#[derive(Debug)]
struct Tag {
    name: Box<str>,
    last_invalidated: u64,
    /// The sets in use that contain it.
    sets: Vec<Slot>,
    /// It stands in `remembered`.
    remembered: bool,
}

#[derive(Debug)]
struct Set {
    hash: u64,
    /// By name.
    members: Box<[Member]>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    tag: Slot,
    /// Where the set stands in the tag's `sets`.
    place: usize,
}

impl Names {
    pub(super) fn hash(&self, tags: &[Box<str>]) -> u64 {
        self.hasher.hash_one(tags)
    }

    /// The set of exactly these tags, if it is in use.
    pub(super) fn find(&self, hash: u64, tags: &[Box<str>]) -> Option<u32> {
        let found = self.sets_by_names.find(hash, |slot| {
            self.sets.get(*slot).is_some_and(|set| set.hash == hash && self.has_names(set, tags))
        });
        found.map(|slot| slot.0 + 1)
    }

    fn has_names(&self, set: &Set, names: &[Box<str>]) -> bool {
        set.members.len() == names.len()
            && set.members.iter().zip(names).all(|(member, name)| self.name(member.tag) == Some(name))
    }

    fn name(&self, tag: Slot) -> Option<&str> {
        self.tags.get(tag).map(|tag| &*tag.name)
    }

    /// The tags of a set that is in use.
    #[cfg(feature = "snapshot")]
    pub(super) fn names_of(&self, set: u32) -> Vec<Box<str>> {
        let members = self.sets.get(Slot(set - 1)).map_or(&[][..], |set| &set.members);
        members.iter().filter_map(|member| self.name(member.tag)).map(Into::into).collect()
    }

    /// When one of these tags was last invalidated; for those not in use, at the latest.
    pub(super) fn last_invalidated(&self, tags: &[Box<str>]) -> u64 {
        let last = |name: &str| {
            self.find_tag(name)
                .and_then(|slot| self.tags.get(slot))
                .map_or(self.forgotten, |tag| tag.last_invalidated)
        };
        tags.iter().map(|name| last(name)).max().unwrap_or(0)
    }

    /// Takes a set into use that is not. None if there are too many.
    pub(super) fn insert(&mut self, hash: u64, tags: &[Box<str>]) -> Option<u32> {
        if self.sets.len() >= SETS_MAX as usize || self.tags.len() + tags.len() > Slab::<Tag>::MAX_LEN {
            return None;
        }
        let slot = self.sets.insert(Set { hash, members: Box::default() }).ok()?;
        let members = tags.iter().filter_map(|name| {
            let tag = match self.find_tag(name) {
                Some(tag) => tag,
                None => self.insert_tag(name, self.forgotten)?,
            };
            let sets = &mut self.tags.get_mut(tag)?.sets;
            sets.push(slot);
            Some(Member { tag, place: sets.len() - 1 })
        });
        let members = members.collect();
        if let Some(set) = self.sets.get_mut(slot) {
            set.members = members;
        }
        let sets = &self.sets;
        self.sets_by_names.insert_unique(hash, slot, |slot| sets.get(*slot).map_or(0, |set| set.hash));
        Some(slot.0 + 1)
    }

    /// Takes a set out of use, if it is not out already. Its tags go with their last set, unless a value begun before
    /// their last invalidation is still being made: `oldest` is the oldest.
    pub(super) fn remove(&mut self, set: u32, oldest: u64) {
        let slot = Slot(set - 1);
        let Some(set) = self.sets.remove(slot) else { return };
        if let Ok(found) = self.sets_by_names.find_entry(set.hash, |other| *other == slot) {
            found.remove();
        }
        for member in set.members {
            let Some(tag) = self.tags.get_mut(member.tag) else { continue };
            tag.sets.swap_remove(member.place);
            if let Some(moved) = tag.sets.get(member.place).copied() {
                let members = self.sets.get_mut(moved).map(|set| &mut set.members);
                let moved = members.and_then(|all| all.iter_mut().find(|other| other.tag == member.tag));
                if let Some(moved) = moved {
                    moved.place = member.place;
                }
            } else if tag.sets.is_empty() {
                self.retire(member.tag, oldest);
            }
        }
    }

    /// Notes that `tag` is invalidated, and returns the sets that contain it.
    pub(super) fn invalidate(&mut self, tag: &str, epoch: u64, oldest: u64) -> impl Iterator<Item = u32> {
        let slot = match self.find_tag(tag) {
            Some(slot) => Some(slot),
            // Nothing has it, and nothing that is being made can be too old for it.
            None if epoch <= oldest => None,
            None => {
                let slot = self.insert_tag(tag, epoch);
                if let Some(slot) = slot {
                    self.remember(slot);
                }
                slot
            }
        };
        let tag = slot.and_then(|slot| self.tags.get_mut(slot));
        let sets = tag.map(|tag| {
            tag.last_invalidated = epoch;
            tag.sets.iter().map(|slot| slot.0 + 1)
        });
        sets.into_iter().flatten()
    }

    /// Looks at a few of the remembered tags and forgets those that need not be remembered any longer.
    pub(super) fn tidy(&mut self, oldest: u64) {
        for _ in 0..TIDY_STEPS {
            let Some(slot) = self.remembered.pop_front() else { return };
            let Some(tag) = self.tags.get_mut(slot) else { continue };
            tag.remembered = false;
            if tag.sets.is_empty() {
                self.retire(slot, oldest);
            }
        }
        if self.remembered.len() > REMEMBERED_MAX {
            self.forget_all();
        }
    }

    /// A tag without a set: remembered if it must be, else gone.
    fn retire(&mut self, slot: Slot, oldest: u64) {
        let Some(tag) = self.tags.get(slot) else { return };
        if tag.remembered {
            return; // its turn comes
        }
        if tag.last_invalidated > oldest { self.remember(slot) } else { self.remove_tag(slot) }
    }

    fn remember(&mut self, slot: Slot) {
        if let Some(tag) = self.tags.get_mut(slot) {
            tag.remembered = true;
            self.remembered.push_back(slot);
        }
    }

    #[cold]
    fn forget_all(&mut self) {
        for slot in std::mem::take(&mut self.remembered) {
            if let Some(tag) = self.tags.get_mut(slot) {
                tag.remembered = false;
                if tag.sets.is_empty() {
                    self.forgotten = self.forgotten.max(tag.last_invalidated);
                    self.remove_tag(slot);
                }
            }
        }
    }

    fn find_tag(&self, name: &str) -> Option<Slot> {
        let hash = self.hasher.hash_one(name);
        self.tags_by_name.find(hash, |slot| self.name(*slot) == Some(name)).copied()
    }

    fn insert_tag(&mut self, name: &str, last_invalidated: u64) -> Option<Slot> {
        let tag = Tag { name: name.into(), last_invalidated, sets: Vec::new(), remembered: false };
        let slot = self.tags.insert(tag).ok()?;
        let (tags, hasher) = (&self.tags, &self.hasher);
        let hash = |slot: &Slot| tags.get(*slot).map_or(0, |tag| hasher.hash_one(&*tag.name));
        self.tags_by_name.insert_unique(hash(&slot), slot, hash);
        Some(slot)
    }

    fn remove_tag(&mut self, slot: Slot) {
        let Some(tag) = self.tags.remove(slot) else { return };
        let hash = self.hasher.hash_one(&*tag.name);
        if let Ok(found) = self.tags_by_name.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
    }

    /// Bytes allocated, names but for their lengths left out: nobody counts the letters.
    pub(super) fn bytes(&self) -> usize {
        let tags = self.tags.end().index() * size_of::<Option<Tag>>() + self.tags_by_name.allocation_size();
        let sets = self.sets.end().index() * size_of::<Option<Set>>() + self.sets_by_names.allocation_size();
        let members = self.sets.len() * (size_of::<Member>() + size_of::<Slot>());
        tags + sets + members + self.remembered.capacity() * size_of::<Slot>()
    }

    /// Tags, sets, remembered tags.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize, usize) {
        assert_eq!(self.tags.len(), self.tags_by_name.len());
        assert_eq!(self.sets.len(), self.sets_by_names.len());
        for (slot, set) in self.sets.iter() {
            for member in &set.members {
                assert_eq!(self.tags.get(member.tag).map(|tag| tag.sets[member.place]), Some(slot));
            }
        }
        (self.tags.len(), self.sets.len(), self.remembered.len())
    }
}
