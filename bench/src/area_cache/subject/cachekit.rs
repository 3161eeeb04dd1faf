//! cachekit: S3-FIFO behind one lock.

use ::cachekit::policy::s3_fifo::ConcurrentS3FifoCache;

use super::Subject;
use crate::{
    area_cache::contender::{Built, entries},
    stream::{Lookup, Stream},
};

/// One reader-writer lock around the whole cache, FxHash inside. Can only be asked with what it keeps.
impl<Q, V> Subject<Q, V> for ConcurrentS3FifoCache<Q::Owned, V>
where
    Q: Lookup + ?Sized,
    V: Clone + Send + Sync,
{
    fn get(&self, key: &Q) -> Option<V> {
        key.with_owned(|key| self.get(key))
    }

    fn insert(&self, key: Q::Owned, value: V) {
        self.insert(key, value);
    }

    fn len(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

pub(crate) fn cachekit<S: Stream>(capacity: u64) -> Built<S> {
    let ratios = ConcurrentS3FifoCache::<S::Owned, S::Value>::builder(entries(capacity));
    Ok(Box::new(ratios.try_build()?))
}
