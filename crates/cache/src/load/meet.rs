//! What a caller that wants a value finds, and what it is to do about it.

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use hashbrown::Equivalent;

use super::{CacheRef, Lead};
use crate::{Cache, Cause, counters::Count, flights::Flight, lifetimes::State};

/// What a caller that wants a value found.
pub(super) enum Met<C: CacheRef> {
    Hit(C::Value),
    /// Good enough while another caller loads it anew.
    Stale(C::Value),
    /// Another caller loads it: wait for that.
    Joined(Arc<Flight<C::Value>>),
    /// Nobody does: this caller shall. What is held meanwhile may be of use.
    Lead(Lead<C>, Option<Held<C::Value>>),
}

/// A value that is held, but is to be loaded anew.
pub(super) struct Held<V> {
    pub(super) value: V,
    /// It may be served while it is loaded.
    pub(super) meanwhile: bool,
    /// It may be served if loading it fails.
    pub(super) on_error: bool,
}

/// Whether a look-up is the caller's first of this key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    First,
    /// After a load that was waited for ended without a value. It was counted before.
    Again,
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
{
    /// Looks `key` up, and if its value is to be loaded, joins the load that is in flight or starts one, which holds the
    /// cache as `cache` says. One hold of the key's place.
    pub(super) fn meet<Q, C>(
        &self,
        hash: u64,
        key: &Q,
        look: Look,
        may_bring_tags: bool,
        cache: impl FnOnce() -> C,
    ) -> Met<C>
    where
        Q: Hash + Equivalent<K> + ToOwned + ?Sized,
        Q::Owned: Into<K>,
        C: CacheRef<Key = K, Value = V, Hasher = S>,
    {
        if let Some(value) = self.glance(hash, key) {
            return Met::Hit(value);
        }
        let mut departed = self.leaving();
        let (mut place, found) = self.storage.find(hash, key);
        let found = self.living(&mut place, found, &mut departed);
        let state = found.map_or(State::Dead, |slot| self.state(&place.stamps(slot)));
        match (found, state) {
            (Some(slot), State::Fresh | State::RefreshDue) => self.touch(&mut place, slot),
            // Of use, but its deadlines stay: a read does not make a stale value fresh.
            (Some(slot), State::Stale { .. }) => place.hit(slot),
            _ => {}
        }
        let (meanwhile, on_error) = match state {
            State::Fresh | State::RefreshDue => (true, true),
            State::Stale { revalidate, error } => (revalidate, error),
            State::Dead => (false, false),
        };
        let held = found.filter(|_| meanwhile || on_error).map(|slot| Held {
            value: place.value(slot).clone(),
            meanwhile,
            on_error,
        });
        let mut met = match held {
            Some(Held { value, .. }) if state == State::Fresh => Met::Hit(value),
            Some(Held { value, meanwhile: true, .. }) if self.flights.is_loading(hash, key) => {
                Met::Stale(value)
            }
            held => match self.flights.join(hash, key) {
                Some(flight) => Met::Joined(flight),
                None => {
                    let id = self.flights.start(hash, key.to_owned().into(), may_bring_tags);
                    Met::Lead(Lead::new(cache(), hash, id, found.is_some()), held)
                }
            },
        };
        drop(place);
        if look == Look::First {
            match (&met, state) {
                (Met::Hit(_) | Met::Stale(_), _) | (_, State::RefreshDue) => self.counters.one(Count::Hits),
                (_, State::Stale { .. }) => self.count_miss(hash, Some(Cause::Expired)),
                _ => self.count_miss(hash, departed.last_cause()),
            }
        }
        drop(departed);
        if let Met::Lead(lead, _) = &mut met {
            lead.take_time();
            if may_bring_tags {
                lead.may_bring_tags();
            }
        }
        met
    }
}
