//! The keyspace itself: memory over a log, and the two ways to them, reading a key and changing it.

use std::{
    future::Future,
    hash::RandomState,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use nuthatch_cache::{Cache, Clock, PolicyKind, Stats};
use nuthatch_log::{Batch, Log, LogError, Lsn};

use crate::{KeyspaceError, Value, stripes::Stripes};

/// How much memory may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// So many bytes: keys, values, and [`ENTRY_OVERHEAD`] for each entry.
    Bytes(u64),
    /// So many entries.
    Entries(u64),
}

/// What a keyspace shall be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much memory may hold. Default: 1 GiB.
    pub bound: Bound,
    /// Who leaves memory when it is full.
    pub policy: PolicyKind,
    /// The clock that expiry goes by.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self { bound: Bound::Bytes(1 << 30), policy: PolicyKind::Auto, clock: Clock::default() }
    }
}

/// Bytes that an entry costs beside its key and value, as measured: its places in the slab, the hash table and the
/// policy, and what the allocator adds.
pub const ENTRY_OVERHEAD: u64 = 160;

/// Redis values under keys. Shared by reference between threads; all methods take `&self`.
///
/// Reads and writes of a keyspace with a log may block on the disk: a read when memory does not have the key, a write when
/// the log's buffer is full.
pub struct Keyspace {
    /// Keyed by what clients send, hence the standard library's SipHash: docs/decisions/0003-hash.md.
    memory: Cache<Key, Item, RandomState>,
    log: Option<Log>,
    pub(crate) stripes: Stripes,
    /// Where the next sweep of the log goes on.
    pub(crate) log_swept: AtomicU64,
    clock: Clock,
    bound: Bound,
    policy: PolicyKind,
    log_hits: AtomicU64,
    log_misses: AtomicU64,
}

/// Two words, where a `Vec` takes three.
type Key = Box<[u8]>;

/// A value and when it expires.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) value: Value,
    /// Milliseconds since the Unix epoch.
    pub(crate) expires_at: Option<u64>,
}

/// What a change makes of a key.
pub(crate) enum Change {
    Keep,
    Put(Item),
    Delete,
}

impl Keyspace {
    /// Longest key in bytes.
    pub const KEY_LEN_MAX: usize = u16::MAX as usize;

    /// A keyspace that holds what memory holds: what is evicted is gone.
    #[must_use]
    pub fn in_memory(options: &Options) -> Self {
        Self::new(options, None)
    }

    /// A keyspace that keeps everything in `log`, with memory as its cache.
    #[must_use]
    pub fn on_log(options: &Options, log: Log) -> Self {
        Self::new(options, Some(log))
    }

    fn new(options: &Options, log: Option<Log>) -> Self {
        let memory = Cache::builder().hasher(RandomState::new());
        let memory = match options.bound {
            Bound::Entries(entries) => {
                memory.capacity(entries).policy(options.policy).clock(options.clock.clone()).build()
            }
            Bound::Bytes(bytes) => memory
                .weight_capacity(bytes)
                .weigher(|key: &Key, item: &Item| weigh(key, item))
                .policy(options.policy)
                .clock(options.clock.clone())
                .build(),
        };
        #[expect(clippy::expect_used, reason = "none of these settings can be wrong")]
        let memory = memory.expect("a bound, a policy and a clock");
        Self {
            memory,
            log,
            stripes: Stripes::new(),
            log_swept: AtomicU64::new(0),
            clock: options.clock.clone(),
            bound: options.bound,
            policy: options.policy,
            log_hits: AtomicU64::new(0),
            log_misses: AtomicU64::new(0),
        }
    }

    /// The log underneath, if there is one.
    #[must_use]
    pub const fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    /// How much memory may hold.
    #[must_use]
    pub const fn bound(&self) -> Bound {
        self.bound
    }

    /// Who leaves memory when it is full.
    #[must_use]
    pub const fn policy(&self) -> PolicyKind {
        self.policy
    }

