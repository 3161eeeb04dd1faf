//! Who takes part: each subject by name, and how to build it.

use foldhash::fast::RandomState;
use nuthatch_cache::{Cache, PolicyKind};
use quick_cache::{UnitWeighter, sync::DefaultLifecycle};

use crate::{
    area_cache::{subject::LockedLru, work::Rig},
    report::Sample,
    stream::Stream,
};

/// A subject that was not built yet.
pub(crate) struct Contender<S: Stream> {
    pub(crate) name: &'static str,
    pub(crate) ours: bool,
    pub(crate) build: Build<S>,
}

/// Builds a cache that holds up to so many entries.
pub(crate) type Build<S> = fn(capacity: u64) -> Box<dyn Rig<S>>;

impl<S: Stream> Contender<S> {
    pub(crate) fn all() -> Vec<Self> {
        let ours = |name, build| Self { name, ours: true, build };
        let peer = |name, build| Self { name, ours: false, build };
        vec![
            ours("nuthatch", |capacity| nuthatch::<S>(PolicyKind::Auto, capacity)),
            ours("nuthatch-lru", |capacity| nuthatch::<S>(PolicyKind::Lru, capacity)),
            peer("moka", moka::<S>),
            peer("quick_cache", quick_cache::<S>),
            peer("hashlink+mutex", hashlink::<S>),
        ]
    }

    /// A sample of this subject, with no rounds yet.
    pub(crate) fn sample(&self) -> Sample {
        Sample { subject: self.name.to_owned(), ours: self.ours, rounds: Vec::new(), beside: String::new() }
    }
}

fn nuthatch<S: Stream>(policy: PolicyKind, capacity: u64) -> Box<dyn Rig<S>> {
    let builder = Cache::<S::Owned, S::Value>::builder().policy(policy).hasher(RandomState::default());
    #[expect(clippy::expect_used, reason = "no setting here can be wrong")]
    let cache = builder.capacity(capacity).build().expect("a capacity and a policy");
    Box::new(cache)
}

fn moka<S: Stream>(capacity: u64) -> Box<dyn Rig<S>> {
    let builder = moka::sync::Cache::<S::Owned, S::Value>::builder().max_capacity(capacity);
    Box::new(builder.build_with_hasher(RandomState::default()))
}

fn quick_cache<S: Stream>(capacity: u64) -> Box<dyn Rig<S>> {
    Box::new(quick_cache::sync::Cache::<S::Owned, S::Value, _, _, _>::with(
        entries(capacity),
        capacity,
        UnitWeighter,
        RandomState::default(),
        DefaultLifecycle::default(),
    ))
}

fn hashlink<S: Stream>(capacity: u64) -> Box<dyn Rig<S>> {
    let cache =
        hashlink::LruCache::<S::Owned, S::Value, _>::with_hasher(entries(capacity), RandomState::default());
    Box::new(LockedLru::new(cache))
}

fn entries(capacity: u64) -> usize {
    usize::try_from(capacity).unwrap_or(usize::MAX)
}
