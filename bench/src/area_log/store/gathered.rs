//! A group commit in front of a store that has none: what an application that gathers its writers would get.
//!
//! The first writer that finds nobody at work takes all that waits, commits it as one batch, and wakes those who wait.
//! While it commits, the next batch gathers.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::bail;

use crate::area_log::{
    pairs::{Key, Pair},
    store::{Reader, Store},
};

pub(super) struct Gathered<S> {
    store: S,
    queue: Mutex<Queue>,
    done: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Pair>,
    /// Pairs that ever came in, and how many of the first of them are durable.
    arrived: u64,
    durable: u64,
    is_committing: bool,
    has_failed: bool,
}

impl<S: Store> Gathered<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store, queue: Mutex::default(), done: Condvar::new() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Store for Gathered<S> {
    fn put(&self, key: &Key, value: &[u8]) -> anyhow::Result<()> {
        let mut queue = self.queue();
        queue.waiting.push((*key, value.to_vec()));
        queue.arrived += 1;
        let ticket = queue.arrived;
        while queue.durable < ticket {
            if queue.has_failed {
                bail!("a group could not be committed");
            }
            if queue.is_committing {
                queue = self.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.is_committing = true;
            let group = std::mem::take(&mut queue.waiting);
            let last = queue.arrived;
            drop(queue);
            let committed = self.store.put_all(&group);
            queue = self.queue();
            queue.is_committing = false;
            queue.has_failed |= committed.is_err();
            if committed.is_ok() {
                queue.durable = last;
            }
            self.done.notify_all();
            committed?;
        }
        Ok(())
    }

    fn put_all(&self, pairs: &[Pair]) -> anyhow::Result<()> {
        self.store.put_all(pairs)
    }

    fn reader(&self) -> anyhow::Result<Box<dyn Reader + '_>> {
        self.store.reader()
    }

    fn settle(&self) -> anyhow::Result<()> {
        self.store.settle()
    }
}
