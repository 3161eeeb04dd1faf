//! What all connections share.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use nuthatch_keyspace::Keyspace;
use subtle::ConstantTimeEq;

use crate::Settings;

/// What all connections share: the keyspace, what can be set while the server runs, and the counters.
pub(crate) struct Context {
    pub(crate) keyspace: Arc<Keyspace>,
    pub(crate) settings: Settings,
    pub(crate) started: Instant,
    pub(crate) counters: Counters,
    password: RwLock<Option<String>>,
}

/// Counts since the server started. Relaxed: they order nothing.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) connections_open: AtomicUsize,
    pub(crate) connections_accepted: AtomicU64,
    pub(crate) connections_refused: AtomicU64,
    pub(crate) commands: AtomicU64,
    pub(crate) http_requests: AtomicU64,
    last_client: AtomicU64,
}

impl Context {
    pub(crate) fn new(keyspace: Arc<Keyspace>, settings: Settings) -> Self {
        let password = RwLock::new(settings.password.clone());
        Self { keyspace, settings, started: Instant::now(), counters: Counters::default(), password }
    }

    pub(crate) fn next_client(&self) -> u64 {
        self.counters.last_client.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn needs_password(&self) -> bool {
        self.password.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether `given` is the password; always, if none is set. Takes as long for a near miss as for a far one.
    pub(crate) fn accepts(&self, given: &[u8]) -> bool {
        let password = self.password.read().unwrap_or_else(PoisonError::into_inner);
        password.as_ref().is_none_or(|password| password.as_bytes().ct_eq(given).into())
    }

    /// Sets the password, or with an empty one none.
    pub(crate) fn set_password(&self, password: &str) {
        let password = Some(password).filter(|password| !password.is_empty()).map(str::to_owned);
        *self.password.write().unwrap_or_else(PoisonError::into_inner) = password;
    }

    /// Takes a place among the connections, to be given back by dropping it. `None` when all are taken.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Place> {
        let place = Place(Arc::clone(self));
        if self.counters.connections_open.fetch_add(1, Relaxed) >= self.settings.connections_max {
            self.counters.connections_refused.fetch_add(1, Relaxed);
            return None;
        }
        self.counters.connections_accepted.fetch_add(1, Relaxed);
        Some(place)
    }
}

/// A place among the open connections.
pub(crate) struct Place(Arc<Context>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.counters.connections_open.fetch_sub(1, Relaxed);
    }
}
