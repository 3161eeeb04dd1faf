//! Sets of sixteen: entries in line behind a header that says who leaves, two possible sets per key.
//!
//! For large caches bounded by entries. What a look-up reads is one line of header and one of entry; an insert into a full
//! cache changes the same two. There is no queue and no counter of the whole cache: the slots are the bound.
//! [`Geometry`] says which sets a key may be in, [`Marks`](nuthatch_policy::sets::Marks) who leaves one.
//!
//! What keeps it sound under threads:
//!
//! - Whoever changes an entry, or inserts one, holds the latch of the key's home set, and the other set's as well if the
//!   entry is there. The second latch is only ever tried: on failure the first is given back. So nobody waits for a latch
//!   while holding one, but a family that grows, and that gives up after a while.
//! - `levels` says how many sets a family has. It changes while all sets of the family are held, so whoever holds one and
//!   then finds the level unchanged is where the key belongs; who looked without a latch and found nothing looks at
//!   the level again.
//! - Memory of sets is never moved, and freed only with the storage.

mod columns;
mod grow;
mod header;
mod holding;
mod layout;
mod place;
mod planes;
mod put;
mod read;
mod set;
mod words;

use std::sync::{
    Mutex,
    atomic::{
        AtomicU8, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use nuthatch_policy::sets::{Geometry, Home, Limits};

use self::{
    columns::{Cell, Columns},
    holding::Held,
    layout::Layout,
    planes::Planes,
    set::Set,
};
pub(crate) use self::{place::SetPlace, put::Put, read::Glance};
use crate::storage::{Kept, Stamps, held};

/// Entries beyond which a pair is not copied before it is known to be the right one: a lock is cheaper.
const COPIED_BYTES_MAX: usize = 64;

pub(crate) struct Sets<K, V> {
    columns: Columns,
    kept: Kept,
    /// Key and value may be copied bit by bit, and are read without the latch.
    racing: bool,
    /// For its families, which never change; how far they may grow does when the cache is resized.
    geometry: Geometry,
    /// The mask of a family that has reached its size.
    mask_max: AtomicU8,
    limits: AtomicU64,
    capacity: AtomicU64,
    resizing: Mutex<()>,
    /// How many families have been halved: entries went to sets that come earlier.
    halvings: AtomicU64,
    /// How often each family has doubled, as a mask of as many bits.
    levels: Box<[AtomicU8]>,
    planes: Planes<K, V>,
    /// Where the next set is looked at for what has expired.
    swept: AtomicU64,
}

impl<K, V> Sets<K, V> {
    /// Sets for up to `capacity` entries. `copied`: key and value are `Copy`.
    pub(crate) fn new(capacity: u64, copied: bool) -> Self {
        let geometry = Geometry::new(capacity);
        let levels: Box<[_]> = (0..geometry.families()).map(|_| AtomicU8::new(0)).collect();
        let racing = copied && words::AVAILABLE && size_of::<layout::Pair<K, V>>() <= COPIED_BYTES_MAX;
        let kept = Kept::default();
        if !racing {
            kept.make_reads_busy();
        }
        Self {
            racing,
            columns: Columns::new(levels.len()),
            kept,
            planes: Planes::new(geometry.families()),
            levels,
            mask_max: AtomicU8::new(mask_of(geometry.level_max())),
            limits: AtomicU64::new(geometry.limits().0),
            capacity: AtomicU64::new(capacity),
            resizing: Mutex::new(()),
            halvings: AtomicU64::new(0),
            swept: AtomicU64::new(0),
            geometry,
        }
    }

    /// What is kept beside entries by now.
    #[inline]
    pub(crate) const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// What is kept beside the entry at a way.
    fn stamps(&self, at: Cell, set: Set<'_, K, V>) -> Stamps {
        if self.kept.any() { self.columns.stamps(at, set.header().era()) } else { Stamps::plain(1) }
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity.load(Relaxed)
    }

    /// Whether reads need no latch.
    #[inline]
    pub(crate) const fn reads_race(&self) -> bool {
        self.racing
    }

    /// Entries held. Looks at the header of every set.
    pub(crate) fn len(&self) -> usize {
        self.all().map(|set| set.header().occupied().count_ones() as usize).sum()
    }

    /// Bytes of memory that the sets take.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.levels.len()
            + self.planes.count() * self.plane_bytes()
            + self.columns.bytes()
    }

    fn plane_bytes(&self) -> usize {
        self.levels.len() * Layout::<K, V>::STRIDE
    }

    /// How many places there can be, however the cache is resized; most are not there.
    pub(crate) fn places(&self) -> usize {
        self.levels.len() << Geometry::LEVEL_MAX
    }

    /// Changes when entries have gone to places of a lower index.
    pub(crate) fn halvings(&self) -> u64 {
        self.halvings.load(Relaxed)
    }

    /// The place at `index`, locked, if it is there.
    pub(crate) fn place_at(&self, index: usize) -> Option<SetPlace<'_, K, V>> {
        let (family, plane) = (index >> Geometry::LEVEL_MAX, index & ((1 << Geometry::LEVEL_MAX) - 1));
        loop {
            let level = self.level(family as u64);
            if plane >> level != 0 {
                return None;
            }
            let held = Held::lock(self, family as u64, plane)?;
            if self.level(family as u64) == level {
                return Some(SetPlace::whole(held));
            }
        }
    }

    /// One set after the other, locked if nobody else has it.
    pub(crate) fn next_to_sweep(&self) -> Option<SetPlace<'_, K, V>> {
        let level_max = self.level_max();
        let next = self.swept.fetch_add(1, Relaxed) % ((self.levels.len() as u64) << level_max);
        let (family, plane) = (next >> level_max, next as usize & ((1 << level_max) - 1));
        let level = self.level(family);
        let held = Held::try_lock(self, family, plane & ((1 << level) - 1))?;
        (self.level(family) == level).then(|| SetPlace::whole(held))
    }

    /// Locks the home of the key of `hash`.
    #[inline]
    pub(crate) fn lock(&self, hash: u64) -> SetPlace<'_, K, V> {
        let home = self.geometry.home(hash);
        loop {
            // Again if its family grew while we waited.
            if let Some(held) = self.lock_home(home) {
                return SetPlace::new(held, home);
            }
        }
    }

    /// The home of a key, locked, if it still is its home.
    #[inline]
    fn lock_home(&self, home: Home) -> Option<Held<'_, K, V>> {
        let mask = self.mask(home.family);
        let held = Held::lock(self, home.family, Geometry::plane_masked(home.tag, mask))?;
        (self.mask(home.family) == mask).then_some(held)
    }

    /// The set of `home`, locked, if it is free.
    fn try_lock(&self, home: Home) -> Option<Held<'_, K, V>> {
        let mask = self.mask(home.family);
        let held = Held::try_lock(self, home.family, Geometry::plane_masked(home.tag, mask))?;
        (self.mask(home.family) == mask).then_some(held)
    }

    /// Called by those who could not lock the set of `home`.
    ///
    /// # Panics
    ///
    /// If this thread holds it by a guard: they would try for ever.
    #[cold]
    fn forbid(&self, home: Home) {
        if let Some(set) = self.set(home.family, Geometry::plane(home.tag, self.level(home.family))) {
            held::forbid(&set.header().latch);
        }
    }

    /// How often a family has doubled.
    fn level(&self, family: u64) -> u8 {
        self.mask(family).count_ones() as u8
    }

    /// Which bits of a tag tell the set within a family.
    #[inline]
    fn mask(&self, family: u64) -> u8 {
        self.levels[family as usize].load(Acquire)
    }

    fn set_level(&self, family: u64, level: u8) {
        self.levels[family as usize].store(mask_of(level), Release);
    }

    fn level_max(&self) -> u8 {
        self.mask_max.load(Relaxed).count_ones() as u8
    }

    /// The set at `plane` of `family`, which has been allocated.
    #[inline]
    fn set(&self, family: u64, plane: usize) -> Option<Set<'_, K, V>> {
        self.planes.set(family, plane)
    }

    /// Every set there is.
    fn all(&self) -> impl Iterator<Item = Set<'_, K, V>> {
        (0..self.levels.len() as u64).flat_map(move |family| {
            (0..1 << self.level(family)).filter_map(move |plane| self.set(family, plane))
        })
    }

    /// Which ways of a set may be used.
    #[inline]
    fn usable(&self, family: u64, plane: usize) -> u16 {
        Limits(self.limits.load(Relaxed)).usable(self.geometry.number(family, plane))
    }
}

/// As many bits as a family has doubled.
const fn mask_of(level: u8) -> u8 {
    ((1_u16 << level) - 1) as u8
}

impl<K, V> Drop for Sets<K, V> {
    fn drop(&mut self) {
        if std::mem::needs_drop::<(K, V)>() {
            for set in self.all() {
                holding::drop_entries(set);
            }
        }
    }
}
