//! A thread that sweeps a cache now and then, for those who want one.

use std::{
    fmt, io,
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::Cache;

/// Sweeps a cache for as long as it is held; made by [`Cache::maintenance`]. Dropped, it waits for a sweep under way.
#[must_use = "maintenance ends when this is dropped"]
pub struct Maintenance {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl<K, V, S> Cache<K, V, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    /// Starts a thread that [sweeps](Self::sweep) the whole cache each time that `every` has passed, on the system's
    /// clock, until what this returns or the last other `Arc` of the cache is dropped.
    ///
    /// Nothing depends on it: no bound, and no answer. Entries whose time has come, or whose tag was invalidated, are never
    /// returned, and go as others come in; this gives their memory back where few do.
    ///
    /// # Errors
    ///
    /// If the system has no thread to give.
    pub fn maintenance(self: &Arc<Self>, every: Duration) -> io::Result<Maintenance> {
        self.maintenance_with(every, |_| {})
    }

    /// As [`maintenance`](Self::maintenance), calling `then` after each sweep: to publish [`stats`](Self::stats), for
    /// instance. If it panics, maintenance ends.
    ///
    /// # Errors
    ///
    /// If the system has no thread to give.
    pub fn maintenance_with(
        self: &Arc<Self>,
        every: Duration,
        then: impl FnMut(&Self) + Send + 'static,
    ) -> io::Result<Maintenance> {
        let cache = Arc::downgrade(self);
        let stop = Arc::<Stop>::default();
        let thread = {
            let stop = Arc::clone(&stop);
            thread::Builder::new()
                .name("cache-maintenance".to_owned())
                .spawn(move || run(&cache, every, &stop, then))?
        };
        Ok(Maintenance { stop, thread: Some(thread) })
    }
}

fn run<K, V, S>(
    cache: &Weak<Cache<K, V, S>>,
    every: Duration,
    stop: &Stop,
    mut then: impl FnMut(&Cache<K, V, S>),
) {
    loop {
        {
            let asked = stop.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = stop.changed.wait_timeout_while(asked, every, |asked| !*asked);
            if *wait.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
        }
        let Some(cache) = cache.upgrade() else { return };
        cache.sweep(u32::MAX);
        then(&cache);
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        *self.stop.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic in there, in the user's `Drop` or listener, has been reported by that thread.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maintenance").finish_non_exhaustive()
    }
}
