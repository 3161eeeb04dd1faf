//! Ours, built in one place.

use std::{hash::BuildHasher, hint::black_box};

use nuthatch_cache::{Builder, Cache, Entries, PolicyKind};

use super::{Hasher, Subject, TIME_TO_LIVE};
use crate::{
    area_cache::contender::Built,
    stream::{Lookup, Stream},
};

impl<Q, V, S> Subject<Q, V> for Cache<Q::Owned, V, S>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.get(key)
    }

    fn get_many<'q>(&self, keys: impl Iterator<Item = &'q Q>) -> usize
    where
        Q: 'q,
    {
        black_box(self.get_many(keys)).iter().flatten().count()
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn get_or_insert_with(&self, key: &Q, load: impl FnOnce() -> V) -> V {
        self.get_or_insert_with(key, load)
    }

    fn len(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

/// Ours by a caller who does not know of `get_many`.
pub(crate) struct OneByOne<C>(C);

impl<Q, V, S> Subject<Q, V> for OneByOne<Cache<Q::Owned, V, S>>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
    S: BuildHasher + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        self.0.get(key)
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.0.insert(key, value);
    }

    fn len(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }
}

/// As it comes.
pub(crate) fn nuthatch<S: Stream>(capacity: u64) -> Built<S> {
    built(builder::<S>(capacity))
}

/// The exact storage, with strict LRU.
pub(crate) fn nuthatch_lru<S: Stream>(capacity: u64) -> Built<S> {
    built(builder::<S>(capacity).policy(PolicyKind::Lru))
}

pub(crate) fn nuthatch_with_expiry<S: Stream>(capacity: u64) -> Built<S> {
    built(builder::<S>(capacity).time_to_live(TIME_TO_LIVE))
}

pub(crate) fn nuthatch_one_by_one<S: Stream>(capacity: u64) -> Built<S> {
    Ok(Box::new(OneByOne(builder::<S>(capacity).build()?)))
}

type OfStream<S> = Builder<<S as Stream>::Owned, <S as Stream>::Value, Entries, Hasher>;

fn builder<S: Stream>(capacity: u64) -> OfStream<S> {
    Cache::builder().hasher(Hasher::default()).capacity(capacity)
}

/// The one place where ours is built.
fn built<S: Stream>(builder: OfStream<S>) -> Built<S> {
    Ok(Box::new(builder.build()?))
}
