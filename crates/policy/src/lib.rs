//! Eviction policies: who leaves a full cache next.
//!
//! A policy sees [`Slot`]s, hashes and weights. It never sees a key, a value, a lock or a clock, so the simulator and
//! the live cache run the very same code. The storage that owns the entries drives it:
//!
//! ```
//! use nuthatch_policy::{PolicyKind, Slot};
//!
//! let mut policy = PolicyKind::Lru.build(2); // capacity in units of weight
//! policy.miss(0xa, 1);
//! policy.insert(Slot(0), 0xa, 1);
//! policy.miss(0xb, 1);
//! policy.insert(Slot(1), 0xb, 1);
//! policy.hit(Slot(0));
//! // Full: ask who leaves before a third entry comes in.
//! policy.miss(0xc, 1);
//! assert_eq!(policy.evict(), Some(Slot(1)));
//! ```
//!
//! [`PolicyKind`] builds any of them as its source says. Those with a parameter worth tuning are types of their own as
//! well: [`S3Fifo`], [`WTinyLfu`], [`TwoQ`], [`Slru`], [`LruK`].
//!
//! ```
//! use nuthatch_policy::{Policy, S3Fifo};
//!
//! # fn main() -> Result<(), nuthatch_policy::ParameterError> {
//! let policy: Box<dyn Policy> = Box::new(S3Fifo::with_shares(1_000, 0.05, 1.5)?);
//! let error = S3Fifo::with_shares(1_000, 5.0, 1.5).unwrap_err();
//! assert_eq!(error.to_string(), "s3-fifo: small is 5; give a number from 0 to 1");
//! # Ok(())
//! # }
//! ```
//!
//! The shared structures ([`Slab`], and inside the crate a list over slots and a ghost queue) own all link surgery; a
//! policy is a small file over them that reads like its paper.

mod arc;
mod auto;
mod belady;
mod cacheus;
mod car;
mod climber;
mod clock;
mod clock_pro;
mod departed;
mod drain;
mod frequencies;
mod ghost;
mod greedy_dual;
mod heap;
mod held;
mod history;
mod hit_density;
mod hyperbolic;
mod kind;
mod learning_rate;
mod lecar;
mod lfu;
mod lhd;
mod lirs;
mod list;
mod lru_k;
mod nodes;
mod nru;
mod parameter;
mod queue;
mod random;
mod s3_fifo;
pub mod sets;
mod share;
mod sides;
mod sieve;
mod sketch;
mod slab;
mod slru;
mod splitmix;
mod spread;
mod sr_lru;
mod steering;
mod timeline;
mod two_q;
mod w_tinylfu;

pub use auto::{Auto, AutoPart};
pub use belady::{Belady, Oracle};
pub use kind::{PolicyKind, UnknownPolicy};
pub use lru_k::LruK;
pub use parameter::ParameterError;
pub use s3_fifo::S3Fifo;
pub use slab::{Slab, Slot};
pub use slru::Slru;
pub use spread::spread;
pub use two_q::TwoQ;
pub use w_tinylfu::WTinyLfu;

/// Decides who leaves. Driven by the storage that owns the entries, one call per event.
///
/// To take an entry in, the storage calls [`miss`](Self::miss) once, then [`evict`](Self::evict) until there is room,
/// then [`insert`](Self::insert). Calls about other entries may come in between when callers race; a policy takes an
/// insert whose miss was not the last one told for a newcomer that it knows nothing of. A storage that only shrinks calls
/// `evict` alone. A slot that left (evicted or removed) may be inserted again for another entry.
///
/// An entry heavier than the whole capacity is never offered; the storage refuses and counts it.
///
/// Every slot passed to `hit`, `reweigh` and `remove` is held: inserted, and neither evicted nor removed since. A storage
/// that breaks this rule may see a panic or a worse hit ratio, never unsound memory.
pub trait Policy: Send {
    /// A key that is not held is about to come in, and room for `weight` may have to be made: the time to look it up
    /// among those that left, before another departure displaces what is remembered of it.
    fn miss(&mut self, hash: u64, weight: u64);

    /// An entry came in at `slot`. `hash` identifies its key in ghost queues; `weight` counts against the capacity.
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64);

    /// The entry at `slot` was read or overwritten.
    fn hit(&mut self, slot: Slot);

    /// The entry at `slot` changed its weight.
    fn reweigh(&mut self, slot: Slot, weight: u64);

    /// Chooses the entry that leaves, forgets its slot, and may remember its hash. `None` if no entry is held.
    fn evict(&mut self) -> Option<Slot>;

    /// The entry at `slot` is gone for a reason other than eviction; it leaves no ghost.
    fn remove(&mut self, slot: Slot);

    /// Forgets everything, ghosts included. The capacity stays what it is.
    fn clear(&mut self);

    /// The cache may hold up to `capacity` units of weight from now on. Nothing that is held is lost: the storage calls
    /// [`evict`](Self::evict) until what is left fits. Queues get their shares of the new capacity, sizes that the policy
    /// found out for itself are kept in proportion, and ghosts that are too many by now are forgotten at once.
    ///
    /// Takes time in proportion to what is held and remembered, at most.
    fn resize(&mut self, capacity: u64);

    /// Every slot that is held, the next to leave first: the order in which [`evict`](Self::evict) would choose them if
    /// nothing else happened. Backwards, it leads from hot to cold.
    ///
    /// Hyperbolic caching and LHD, which look at a sample of the entries each time that one has to leave, give the order
    /// of what they know of all of them; random gives any.
    ///
    /// Takes O(n log n) at most, and for as long a copy of what the policy notes of each entry.
    fn coldest_first(&self) -> Vec<Slot>;

    /// Looks over the whole state for what must not be. For tests and fuzzing; takes time in proportion to the state.
    ///
    /// # Panics
    ///
    /// If something is amiss, which is a defect of the policy.
    fn check_invariants(&self);
}

/// A policy chosen at run time is as good as one chosen by type.
impl<P: Policy + ?Sized> Policy for Box<P> {
    fn miss(&mut self, hash: u64, weight: u64) {
        (**self).miss(hash, weight);
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u64) {
        (**self).insert(slot, hash, weight);
    }

    fn hit(&mut self, slot: Slot) {
        (**self).hit(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: u64) {
        (**self).reweigh(slot, weight);
    }

    fn evict(&mut self) -> Option<Slot> {
        (**self).evict()
    }

    fn remove(&mut self, slot: Slot) {
        (**self).remove(slot);
    }

    fn clear(&mut self) {
        (**self).clear();
    }

    fn resize(&mut self, capacity: u64) {
        (**self).resize(capacity);
    }

    fn coldest_first(&self) -> Vec<Slot> {
        (**self).coldest_first()
    }

    fn check_invariants(&self) {
        (**self).check_invariants();
    }
}
