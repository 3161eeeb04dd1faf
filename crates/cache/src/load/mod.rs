//! Loading on a miss: the caller that comes first loads, the others wait for it.

mod blocking;
mod error;
mod lead;
mod many;
mod tasks;

use std::{
    convert::Infallible,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use hashbrown::Equivalent;

use crate::{Cache, counters::Count, flights::Flight};

pub use error::LoadError;
use lead::Lead;

/// What a caller that wants a value found.
enum Met<'a, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    Hit(V),
    /// Another caller loads it: wait for that.
    Joined(Arc<Flight<V>>),
    /// Nobody does: this caller shall.
    Lead(Lead<'a, K, V, S>),
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// Looks `key` up, and on a miss joins the load that is in flight or starts one. One hold of the key's lock.
    fn meet<Q>(&self, hash: u64, key: &Q) -> Met<'_, K, V, S>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
    {
        if let Some(value) = self.glance(hash, key) {
            return Met::Hit(value);
        }
        let mut departed = self.leaving();
        let (mut place, found) = self.storage.find(hash, key);
        let found = self.living(&mut place, found, &mut departed);
        let met = match found.filter(|slot| self.serves(&place.stamps(*slot))) {
            Some(slot) => {
                self.touch(&mut place, slot);
                Met::Hit(place.value(slot).clone())
            }
            None => match self.flights.join(hash, key) {
                Some(flight) => Met::Joined(flight),
                None => Met::Lead(Lead::new(self, hash, self.flights.start(hash, key.to_owned().into()))),
            },
        };
        drop(place);
        match met {
            Met::Hit(_) => self.counters.one(Count::Hits),
            Met::Joined(_) | Met::Lead(_) => self.count_miss(hash, departed.last_cause()),
        }
        drop(departed);
        met
    }
}

/// The value of a load that cannot fail, called `method`.
fn infallible<V>(loaded: Result<V, LoadError<Infallible>>, method: &str) -> V {
    match loaded {
        Ok(value) => value,
        Err(LoadError::Failed(never)) => match never {},
        #[expect(clippy::panic, reason = "documented: there is nothing to return")]
        Err(LoadError::Miscounted { asked, returned }) => {
            panic!(
                "the loader of `{method}` returned {returned} values for {asked} keys; it is to return one for each"
            )
        }
        #[expect(
            clippy::panic,
            reason = "documented: there is no value to return, and to wait would be to hang"
        )]
        Err(LoadError::Recursive) => panic!(
            "`{method}` waits for itself: the loader of a key asked for that key again, itself or through the loaders of \
             other keys; have it ask for other keys only, or use `try_{method}`, which returns `LoadError::Recursive`"
        ),
    }
}
