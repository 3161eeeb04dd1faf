//! Building a cache. The type keeps a cache without a bound from being built.

mod error;
mod plain;
mod plan;

use std::{
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    time::Duration,
};

use nuthatch_policy::{Policy, PolicyKind};

pub(crate) use self::plan::Plan;
pub use self::{error::BuildError, plan::StorageKind};
use crate::{Cache, Cause, Clock, Expiry, RandomState, leaving::FeedKey, listener::Listener};

/// The state of a [`Builder`] that was not told a capacity yet: it has no `build`.
///
/// ```compile_fail
/// let cache: nuthatch_cache::Cache<u64, u64> = nuthatch_cache::Cache::builder().build().unwrap();
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
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<K, V, B = Unbounded, S = RandomState> {
    bound: B,
    options: Options<K, V, S>,
    entries: PhantomData<fn(K, V)>,
}

/// What is independent of the kind of bound.
pub(crate) struct Options<K, V, S> {
    policy: PolicyChoice,
    storage: Option<StorageKind>,
    shards: Option<usize>,
    /// Key and value are `Copy`, says their owner.
    copied: bool,
    time_to_live: Option<Duration>,
    time_to_idle: Option<Duration>,
    refresh_after_write: Option<Duration>,
    stale_while_revalidate: Duration,
    stale_if_error: Duration,
    jitter: f64,
    expiry: Option<Box<dyn Expiry<K, V>>>,
    listener: Option<Listener<K, V>>,
    miss_causes: Option<FeedKey<K>>,
    clock: Clock,
    hasher: S,
}

enum PolicyChoice {
    Kind(PolicyKind),
    Own(Box<dyn Fn(u64) -> Box<dyn Policy>>),
}

impl<K, V> Options<K, V, RandomState> {
    fn new() -> Self {
        Self {
            policy: PolicyChoice::Kind(PolicyKind::Auto),
            storage: None,
            shards: None,
            copied: false,
            time_to_live: None,
            time_to_idle: None,
            refresh_after_write: None,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            jitter: 0.0,
            expiry: None,
            listener: None,
            miss_causes: None,
            clock: Clock::default(),
            hasher: RandomState::default(),
        }
    }
}

impl<K, V> Builder<K, V> {
    pub(crate) fn new() -> Self {
        Self { bound: Unbounded(()), options: Options::new(), entries: PhantomData }
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
    /// Who leaves when the cache is full. Default: [`PolicyKind::Auto`]. A policy that is named runs on
    /// [exact](StorageKind::Exact) storage.
    pub fn policy(mut self, policy: PolicyKind) -> Self {
        self.options.policy = PolicyChoice::Kind(policy);
        self
    }

    /// As [`policy`](Self::policy), for a policy of your own, or one of ours with parameters of your own: `build` is called
    /// once per shard, with the shard's share of the capacity.
    pub fn policy_with<P: Policy + 'static>(mut self, build: impl Fn(u64) -> P + 'static) -> Self {
        self.options.policy = PolicyChoice::Own(Box::new(move |capacity| Box::new(build(capacity))));
        self
    }

    /// How the entries are kept. Default: what fits the other settings; [`Cache::storage`] says what that was.
    pub fn storage(mut self, storage: StorageKind) -> Self {
        self.options.storage = Some(storage);
        self
    }

