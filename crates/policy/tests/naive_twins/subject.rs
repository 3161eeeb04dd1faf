//! What is compared: every kind of policy, and those with parameters under other parameters.

use nuthatch_policy::{LruK, Policy, PolicyKind, S3Fifo, Slru, TwoQ, WTinyLfu};

use crate::{
    lru_k, s3_fifo, segments,
    twin::{self, Twin},
    w_tinylfu,
};

/// A policy and its twin, each built for a capacity.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    Kind(PolicyKind),
    Tuned(Tuned),
}

/// Name, policy, twin.
type Tuned = (&'static str, fn(u64) -> Box<dyn Policy>, fn(u64) -> Box<dyn Twin>);

const TUNED: [Tuned; 9] = [
    (
        "s3-fifo with a small queue of half the capacity and few ghosts",
        |capacity| Box::new(S3Fifo::with_shares(capacity, 0.5, 0.25).unwrap()),
        |capacity| Box::new(s3_fifo::S3Fifo::with_percents(capacity, 50, 25)),
    ),
    (
        "s3-fifo with hardly a small queue and many ghosts",
        |capacity| Box::new(S3Fifo::with_shares(capacity, 0.01, 3.0).unwrap()),
        |capacity| Box::new(s3_fifo::S3Fifo::with_percents(capacity, 1, 300)),
    ),
    (
        "2q with a long queue of newcomers and few ghosts",
        |capacity| Box::new(TwoQ::with_shares(capacity, 0.75, 0.1).unwrap()),
        |capacity| Box::new(segments::TwoQ::with_percents(capacity, 75, 10)),
    ),
    (
        "2q with a short queue of newcomers and many ghosts",
        |capacity| Box::new(TwoQ::with_shares(capacity, 0.05, 2.0).unwrap()),
        |capacity| Box::new(segments::TwoQ::with_percents(capacity, 5, 200)),
    ),
    (
        "slru with two segments",
        |capacity| Box::new(Slru::with_segments(capacity, 2).unwrap()),
        |capacity| Box::new(segments::Slru::with_segments(capacity, 2)),
    ),
    (
        "slru with seven segments",
        |capacity| Box::new(Slru::with_segments(capacity, 7).unwrap()),
        |capacity| Box::new(segments::Slru::with_segments(capacity, 7)),
    ),
    (
        "lru-k with three requests",
        |capacity| Box::new(LruK::with_k(capacity, 3).unwrap()),
        |capacity| Box::new(lru_k::LruK::new(capacity, 3)),
    ),
    (
        "lru-k with eight requests",
        |capacity| Box::new(LruK::with_k(capacity, 8).unwrap()),
        |capacity| Box::new(lru_k::LruK::new(capacity, 8)),
    ),
    (
        "w-tinylfu with a window of 90 %",
        |capacity| Box::new(WTinyLfu::with_window(capacity, 0.9).unwrap()),
        |capacity| Box::new(w_tinylfu::WTinyLfu::with_window(capacity, 90)),
    ),
];

impl Subject {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        PolicyKind::ALL.into_iter().map(Self::Kind).chain(TUNED.map(Self::Tuned))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.name(),
            Self::Tuned((name, ..)) => name,
        }
    }

    pub(crate) fn policy(self, capacity: u64) -> Box<dyn Policy> {
        match self {
            Self::Kind(kind) => kind.build(capacity),
            Self::Tuned((_, policy, _)) => policy(capacity),
        }
    }

    pub(crate) fn twin(self, capacity: u64) -> Box<dyn Twin> {
        match self {
            Self::Kind(kind) => twin::twin(kind, capacity),
            Self::Tuned((.., twin)) => twin(capacity),
        }
    }
}
