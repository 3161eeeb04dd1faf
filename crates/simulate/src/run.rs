//! What a replay runs side by side.

use crate::{Row, access::Batch, lru_curve::LruCurve, simulation::Simulation};

/// One cache, or all LRU caches at once.
pub(crate) enum Run {
    /// A simulation, and which of the capacities it has.
    One(Box<Simulation>, usize),
    LruCurve(Box<LruCurve>),
}

impl Run {
    /// Takes each access in turn.
    pub(crate) fn take_all(&mut self, batch: &Batch) {
        match self {
            Self::One(simulation, _) => simulation.take_all(batch),
            Self::LruCurve(curve) => curve.take_all(batch),
        }
    }

    /// What was found, each with the place of its capacity.
    pub(crate) fn rows(&self, trace: &str) -> Vec<(usize, Row)> {
        match self {
            Self::One(simulation, place) => vec![(*place, simulation.row(trace))],
            Self::LruCurve(curve) => curve.rows(trace),
        }
    }
}
