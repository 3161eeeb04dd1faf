//! Who takes part: each subject by name, and how to build it.

use crate::{
    area_cache::{subject, work::Rig},
    report::{Role, Sample},
    stream::Stream,
};

/// A subject that was not built yet.
pub(crate) struct Contender<S: Stream> {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Whether it has a blocking call that loads a missing value once for all callers.
    pub(crate) loads: bool,
    pub(crate) build: Build<S>,
}

/// Builds a cache that holds up to so many entries.
pub(crate) type Build<S> = fn(capacity: u64) -> Built<S>;

/// A cache, or why there is none.
pub(crate) type Built<S> = anyhow::Result<Box<dyn Rig<S>>>;

impl<S: Stream> Contender<S> {
    /// All that there are, the maps that never evict last.
    pub(crate) fn all() -> Vec<Self> {
        let ceiling = |name, build| Self { name, role: Role::Beside, loads: false, build };
        let mut all = Self::evicting();
        all.push(ceiling("dashmap (never evicts)", subject::dashmap::<S>));
        all.push(ceiling("papaya (never evicts)", subject::papaya::<S>));
        all.push(ceiling("scc (never evicts)", subject::scc::<S>));
        all
    }

    /// Those that keep a bound.
    pub(crate) fn evicting() -> Vec<Self> {
        let ours = |name, build| Self { name, role: Role::Ours, loads: true, build };
        let loads = |name, build| Self { name, role: Role::Peer, loads: true, build };
        let peer = |name, build| Self { name, role: Role::Peer, loads: false, build };
        vec![
            ours("nuthatch", subject::nuthatch::<S>),
            ours("nuthatch-lru", subject::nuthatch_lru::<S>),
            loads("quick_cache", subject::quick_cache::<S>),
            loads("moka", subject::moka::<S>),
            peer("mini-moka", subject::mini_moka::<S>),
            peer("foyer-s3fifo", subject::foyer_s3fifo::<S>),
            peer("foyer-lfu", subject::foyer_lfu::<S>),
            peer("stretto", subject::stretto::<S>),
            peer("cachekit-s3fifo", subject::cachekit::<S>),
            peer("tinyufo", subject::tinyufo::<S>),
            peer("sieve-cache", subject::sieve_cache::<S>),
            loads("hashlink+mutex", subject::hashlink::<S>),
            loads("lru+mutex", subject::lru::<S>),
        ]
    }

    /// Those that are known for their hit ratios, and ours.
    pub(crate) fn known_for_hits() -> Vec<Self> {
        const NAMES: [&str; 4] = ["quick_cache", "moka", "foyer-s3fifo", "foyer-lfu"];
        let mut all = Self::evicting();
        all.retain(|contender| contender.role == Role::Ours || NAMES.contains(&contender.name));
        all
    }

    /// Ours, reading many keys at once and one after another: the latter stands in the place of a peer.
    pub(crate) fn one_and_many() -> Vec<Self> {
        let of = |name, role, build| Self { name, role, loads: true, build };
        vec![
            of("nuthatch", Role::Ours, subject::nuthatch::<S>),
            of("nuthatch (one by one)", Role::Peer, subject::nuthatch_one_by_one::<S>),
        ]
    }

    /// Those that let entries expire, with a time to live.
    pub(crate) fn with_expiry() -> Vec<Self> {
        let of = |name, role, build| Self { name, role, loads: false, build };
        vec![
            of("nuthatch", Role::Ours, subject::nuthatch_with_expiry::<S>),
            of("moka", Role::Peer, subject::moka_with_expiry::<S>),
            of("mini-moka", Role::Peer, subject::mini_moka_with_expiry::<S>),
            of("stretto", Role::Peer, subject::stretto_with_expiry::<S>),
        ]
    }

    /// A sample of this subject, with no rounds yet.
    pub(crate) fn sample(&self) -> Sample {
        Sample::new(self.name, self.role)
    }
}

/// A number of entries as most caches want it.
pub(crate) fn entries(capacity: u64) -> usize {
    usize::try_from(capacity).unwrap_or(usize::MAX)
}
