//! What a twin answers, and which policy has which.

use nuthatch_policy::{PolicyKind, Slot};

use crate::{
    adaptive::Adaptive, auto::Auto, cacheus::Cacheus, clock_pro::ClockPro, lecar::Lecar, lfu::*, lhd::Lhd,
    lirs::Lirs, lru_k::LruK, queues::*, s3_fifo::S3Fifo, sampling::*, segments::*, sieve::Sieve,
    w_tinylfu::WTinyLfu,
};

/// A policy written for clarity alone, told what the real one is told. Cleared by making a new one.
pub(crate) trait Twin {
    fn miss(&mut self, _hash: u64, _weight: u64) {}
    fn insert(&mut self, slot: Slot, hash: u64, weight: u64);
    fn hit(&mut self, slot: Slot);
    fn reweigh(&mut self, _slot: Slot, _weight: u64) {}
    fn evict(&mut self) -> Option<Slot>;
    fn remove(&mut self, slot: Slot);
    fn resize(&mut self, _capacity: u64) {}
}

pub(crate) fn twin(kind: PolicyKind, capacity: u64) -> Box<dyn Twin> {
    match kind {
        PolicyKind::Cacheus => Box::new(Cacheus::new(capacity)),
        PolicyKind::Auto => Box::new(Auto::new(capacity)),
        PolicyKind::Arc => Box::new(Adaptive::new(capacity, false)),
        PolicyKind::Car => Box::new(Adaptive::new(capacity, true)),
        PolicyKind::ClockPro => Box::new(ClockPro::new(capacity)),
        PolicyKind::Lirs => Box::new(Lirs::new(capacity)),
        PolicyKind::Clock => Box::new(Clock::new(1)),
        PolicyKind::Clock2Bit => Box::new(Clock::new(3)),
        PolicyKind::Fifo => Box::new(Fifo::default()),
        PolicyKind::Gdsf => Box::new(GreedyDual::new(true)),
        PolicyKind::Hyperbolic => Box::new(Hyperbolic::default()),
        PolicyKind::Lecar => Box::new(Lecar::new(capacity)),
        PolicyKind::Lfu => Box::new(Frequency::least()),
        PolicyKind::LfuDa => Box::new(GreedyDual::new(false)),
        PolicyKind::Lhd => Box::new(Lhd::new(capacity)),
        PolicyKind::Lifo => Box::new(Lifo::default()),
        PolicyKind::Lru => Box::new(Lru::default()),
        PolicyKind::Mfu => Box::new(Frequency::most()),
        PolicyKind::LruK => Box::new(LruK::new(capacity, 2)),
        PolicyKind::Mru => Box::new(Mru::default()),
        PolicyKind::Nru => Box::new(Nru::default()),
        PolicyKind::Random => Box::new(Random::default()),
        PolicyKind::S3Fifo => Box::new(S3Fifo::new(capacity)),
        PolicyKind::Sieve => Box::new(Sieve::default()),
        PolicyKind::Slru => Box::new(Slru::new(capacity)),
        PolicyKind::TwoQ => Box::new(TwoQ::new(capacity)),
        PolicyKind::WTinyLfu => Box::new(WTinyLfu::new(capacity, false)),
        PolicyKind::WTinyLfuAdaptive => Box::new(WTinyLfu::new(capacity, true)),
        other => unimplemented!("write a twin of {other}"),
    }
}
