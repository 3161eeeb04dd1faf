//! Building a cache. The type keeps a cache without a bound from being built.

use std::{hash::BuildHasher, marker::PhantomData, thread, time::Duration};

use nuthatch_policy::PolicyKind;

use crate::{Cache, Clock, RandomState};

/// The state of a [`Builder`] that was not told a capacity yet: it has no `build`.
///
/// ```compile_fail
/// let cache: nuthatch_cache::Cache<u64, u64> = nuthatch_cache::Cache::builder().build();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unbounded(());

/// The state of a [`Builder`] for a cache bounded by its number of entries.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    capacity: u64,
}

/// The state of a [`Builder`] that knows how much weight is allowed, but not yet what an entry weighs.
#[derive(Clone, Copy, Debug)]
pub struct Unweighed {
    capacity: u64,
}

/// The state of a [`Builder`] for a cache bounded by the sum of its entries' weights.
#[derive(Clone, Copy, Debug)]
pub struct Weighed<W> {
    capacity: u64,
    weigher: W,
}

/// What a cache shall be like; made by [`Cache::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<K, V, B = Unbounded, S = RandomState> {
    bound: B,
    options: Options<S>,
    entries: PhantomData<fn(K, V)>,
}

/// What is independent of the kind of bound.
#[derive(Clone, Debug)]
pub(crate) struct Options<S> {
    pub(crate) policy: PolicyKind,
    pub(crate) time_to_live: Option<Duration>,
    pub(crate) shards: Option<usize>,
    pub(crate) clock: Clock,
    pub(crate) hasher: S,
}

/// Fewer entries than this in a shard, and its policy sees too little of the stream to choose well.
const ENTRIES_PER_SHARD_MIN: u64 = 1024;
const SHARDS_MAX: usize = 1024;

impl<S> Options<S> {
    /// Enough shards that threads seldom meet, a power of two; one for a small cache, whose order is then exact.
    pub(crate) fn shards(&self, capacity: u64) -> usize {
        let wanted = self.shards.unwrap_or_else(|| {
            let threads = thread::available_parallelism().map_or(1, usize::from);
            let fitting = usize::try_from(capacity / ENTRIES_PER_SHARD_MIN).unwrap_or(usize::MAX);
            (8 * threads).next_power_of_two().min(fitting.checked_ilog2().map_or(1, |log| 1 << log))
        });
        wanted.clamp(1, SHARDS_MAX).next_power_of_two()
    }
}

impl<K, V> Builder<K, V> {
    pub(crate) fn new() -> Self {
        let options = Options {
            policy: PolicyKind::Auto,
            time_to_live: None,
            shards: None,
            clock: Clock::default(),
            hasher: RandomState::default(),
        };
        Self { bound: Unbounded(()), options, entries: PhantomData }
    }
}

impl<K, V, S> Builder<K, V, Unbounded, S> {
    /// Bounds the cache to `entries` entries. A cache of zero entries keeps nothing.
    pub fn capacity(self, entries: u64) -> Builder<K, V, Entries, S> {
        Builder { bound: Entries { capacity: entries }, options: self.options, entries: PhantomData }
    }

    /// Bounds the sum of the entries' weights, in a unit of your choice, usually bytes. Say next what an
    /// entry weighs, with [`weigher`](Builder::weigher). An entry that alone weighs more is refused.
    pub fn weight_capacity(self, weight: u64) -> Builder<K, V, Unweighed, S> {
        Builder { bound: Unweighed { capacity: weight }, options: self.options, entries: PhantomData }
    }
}

impl<K, V, S> Builder<K, V, Unweighed, S> {
    /// Says what an entry weighs. Called once per insertion; it must not use the cache. Zero is allowed: such an
    /// entry takes no room, but may still be chosen to leave.
    pub fn weigher<W>(self, weigher: W) -> Builder<K, V, Weighed<W>, S>
    where
        W: Fn(&K, &V) -> u64 + Send + Sync + 'static,
    {
        Builder {
            bound: Weighed { capacity: self.bound.capacity, weigher },
            options: self.options,
            entries: PhantomData,
        }
    }
}

impl<K, V, B, S> Builder<K, V, B, S> {
    /// Who leaves when the cache is full. Default: [`PolicyKind::Auto`].
    pub fn policy(mut self, policy: PolicyKind) -> Self {
        self.options.policy = policy;
        self
    }

    /// How long an entry lives after it was written, unless it is inserted with a time of its own. Default: forever.
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.options.time_to_live = Some(ttl);
        self
    }

    /// How many locks the keys are spread over, rounded up to a power of two, at most 1024. Default: eight per
    /// processor, fewer for a small cache and one for up to 2047 entries.
    ///
    /// With one shard the policy sees all requests in order, as in the simulator.
    pub fn shards(mut self, shards: usize) -> Self {
        self.options.shards = Some(shards);
        self
    }

    /// The clock that expiry goes by. Default: the system's monotonic clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock;
        self
    }

    /// How keys are hashed. Default: [`RandomState`].
    pub fn hasher<T: BuildHasher>(self, hasher: T) -> Builder<K, V, B, T> {
        let Options { policy, time_to_live, shards, clock, hasher: _ } = self.options;
        Builder {
            bound: self.bound,
            options: Options { policy, time_to_live, shards, clock, hasher },
            entries: PhantomData,
        }
    }
}

impl<K, V, S> Builder<K, V, Entries, S> {
    /// Builds the cache. Allocates its shards; entries are allocated as they come.
    #[must_use]
    pub fn build(self) -> Cache<K, V, S> {
        Cache::new(self.bound.capacity, None, self.options)
    }
}

impl<K, V, W, S> Builder<K, V, Weighed<W>, S> {
    /// Builds the cache. Allocates its shards; entries are allocated as they come.
    #[must_use]
    pub fn build(self) -> Cache<K, V, S>
    where
        W: Fn(&K, &V) -> u64 + Send + Sync + 'static,
    {
        Cache::new(self.bound.capacity, Some(Box::new(self.bound.weigher)), self.options)
    }
}
