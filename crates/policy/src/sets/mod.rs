//! Sets of 16: a policy woven into its storage.
//!
//! The live cache keeps the entries of a large cache in sets of 16, in line behind one header. Who leaves is decided
//! inside the set an entry falls into, so an insert touches one set and no queue of the whole cache. What a set decides by
//! is here, apart from locks, keys and values, so that the simulator replays the very storage that serves:
//! [`Marks`] says who leaves a full set, [`Geometry`] says which two sets a key may be in and how many there are.
//!
//! A policy of this kind cannot be a [`Policy`](crate::Policy): a full set evicts although others have room.

mod geometry;
mod ghosts;
mod marks;

pub use geometry::{Geometry, Home, Limits, MOVES_TRIED};
pub use ghosts::{CELLS, Ghosts};
pub use marks::{Marks, WAYS};
