//! How long to measure.

use std::time::Duration;

/// How much work a run puts into each figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Everything that can be asked, rather than what is worth asking often.
    pub(crate) full: bool,
    /// Turns of each subject at each measure.
    pub(crate) rounds: usize,
    /// Operations of one turn, for each core that works on it.
    pub(crate) operations: usize,
    /// How long a turn may take: a slow subject does fewer operations.
    pub(crate) turn: Duration,
    /// Fresh caches of each subject where a figure needs a cache's whole life: memory and hit ratio.
    pub(crate) lives: usize,
    /// Processor time that a process which measures memory may take.
    pub(crate) life: Duration,
    /// How often a turn may be repeated because other processes disturbed it.
    pub(crate) attempts: usize,
    /// How long a server is loaded in one turn.
    pub(crate) window: Duration,
    /// Keys that servers hold.
    pub(crate) keys: u32,
    /// Keys that are on a disk when a store is opened.
    pub(crate) keys_on_disk: u64,
    /// Requests of a trace that is replayed.
    pub(crate) requests: usize,
}

impl Effort {
    pub(crate) const QUICK: Self = Self {
        full: false,
        rounds: 5,
        operations: 1 << 19,
        turn: Duration::from_millis(30),
        lives: 1,
        life: Duration::from_secs(15),
        attempts: 1,
        window: Duration::from_secs(1),
        keys: 100_000,
        keys_on_disk: 1_000_000,
        requests: 4_000_000,
    };
    pub(crate) const FULL: Self = Self {
        full: true,
        rounds: 15,
        operations: 1 << 20,
        turn: Duration::from_millis(100),
        lives: 3,
        life: Duration::from_mins(5),
        attempts: 3,
        window: Duration::from_secs(3),
        keys: 1_000_000,
        keys_on_disk: 10_000_000,
        requests: 20_000_000,
    };
}
