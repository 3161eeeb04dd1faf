//! From what was asked for to what is built: which storage, of what shape.

use std::{hash::BuildHasher, thread, time::Duration};

use nuthatch_policy::{Policy, PolicyKind};

use super::{BuildError, Options, PolicyChoice, plain::is_copy};
use crate::{
    Clock, RandomState,
    cache::Weigher,
    leaving::Memory,
    lifetimes::Lifetimes,
    listener::Listener,
    storage::{Exact, Sets, Storage},
};

/// Up to this many entries a cache is exact, unless told otherwise: nothing leaves before it is full.
const EXACT_ENTRIES: u64 = 1024;
/// Fewer entries than this in a shard, and its policy sees too little of the stream to choose well.
const ENTRIES_PER_SHARD_MIN: u64 = 1024;
const SHARDS_MAX: usize = 1024;
/// Sets take memory for their first entries at once, in proportion to the capacity.
const SETS_ENTRIES_MAX: u64 = 1 << 32;

/// All that a cache is made of.
pub(crate) struct Plan<K, V, S> {
    pub(crate) storage: Storage<K, V>,
    pub(crate) lifetimes: Lifetimes<K, V>,
    pub(crate) weigher: Option<Weigher<K, V>>,
    pub(crate) listener: Option<Listener<K, V>>,
    pub(crate) memory: Option<Memory<K, S>>,
    pub(crate) clock: Clock,
    pub(crate) policy: Option<PolicyKind>,
    pub(crate) hasher: S,
}

/// How the entries of a cache are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageKind {
    /// Shards under any policy: for caches that are small, weigh their entries or name a policy. Full means full.
    Exact,
    /// Sets of sixteen: for large caches bounded by entries, under the default policy. Faster and smaller; an entry may
    /// leave when its two sets are full: about one in ten thousand does at half the capacity, one in two hundred at four
    /// fifths, one in twenty when as many have come as the capacity says.
    Sets,
}

impl<K, V> Plan<K, V, RandomState> {
    /// For a cache of up to `capacity` entries and nothing special.
    pub(crate) fn plain(capacity: u64) -> Self {
        Self {
            storage: storage(capacity, false, &Options::new()),
            lifetimes: Lifetimes::default(),
            weigher: None,
            listener: None,
            memory: None,
            clock: Clock::default(),
            policy: Some(PolicyKind::Auto),
            hasher: RandomState::default(),
        }
    }
}

impl<K, V, S: BuildHasher> Plan<K, V, S> {
    pub(crate) fn new(
        capacity: u64,
        weigher: Option<Weigher<K, V>>,
        mut options: Options<K, V, S>,
    ) -> Result<Self, BuildError> {
        options.check()?;
        if options.storage == Some(StorageKind::Sets) && weigher.is_none() && capacity > SETS_ENTRIES_MAX {
            let problem =
                format!("sets are for up to {SETS_ENTRIES_MAX} entries, not {capacity}: leave it out");
            return Err(BuildError::new("storage", problem));
        }
        // Weights say nothing of how many entries there are.
        let entries = if weigher.is_some() { 1 << 16 } else { capacity };
        let lifetimes = Lifetimes::default()
            .live(options.time_to_live)
            .idle(options.time_to_idle)
            .refresh(options.refresh_after_write)
            .stale(options.stale_while_revalidate, options.stale_if_error)
            .jitter(options.jitter)
            .expiry(options.expiry.take());
        Ok(Self {
            storage: storage(capacity, weigher.is_some(), &options),
            lifetimes,
            memory: options.miss_causes.map(|feed| Memory::new(entries, feed)),
            listener: options.listener,
            weigher,
            policy: options.policy.kind(),
            clock: options.clock,
            hasher: options.hasher,
        })
    }
}

fn storage<K, V, S>(capacity: u64, weighed: bool, options: &Options<K, V, S>) -> Storage<K, V> {
    let any_policy = !matches!(options.policy, PolicyChoice::Kind(PolicyKind::Auto));
    let exact = weighed || any_policy || options.shards.is_some() || capacity > SETS_ENTRIES_MAX;
    let kind = options.storage.unwrap_or(StorageKind::Sets);
    if exact || kind == StorageKind::Exact || (options.storage.is_none() && capacity <= EXACT_ENTRIES) {
        let shards = shards(capacity, options.shards);
        return Storage::Exact(Exact::new(capacity, weighed, shards, |share| options.policy.build(share)));
    }
    let copied = options.copied || (is_copy::<K>() && is_copy::<V>());
    Storage::Sets(Sets::new(capacity, copied))
}

/// Enough shards that threads seldom meet, a power of two; one for a small cache, whose order is then exact.
fn shards(capacity: u64, wanted: Option<usize>) -> usize {
    let wanted = wanted.unwrap_or_else(|| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let fitting = usize::try_from(capacity / ENTRIES_PER_SHARD_MIN).unwrap_or(usize::MAX);
        (8 * threads).next_power_of_two().min(fitting.checked_ilog2().map_or(1, |log| 1 << log))
    });
    wanted.clamp(1, SHARDS_MAX).next_power_of_two()
}

impl PolicyChoice {
    const fn kind(&self) -> Option<PolicyKind> {
        match self {
            Self::Kind(kind) => Some(*kind),
            Self::Own(_) => None,
        }
    }

    fn build(&self, capacity: u64) -> Box<dyn Policy> {
        match self {
            Self::Kind(kind) => kind.build(capacity),
            Self::Own(build) => build(capacity),
        }
    }
}

impl<K, V, S> Options<K, V, S> {
    fn check(&self) -> Result<(), BuildError> {
        if !(0.0..=1.0).contains(&self.jitter) {
            let problem = format!("{} is not a share between 0 and 1 of the time to live", self.jitter);
            return Err(BuildError::new("jitter", problem));
        }
        let dies = self.time_to_live.is_some() || self.expiry.is_some();
        let windows = [
            ("stale_while_revalidate", self.stale_while_revalidate),
            ("stale_if_error", self.stale_if_error),
        ];
        for (field, window) in windows {
            if window > Duration::ZERO && !dies {
                let problem =
                    "has no effect on entries that never expire: set time_to_live or expiry as well";
                return Err(BuildError::new(field, problem));
            }
        }
        if self.jitter > 0.0 && !dies && self.refresh_after_write.is_none() {
            let problem = "has no effect on entries that never expire: set time_to_live or expiry as well";
            return Err(BuildError::new("jitter", problem));
        }
        let durations = [
            ("time_to_live", self.time_to_live),
            ("time_to_idle", self.time_to_idle),
            ("refresh_after_write", self.refresh_after_write),
        ];
        for (field, duration) in durations {
            if duration == Some(Duration::ZERO) {
                return Err(BuildError::new(field, "a duration of zero: nothing would ever be served"));
            }
        }
        let own = matches!(self.policy, PolicyChoice::Kind(PolicyKind::Auto));
        if self.storage == Some(StorageKind::Sets) && (!own || self.shards.is_some()) {
            let problem = "sets have a policy of their own and no shards: leave out policy and shards";
            return Err(BuildError::new("storage", problem));
        }
        Ok(())
    }
}
