//! What decides who leaves: a policy for the whole cache, or sets that each decide for themselves.

use nuthatch_policy::{Belady, Oracle, Policy, Slot};

use crate::{Contender, sets::Sets};

pub(super) enum Keeper {
    Policy(Box<dyn Policy>),
    Sets {
        sets: Box<Sets>,
        /// Those that are yet to leave for the newcomer.
        departed: Vec<Slot>,
    },
}

impl Keeper {
    /// A fresh one, and what has to tell it the future if it needs to know.
    pub(super) fn new(contender: Contender, capacity: u64) -> (Self, Option<Oracle>) {
        match contender {
            Contender::Online(kind) => (Self::Policy(kind.build(capacity)), None),
            Contender::Sets => {
                (Self::Sets { sets: Box::new(Sets::new(capacity)), departed: Vec::new() }, None)
            }
            Contender::Belady => {
                let (belady, oracle) = Belady::new();
                (Self::Policy(Box::new(belady)), Some(oracle))
            }
        }
    }

    /// An object that is not held is about to come in.
    pub(super) fn miss(&mut self, hash: u64, weight: u64) {
        match self {
            Self::Policy(policy) => policy.miss(hash, weight),
            Self::Sets { sets, departed } => sets.make_room(hash, departed),
        }
    }

    /// Who leaves next, for one that comes in. `full`: the whole cache has no room for it; a set may have none before.
    pub(super) fn evict(&mut self, full: bool) -> Option<Slot> {
        match self {
            Self::Policy(policy) => full.then(|| policy.evict()).flatten(),
            Self::Sets { departed, .. } => departed.pop(),
        }
    }

    /// An object came in at `slot`.
    pub(super) fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        match self {
            Self::Policy(policy) => policy.insert(slot, hash, weight),
            Self::Sets { sets, .. } => sets.insert(slot, hash),
        }
    }

    /// The object at `slot` was read or overwritten.
    #[inline]
    pub(super) fn hit(&mut self, slot: Slot) {
        match self {
            Self::Policy(policy) => policy.hit(slot),
            Self::Sets { sets, .. } => sets.hit(slot),
        }
    }

    /// The object at `slot` has another weight now. Sets are told of none.
    pub(super) fn reweigh(&mut self, slot: Slot, weight: u64) {
        if let Self::Policy(policy) = self {
            policy.reweigh(slot, weight);
        }
    }

    /// The object at `slot` leaves, and not for want of room.
    pub(super) fn remove(&mut self, slot: Slot) {
        match self {
            Self::Policy(policy) => policy.remove(slot),
            Self::Sets { sets, .. } => sets.remove(slot),
        }
    }
}