    /// The time that expiry goes by, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_millis(&self) -> u64 {
        self.clock.unix_millis()
    }

    pub(crate) const fn memory(&self) -> &Cache<Key, Item, RandomState> {
        &self.memory
    }

    /// Up to where the log has been written, acknowledged or not. `None` without a log.
    #[must_use]
    pub fn last_write(&self) -> Option<Lsn> {
        self.log.as_ref().map(Log::last_lsn)
    }

    /// Completes once all writes up to `write` survive what the log's sync mode says they survive.
    ///
    /// # Errors
    ///
    /// The log's. Whether the writes are durable is not known then; the log refuses all that come later.
    pub fn committed(&self, write: Lsn) -> impl Future<Output = Result<(), LogError>> + Send + use<'_> {
        let committed = self.log.as_ref().map(|log| log.committed(write));
        async move {
            match committed {
                Some(committed) => committed.await,
                None => Ok(()),
            }
        }
    }

    /// What has been seen and is held.
    #[must_use]
    pub fn stats(&self) -> KeyspaceStats {
        let memory = self.memory.stats();
        let log = self.log.as_ref().map(Log::stats);
        let log_hits = self.log_hits.load(Relaxed);
        let misses = if log.is_some() { self.log_misses.load(Relaxed) } else { memory.misses };
        KeyspaceStats { memory, memory_capacity: self.memory.capacity(), log, log_hits, misses }
    }

    /// The item of `key`, from memory or else from the log, which memory then keeps a copy of.
    pub(crate) fn read(&self, key: &[u8]) -> Result<Option<Item>, KeyspaceError> {
        if let Some(item) = self.memory.get(key) {
            return Ok(Some(item));
        }
        if self.log.is_none() {
            return Ok(None);
        }
        // Under the stripe, so that a writer cannot come between the log's answer and its copy in memory.
        let _stripe = self.stripes.lock(key);
        let item = self.read_log(key)?;
        self.count(item.is_some());
        if let Some(item) = &item {
            self.remember(key, item.clone());
        }
        Ok(item)
    }

    /// Replaces what `key` holds by what `change` makes of it, as one step. Returns what `change` returns beside.
    pub(crate) fn update<R>(
        &self,
        key: &[u8],
        change: impl FnOnce(Option<&Item>) -> Result<(Change, R), KeyspaceError>,
    ) -> Result<R, KeyspaceError> {
        let _stripe = self.stripes.lock(key);
        let held = match self.memory.get(key) {
            Some(item) => Some(item),
            None => self.read_log(key)?,
        };
        let (change, result) = change(held.as_ref())?;
        match change {
            Change::Keep => {}
            Change::Put(item) => self.put(key, item)?,
            Change::Delete => self.delete(key)?,
        }
        Ok(result)
    }

    /// Writes `item` under `key`, whose stripe the caller holds. An item whose time has passed deletes the key.
    pub(crate) fn put(&self, key: &[u8], item: Item) -> Result<(), KeyspaceError> {
        self.check(key, &item)?;
        if item.expires_at.is_some_and(|at| at <= self.clock.unix_millis()) {
            return self.delete(key);
        }
        if let Some(log) = &self.log {
            log.put(key, item.value.encoded(), item.expires_at)?;
        }
        self.remember(key, item);
        Ok(())
    }

    /// Writes checked `items` as one step; the caller holds all their stripes.
    pub(crate) fn put_many(&self, items: Vec<(&[u8], Item)>) -> Result<(), KeyspaceError> {
        if let Some(log) = &self.log {
            let mut batch = Batch::new();
            for (key, item) in &items {
                batch.put(key, item.value.encoded(), item.expires_at)?;
            }
            log.append(&batch)?;
        }
        for (key, item) in items {
            self.remember(key, item);
        }
        Ok(())
    }

    /// Refuses what could not be kept, before anything is written.
    pub(crate) fn check(&self, key: &[u8], item: &Item) -> Result<(), KeyspaceError> {
        if key.len() > Self::KEY_LEN_MAX {
            return Err(KeyspaceError::KeyTooLong { len: key.len(), max: Self::KEY_LEN_MAX });
        }
        let len = item.value.bytes().len();
        if len > Value::LEN_MAX {
            return Err(KeyspaceError::ValueTooLong { len, max: Value::LEN_MAX });
        }
        match self.bound {
            Bound::Bytes(capacity) if self.log.is_none() && weigh(key, item) > capacity => {
                Err(KeyspaceError::LargerThanMemory { weight: weigh(key, item), capacity })
            }
            _ => Ok(()),
        }
    }

    /// Deletes `key`, whose stripe the caller holds.
    fn delete(&self, key: &[u8]) -> Result<(), KeyspaceError> {
        if let Some(log) = &self.log {
            log.delete(key)?;
        }
        self.memory.remove(key);
        Ok(())
    }

    /// Puts a copy of what the log has, or of what there is, into memory.
    pub(crate) fn remember(&self, key: &[u8], item: Item) {
        match item.expires_at {
            None => drop(self.memory.insert(key.into(), item)),
            Some(at) => {
                let left = Duration::from_millis(at.saturating_sub(self.clock.unix_millis()));
                drop(self.memory.insert_with_ttl(key.into(), item, left));
            }
        }
    }

    /// What the log holds of `key`. An expired record is forgotten on the way.
    fn read_log(&self, key: &[u8]) -> Result<Option<Item>, KeyspaceError> {
        let Some(log) = &self.log else { return Ok(None) };
        let now = self.clock.unix_millis();
        let Some(entry) = log.get(key)? else { return Ok(None) };
        if entry.expires_at.is_some_and(|at| at <= now) {
            log.forget_expired(key, now)?;
            return Ok(None);
        }
        let value = Value::decode(entry.value.into()).ok_or(KeyspaceError::UnknownKind)?;
        Ok(Some(Item { value, expires_at: entry.expires_at }))
    }

    fn count(&self, hit: bool) {
        let counter = if hit { &self.log_hits } else { &self.log_misses };
        counter.fetch_add(1, Relaxed);
    }
}

/// What a keyspace has seen and holds.
#[derive(Clone, Copy, Debug)]
pub struct KeyspaceStats {
    /// Of memory: without a log, its hits and misses are the keyspace's own.
    pub memory: Stats,
    /// What memory may hold, in the unit of the bound.
    pub memory_capacity: u64,
    /// Of the log, if there is one.
    pub log: Option<nuthatch_log::Stats>,
    /// Reads that the log answered.
    pub log_hits: u64,
    /// Reads that found nothing anywhere.
    pub misses: u64,
}

impl KeyspaceStats {
    /// Reads that found a value.
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.memory.hits + self.log_hits
    }
}

fn weigh(key: &[u8], item: &Item) -> u64 {
    (key.len() + item.value.encoded().len()) as u64 + ENTRY_OVERHEAD
}
