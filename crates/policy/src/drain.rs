//! The order in which entries would leave, found out by letting them leave.

use std::iter;

use crate::{Policy, Slot};

/// Empties `copy`, which its policy can do without, and says in which order.
///
/// Exact by construction, where a walk over the queues would have to tell what their hands are going to do. Takes an
/// eviction per entry. A copy whose ghost queues are replaced by empty ones spares their upkeep.
pub(crate) fn drained(mut copy: impl Policy) -> Vec<Slot> {
    iter::from_fn(|| copy.evict()).collect()
}
