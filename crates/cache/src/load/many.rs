//! Loading many keys at once.

use std::{
    convert::Infallible,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use hashbrown::Equivalent;

use super::{Held, Lead, LoadError, Look, Met, infallible, tasks::run_as};
use crate::{
    Cache,
    flights::{Flight, FlightId, Waiting, running, wait},
};

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// The values of `keys`, in their order. Those that are missing and that nobody loads already are loaded together: `load`
    /// gets their keys, each once, and returns their values in the same order.
    ///
    /// At most one load per key runs at a time, as in [`get_or_insert_with`](Self::get_or_insert_with), whoever it is
    /// that runs it: what others load already, singly or with other keys, is waited for after this call's own load. So two
    /// calls with keys in common do not wait for each other in a circle. `load` is called again only if a load that this
    /// call waited for failed.
    ///
    /// ```
    /// use nuthatch_cache::Cache;
    ///
    /// let cache: Cache<u32, String> = Cache::builder().capacity(100).build().unwrap();
    /// cache.insert(2, "two".into());
    /// let names = cache.get_many_or_insert_with(&[1, 2, 3], |missing| {
    ///     assert_eq!(missing, [&1, &3]); // one query for all of them
    ///     vec!["one".into(), "three".into()]
    /// });
    /// assert_eq!(names, ["one", "two", "three"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `load` returns more or fewer values than it got keys, or asks for one of these keys again.
    pub fn get_many_or_insert_with<'q, Q>(
        &self,
        keys: impl IntoIterator<Item = &'q Q>,
        mut load: impl FnMut(&[&'q Q]) -> Vec<V>,
    ) -> Vec<V>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized + 'q,
        Q::Owned: Into<K>,
    {
        let loaded = self.try_get_many_or_insert_with(keys, |keys| Ok::<_, Infallible>(load(keys)));
        infallible(loaded, "get_many_or_insert_with")
    }

    /// As [`get_many_or_insert_with`](Self::get_many_or_insert_with), for a `load` that may fail.
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] with the error of `load`: nothing of what it was to load is kept, and those who wait for it
    /// load in their turn. [`LoadError::Miscounted`] if it returned more or fewer values than it got keys;
    /// [`LoadError::Recursive`] if waiting for a load would be waiting for oneself.
    pub fn try_get_many_or_insert_with<'q, Q, E>(
        &self,
        keys: impl IntoIterator<Item = &'q Q>,
        mut load: impl FnMut(&[&'q Q]) -> Result<Vec<V>, E>,
    ) -> Result<Vec<V>, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized + 'q,
        Q::Owned: Into<K>,
    {
        let mut round = Round::new(keys);
        loop {
            round.meet(self);
            if let Some((keys, ids)) = round.to_load() {
                let loaded = {
                    let _running = running(&ids);
                    load(&keys)
                };
                round.conclude(loaded)?;
            }
            for (index, flight) in round.take_joined() {
                round.found[index] = wait(&flight)?;
            }
            match round.values() {
                Ok(values) => return Ok(values),
                Err(rest) => round = rest,
            }
        }
    }

    /// As [`get_many_or_insert_with`](Self::get_many_or_insert_with), for a `load` that is asynchronous and may fail. As to
    /// waiting and being dropped, see [`get_or_insert_async`](Self::get_or_insert_async).
    ///
    /// # Errors
    ///
    /// Those of [`try_get_many_or_insert_with`](Self::try_get_many_or_insert_with).
    pub async fn try_get_many_or_insert_async<'q, Q, E, F>(
        &self,
        keys: impl IntoIterator<Item = &'q Q>,
        mut load: impl FnMut(Vec<&'q Q>) -> F,
    ) -> Result<Vec<V>, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized + 'q,
        Q::Owned: Into<K>,
        F: Future<Output = Result<Vec<V>, E>>,
    {
        let mut round = Round::new(keys);
        loop {
            round.meet(self);
            if let Some((keys, ids)) = round.to_load() {
                let loaded = run_as(&ids, async { load(keys).await }).await;
                round.conclude(loaded)?;
            }
            for (index, flight) in round.take_joined() {
                round.found[index] = Waiting::new(flight).await?;
            }
            match round.values() {
                Ok(values) => return Ok(values),
                Err(rest) => round = rest,
            }
        }
    }
}

/// One turn of a call for many keys. There is a second only if a load that it waited for failed.
struct Round<'a, 'q, K, V, S, Q: ?Sized>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    keys: Vec<&'q Q>,
    /// For each key.
    found: Vec<Option<V>>,
    /// Keys, by their index, that this call loads, and those that others do.
    leads: Vec<(usize, Leading<'a, K, V, S>)>,
    joined: Vec<(usize, Arc<Flight<V>>)>,
    look: Look,
}

type Leading<'a, K, V, S> = (Lead<&'a Cache<K, V, S>>, Option<Held<V>>);

impl<'a, 'q, K, V, S, Q: ?Sized> Round<'a, 'q, K, V, S, Q>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ToOwned,
    Q::Owned: Into<K>,
{
    fn new(keys: impl IntoIterator<Item = &'q Q>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        Self {
            found: keys.iter().map(|_| None).collect(),
            keys,
            leads: Vec::new(),
            joined: Vec::new(),
            look: Look::First,
        }
    }

    /// Looks up all that was not found yet. A key that comes twice joins its own load.
    fn meet(&mut self, cache: &'a Cache<K, V, S>) {
        for (index, (key, found)) in self.keys.iter().zip(&mut self.found).enumerate() {
            if found.is_some() {
                continue;
            }
            match cache.meet(cache.hash(*key), *key, self.look, false, || cache) {
                Met::Hit(value) | Met::Stale(value) => *found = Some(value),
                Met::Joined(flight) => self.joined.push((index, flight)),
                Met::Lead(lead, held) => self.leads.push((index, (lead, held))),
            }
        }
    }

    /// The keys that this call is to load, if there are any.
    fn to_load(&self) -> Option<(Vec<&'q Q>, Vec<FlightId>)> {
        let load = |(index, (lead, _)): &(usize, Leading<'a, K, V, S>)| (self.keys[*index], lead.id());
        (!self.leads.is_empty()).then(|| self.leads.iter().map(load).unzip())
    }

    /// Ends the loads as their loader did.
    fn conclude<E>(&mut self, loaded: Result<Vec<V>, E>) -> Result<(), LoadError<E>> {
        let values = match loaded {
            Ok(values) => values,
            Err(error) => {
                let served = |(_, (_, held)): &(usize, Leading<'a, K, V, S>)| {
                    held.as_ref().is_some_and(|held| held.on_error)
                };
                if !self.leads.iter().all(served) {
                    return Err(LoadError::Failed(error));
                }
                for (index, (mut lead, held)) in self.leads.drain(..) {
                    self.found[index] = held.map(|held| lead.land_stale(held.value));
                }
                return Ok(());
            }
        };
        let (asked, returned) = (self.leads.len(), values.len());
        if asked != returned {
            return Err(LoadError::Miscounted { asked, returned });
        }
        for ((index, (mut lead, _)), value) in self.leads.drain(..).zip(values) {
            self.found[index] = Some(lead.land(value, None));
        }
        Ok(())
    }

    fn take_joined(&mut self) -> Vec<(usize, Arc<Flight<V>>)> {
        std::mem::take(&mut self.joined)
    }

    /// All values, or what there is of them, to go on with.
    fn values(mut self) -> Result<Vec<V>, Self> {
        if self.found.iter().all(Option::is_some) {
            return Ok(self.found.into_iter().flatten().collect());
        }
        self.look = Look::Again;
        Err(self)
    }
}
