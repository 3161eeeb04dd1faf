//! TinyUFO: S3-FIFO with admission by frequency, without locks.

use ::tinyufo::TinyUfo;

use super::Subject;
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

/// Keeps ahash of a key, never the key: two keys with one hash share a value. Does not tell how much it holds, and may
/// refuse what is inserted.
impl<Q, V> Subject<Q, V> for TinyUfo<Q::Owned, V>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync + 'static,
{
    fn get(&self, key: &Q) -> Option<V> {
        key.with_owned(|key| self.get(key))
    }

    fn insert(&self, key: Q::Owned, value: V) {
        drop(self.put(key, value, 1));
    }

    fn len(&self) -> Option<u64> {
        None
    }
}

pub(crate) fn tinyufo<S: Stream>(capacity: u64) -> Built<S> {
    Ok(Box::new(TinyUfo::<S::Owned, S::Value>::new(entries(capacity), entries(capacity))))
}