    /// How long an entry lives after it was written, unless it is inserted with a time of its own. Default: forever.
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.options.time_to_live = Some(ttl);
        self
    }

    /// How long an entry lives after it was last read or written. Default: forever. Reads take a lock then.
    pub fn time_to_idle(mut self, tti: Duration) -> Self {
        self.options.time_to_idle = Some(tti);
        self
    }

    /// What decides how long each entry lives, before [`time_to_live`](Self::time_to_live) does. Called while the entry's
    /// place is locked; it must not use the cache. Reads take a lock then.
    pub fn expiry(mut self, expiry: impl Expiry<K, V> + 'static) -> Self {
        self.options.expiry = Some(Box::new(expiry));
        self
    }

    /// Shortens each time to live by a random part of up to this share of it, from 0 to 1, so that what was written
    /// together does not expire together. Default: 0.
    pub fn jitter(mut self, share: f64) -> Self {
        self.options.jitter = share;
        self
    }

    /// From this age on, the next caller who would load an entry loads it afresh, while it goes on being served.
    pub fn refresh_after_write(mut self, age: Duration) -> Self {
        self.options.refresh_after_write = Some(age);
        self
    }

    /// For so long after its time an entry is still served to those who would load it, while one of them does.
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.options.stale_while_revalidate = window;
        self
    }

    /// For so long after its time an entry is still served to those whose loader fails.
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.options.stale_if_error = window;
        self
    }

    /// Is told of each entry that leaves, and why. Default: nobody.
    ///
    /// Called by whoever makes the entry leave, before its call returns and after all locks were given back: it may use
    /// the cache. If it panics, it is told of the others that leave with that call all the same, and the panic goes on to
    /// the caller. Dropping a cache tells nothing.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use nuthatch_cache::{Cache, Cause};
    ///
    /// let (sender, gone) = mpsc::channel();
    /// let cache = Cache::builder()
    ///     .capacity(1)
    ///     .listener(move |key: &u32, _: &&str, cause| sender.send((*key, cause)).unwrap())
    ///     .build()?;
    /// cache.insert(1, "one");
    /// cache.insert(2, "two");
    /// cache.remove(&2);
    /// assert_eq!(gone.try_iter().collect::<Vec<_>>(), [(1, Cause::Size), (2, Cause::Explicit)]);
    /// # Ok::<(), nuthatch_cache::BuildError>(())
    /// ```
    pub fn listener(mut self, listener: impl Fn(&K, &V, Cause) + Send + Sync + 'static) -> Self {
        self.options.listener = Some(Box::new(listener));
        self
    }

    /// Remembers of keys that left why they did, so that [`Stats::miss_causes`](crate::Stats::miss_causes) can say what
    /// would have made hits of the misses. Default: only what a look-up meets itself is known.
    ///
    /// Costs two bytes for each entry of the capacity at once, rounded up to a power of two (128 KiB where entries are
    /// weighed), a hash of the key and a store for each entry that leaves, and a load for each miss. The memory is
    /// short: of as many departures as the capacity, five of eight are forgotten and count as cold.
    pub fn record_miss_causes(mut self) -> Self
    where
        K: Hash,
    {
        self.options.miss_causes = Some(|mut hasher, key| key.hash(&mut hasher));
        self
    }

    /// How many locks the keys are spread over, rounded up to a power of two, at most 1024. Default: eight per
    /// processor, fewer for a small cache and one for up to 2047 entries. Implies [exact](StorageKind::Exact) storage.
    ///
    /// With one shard the policy sees all requests in order, as in the simulator.
    pub fn shards(mut self, shards: usize) -> Self {
        self.options.shards = Some(shards);
        self
    }

    /// Says that key and value are `Copy`, so that they may be read without a lock. For the number types and some more of
    /// the standard library this is known without being said.
    pub fn copied(mut self) -> Self
    where
        K: Copy,
        V: Copy,
    {
        self.options.copied = true;
        self
    }

    /// The clock that expiry goes by. Default: the system's monotonic clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock;
        self
    }

    /// How keys are hashed. Default: [`RandomState`].
    pub fn hasher<T: BuildHasher>(self, hasher: T) -> Builder<K, V, B, T> {
        let options = self.options;
        Builder {
            bound: self.bound,
            options: Options {
                policy: options.policy,
                storage: options.storage,
                shards: options.shards,
                copied: options.copied,
                time_to_live: options.time_to_live,
                time_to_idle: options.time_to_idle,
                refresh_after_write: options.refresh_after_write,
                stale_while_revalidate: options.stale_while_revalidate,
                stale_if_error: options.stale_if_error,
                jitter: options.jitter,
                expiry: options.expiry,
                listener: options.listener,
                miss_causes: options.miss_causes,
                clock: options.clock,
                hasher,
            },
            entries: PhantomData,
        }
    }
}

impl<K, V, S: BuildHasher> Builder<K, V, Entries, S> {
    /// Builds the cache. Memory for entries is taken as they come.
    ///
    /// # Errors
    ///
    /// If a setting cannot be, or would have no effect; the error names it.
    pub fn build(self) -> Result<Cache<K, V, S>, BuildError> {
        Plan::new(self.bound.capacity, None, self.options).map(Cache::planned)
    }
}

impl<K, V, W, S: BuildHasher> Builder<K, V, Weighed<W>, S> {
    /// Builds the cache. Memory for entries is taken as they come.
    ///
    /// # Errors
    ///
    /// If a setting cannot be, or would have no effect; the error names it.
    pub fn build(self) -> Result<Cache<K, V, S>, BuildError>
    where
        W: Fn(&K, &V) -> u64 + Send + Sync + 'static,
    {
        Plan::new(self.bound.capacity, Some(Box::new(self.bound.weigher)), self.options).map(Cache::planned)
    }
}
