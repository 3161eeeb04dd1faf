//! The hash functions that take part.

use std::hash::BuildHasher;

use nuthatch_cache::Cache;

use crate::{
    area_cache::contender::Build,
    area_hash::{
        quality::unevenness,
        time::{Input, Mode, nanos_per_hash},
    },
    report::{Role, Sample},
    stream::{Numbers, Stream, Texts},
};

/// A hash function, with all that is asked of it compiled for it.
pub(crate) struct HashFunction {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) nanos_per_hash: fn(&Input, Mode, usize) -> f64,
    /// See [`unevenness`].
    pub(crate) unevenness: fn(shift: u32) -> f64,
    pub(crate) cache_of_numbers: Build<Numbers>,
    pub(crate) cache_of_texts: Build<Texts>,
}

impl HashFunction {
    pub(crate) fn all() -> [Self; 6] {
        let current = Self { role: Role::Ours, ..Self::of::<foldhash::fast::RandomState>("foldhash-fast") };
        [
            current,
            Self::of::<foldhash::quality::RandomState>("foldhash-quality"),
            Self::of::<rapidhash::fast::RandomState>("rapidhash-fast"),
            Self::of::<rapidhash::quality::RandomState>("rapidhash-quality"),
            Self::of::<ahash::RandomState>("ahash"),
            Self::of::<std::hash::RandomState>("siphash-1-3"),
        ]
    }

    fn of<H>(name: &'static str) -> Self
    where
        H: BuildHasher + Default + Send + Sync + 'static,
    {
        Self {
            name,
            role: Role::Peer,
            nanos_per_hash: nanos_per_hash::<H>,
            unevenness: unevenness::<H>,
            cache_of_numbers: |capacity| Ok(Box::new(cache::<Numbers, H>(capacity))),
            cache_of_texts: |capacity| Ok(Box::new(cache::<Texts, H>(capacity))),
        }
    }

    /// A sample of this function, with no rounds yet.
    pub(crate) fn sample(&self) -> Sample {
        Sample::new(self.name, self.role)
    }
}

fn cache<S: Stream, H: BuildHasher + Default>(capacity: u64) -> Cache<S::Owned, S::Value, H> {
    #[expect(clippy::expect_used, reason = "no setting here can be wrong")]
    Cache::builder().hasher(H::default()).capacity(capacity).build().expect("a capacity")
}
