//! What some caches keep beside their entries: deadlines and tags, in arrays beside the planes.
//!
//! A column comes into being, plane by plane, when the first entry needs it: a cache without deadlines has no room for any.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
};

use nuthatch_policy::sets::{Geometry, WAYS};

use crate::{
    lifetimes::Times,
    storage::Stamps,
    ticks::{Era, Packed, Ticks},
};

const PLANES: usize = 1 << Geometry::LEVEL_MAX;

/// One cell per entry. Zero is what an entry has that needs none.
struct Column<T> {
    planes: OnceLock<Box<[Plane<T>]>>,
}

/// The cells of the entries of one plane.
type Plane<T> = OnceLock<Box<[T]>>;

impl<T: Default> Column<T> {
    const fn new() -> Self {
        Self { planes: OnceLock::new() }
    }

    /// The cell of an entry, if the column is there.
    fn get(&self, plane: usize, cell: usize) -> Option<&T> {
        self.planes.get()?.get(plane)?.get()?.get(cell)
    }

    /// The cell of an entry, in a column for so many entries a plane.
    fn make(&self, plane: usize, cell: usize, cells: usize) -> Option<&T> {
        let planes = self.planes.get_or_init(|| (0..PLANES).map(|_| OnceLock::new()).collect());
        let plane = planes.get(plane)?;
        plane.get_or_init(|| (0..cells).map(|_| T::default()).collect()).get(cell)
    }

    /// Bytes that the column takes.
    fn bytes(&self) -> usize {
        let planes = self.planes.get().map_or(&[][..], |planes| planes);
        planes
            .iter()
            .map(|plane| size_of_val(plane) + plane.get().map_or(0, |cells| size_of_val(&**cells)))
            .sum()
    }
}

/// All columns of a cache.
pub(super) struct Columns {
    families: usize,
    /// Deadlines packed into 32 bits, inverted, so that zero is never.
    expires: Column<AtomicU32>,
    idle: Column<AtomicU32>,
    refresh: Column<AtomicU32>,
    tags: Column<AtomicU64>,
}

/// Where the cells of an entry are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) family: u64,
    pub(super) plane: usize,
    pub(super) way: usize,
}

impl Columns {
    pub(super) const fn new(families: usize) -> Self {
        Self {
            families,
            expires: Column::new(),
            idle: Column::new(),
            refresh: Column::new(),
            tags: Column::new(),
        }
    }

    /// What is kept beside an entry in a set of `era`. Without the set's latch it may be torn, as the entry may.
    pub(super) fn stamps(&self, at: Cell, era: Era) -> Stamps {
        let time = |column: &Column<AtomicU32>| {
            let cell = column.get(at.plane, at.cell());
            cell.map_or(Ticks::NEVER, |cell| Packed(!cell.load(Relaxed)).unpack(era))
        };
        let times =
            Times { expires: time(&self.expires), idle: time(&self.idle), refresh: time(&self.refresh) };
        let tags = self.tags.get(at.plane, at.cell()).map_or(0, |cell| cell.load(Relaxed));
        Stamps { times, tags, weight: 1 }
    }

    /// Keeps `stamps` beside an entry in a set of `era`. Under the set's latch.
    pub(super) fn set_stamps(&self, at: Cell, stamps: &Stamps, era: Era) {
        let Times { expires, idle, refresh } = stamps.times;
        for (column, time) in [(&self.expires, expires), (&self.idle, idle), (&self.refresh, refresh)] {
            let cell = match time {
                Ticks::NEVER => column.get(at.plane, at.cell()),
                _ => column.make(at.plane, at.cell(), self.families * WAYS),
            };
            if let Some(cell) = cell {
                cell.store(!Packed::new(time, era).0, Relaxed);
            }
        }
        let cell = match stamps.tags {
            0 => self.tags.get(at.plane, at.cell()),
            _ => self.tags.make(at.plane, at.cell(), self.families * WAYS),
        };
        if let Some(cell) = cell {
            cell.store(stamps.tags, Relaxed);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.expires.bytes() + self.idle.bytes() + self.refresh.bytes() + self.tags.bytes()
    }
}

impl Cell {
    const fn cell(self) -> usize {
        self.family as usize * WAYS + self.way
    }
}
