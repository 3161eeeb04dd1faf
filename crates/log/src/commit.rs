//! Group commit: who waits for an LSN, and who does the waiting's work.
//!
//! With `SyncMode::Always` the first caller that needs a sync leads: it writes and syncs all that was appended so far.
//! Whoever comes meanwhile joins the next group, and one of them leads it. There is no timer: the device's own latency
//! is what gathers a group. A caller alone pays no thread switch; for futures, which must not block, a thread leads.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use crate::{
    LogError, Result, SyncMode,
    engine::Engine,
    format::Lsn,
    locks::{lock, wait},
};

const EVERY: Duration = Duration::from_secs(1);

/// How far the log has come, and who waits.
#[derive(Debug)]
pub(crate) struct Progress {
    written: AtomicU64,
    synced: AtomicU64,
    waiting: Mutex<Waiting>,
    /// For callers that block: a round ended, or the mode changed.
    done: Condvar,
    /// For the committer: a future came, a round ended, the mode changed, or the log closes.
    work: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Whether someone is in a round right now.
    leading: bool,
    wakers: Vec<Waiter>,
    tickets: u64,
    /// The committer is to end.
    stop: bool,
    /// No round will follow.
    closed: bool,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    waker: Waker,
}

impl Progress {
    pub(crate) fn new(last_lsn: Lsn) -> Self {
        Self {
            written: AtomicU64::new(last_lsn.0),
            synced: AtomicU64::new(0),
            waiting: Mutex::default(),
            done: Condvar::new(),
            work: Condvar::new(),
        }
    }

    pub(crate) fn set_written(&self, lsn: Lsn) {
        self.written.fetch_max(lsn.0, Ordering::AcqRel);
    }

    pub(crate) fn set_synced(&self, lsn: Lsn) {
        self.synced.fetch_max(lsn.0, Ordering::AcqRel);
    }
}

impl Engine {
    pub(crate) fn commit(&self, lsn: Lsn) -> Result<()> {
        // An LSN that was never given out would be waited for in vain.
        let lsn = lsn.min(self.last_lsn());
        if let Some(outcome) = self.outcome(lsn, false) {
            return outcome;
        }
        if self.mode() != SyncMode::Always {
            return self.hand_over();
        }
        let mut waiting = lock(&self.progress.waiting);
        loop {
            if let Some(outcome) = self.outcome(lsn, waiting.closed) {
                return outcome;
            }
            if waiting.leading {
                waiting = wait(&self.progress.done, waiting);
            } else {
                waiting.leading = true;
                drop(waiting);
                let result = self.sync_round();
                self.end_round();
                result?;
                waiting = lock(&self.progress.waiting);
            }
        }
    }

    /// What is known about `lsn`, by the promise of the mode; `None` while it is open.
    fn outcome(&self, lsn: Lsn, closed: bool) -> Option<Result<()>> {
        let reached = match self.mode() {
            SyncMode::Always => &self.progress.synced,
            SyncMode::Never | SyncMode::EverySec => &self.progress.written,
        };
        if reached.load(Ordering::Acquire) >= lsn.0 {
            return Some(Ok(()));
        }
        match self.poison.check() {
            Err(error) => Some(Err(error)),
            Ok(()) => closed.then_some(Err(LogError::Closed)),
        }
    }

    fn hand_over(&self) -> Result<()> {
        self.write_out().map(drop)
    }

    fn end_round(&self) {
        lock(&self.progress.waiting).leading = false;
        self.settle();
    }

    /// Wakes who waits, to look again. Never under another lock: a waker is the caller's code.
    pub(crate) fn settle(&self) {
        let wakers = std::mem::take(&mut lock(&self.progress.waiting).wakers);
        self.progress.done.notify_all();
        self.progress.work.notify_all();
        // Who is not served yet asks again; that is rarer than to be served, so all are woken.
        wakers.into_iter().for_each(|waiter| waiter.waker.wake());
    }

    /// The committer thread: leads for futures, and once per second in `SyncMode::EverySec`.
    pub(crate) fn run_committer(&self) {
        let mut tick = Instant::now() + EVERY;
        let mut waiting = lock(&self.progress.waiting);
        while !waiting.stop {
            let mode = self.mode();
            let now = Instant::now();
            let due = match mode {
                SyncMode::Never => false,
                SyncMode::EverySec => now >= tick && self.is_dirty(),
                SyncMode::Always => !waiting.wakers.is_empty(),
            };
            if now >= tick {
                tick = now + EVERY;
            }
            // Of a poisoned log too: the round fails at once, and ends with waking who waits.
            if due && !waiting.leading {
                waiting.leading = true;
                drop(waiting);
                // Its error is kept by the poison, and reaches everyone who waits.
                let _ = self.sync_round();
                self.end_round();
                waiting = lock(&self.progress.waiting);
            } else if mode == SyncMode::EverySec {
                let timeout = tick.saturating_duration_since(now);
                let woken = self.progress.work.wait_timeout(waiting, timeout);
                waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                waiting = wait(&self.progress.work, waiting);
            }
        }
    }

    fn is_dirty(&self) -> bool {
        self.last_lsn().0 > self.progress.synced.load(Ordering::Acquire)
    }

    pub(crate) fn stop_committer(&self) {
        lock(&self.progress.waiting).stop = true;
        self.progress.work.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.progress.waiting).closed
    }

    /// From here on, what is not known to be committed never will be.
    pub(crate) fn set_closed(&self) {
        lock(&self.progress.waiting).closed = true;
        self.settle();
    }
}

/// Resolves once a write has what the sync mode promises; returned by [`Log::committed`](crate::Log::committed).
///
/// Runs on any executor. Dropping it abandons the wait, not the write.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Committed {
    engine: Arc<Engine>,
    lsn: Lsn,
    ticket: Option<u64>,
}

impl Committed {
    pub(crate) fn new(engine: Arc<Engine>, lsn: Lsn) -> Self {
        let lsn = lsn.min(engine.last_lsn());
        Self { engine, lsn, ticket: None }
    }
}

impl Future for Committed {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let engine = Arc::clone(&self.engine);
        if let Some(outcome) = engine.outcome(self.lsn, false) {
            return Poll::Ready(outcome);
        }
        if engine.mode() != SyncMode::Always {
            return Poll::Ready(engine.hand_over());
        }
        if let Some(error) = engine.full_error() {
            return Poll::Ready(Err(error));
        }
        let mut waiting = lock(&engine.progress.waiting);
        // Again, under the lock that `settle` takes: otherwise a round that ends right here would wake nobody.
        if let Some(outcome) = engine.outcome(self.lsn, waiting.closed) {
            return Poll::Ready(outcome);
        }
        let known =
            self.ticket.and_then(|ticket| waiting.wakers.iter_mut().find(|waiter| waiter.ticket == ticket));
        match known {
            Some(waiter) => waiter.waker.clone_from(context.waker()),
            None => {
                waiting.tickets += 1;
                let ticket = waiting.tickets;
                self.ticket = Some(ticket);
                waiting.wakers.push(Waiter { ticket, waker: context.waker().clone() });
            }
        }
        drop(waiting);
        engine.progress.work.notify_one();
        Poll::Pending
    }
}

impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committed").field("lsn", &self.lsn).finish_non_exhaustive()
    }
}
