//! The cache itself: what it is made of, and what it says about itself.

use std::{
    fmt,
    hash::{BuildHasher, Hash},
    sync::OnceLock,
};

use nuthatch_policy::spread;

use crate::{
    Builder, Cause, Clock, PolicyKind, RandomState, Stats, StorageKind,
    builder::Plan,
    counters::Counters,
    flights::Flights,
    leaving::Memory,
    lifetimes::{Lifetimes, State},
    listener::Listener,
    storage::{Departed, Place, Slot, Stamps, Storage},
    tags::Tags,
    ticks::{Now, Ticks},
};

pub(crate) type Weigher<K, V> = Box<dyn Fn(&K, &V) -> u64 + Send + Sync>;

/// A concurrent cache. See the [crate documentation](crate) for how it works and an example.
///
/// All methods take `&self`; share it by reference or in an `Arc`. Values are cloned out: put large ones in an `Arc`, or
/// read them in place with [`get_with`](Self::get_with) or [`get_ref`](Self::get_ref).
///
/// `Eq` of keys, `Clone` of values and the closures of methods that say so run while the place of the key is locked, which
/// others have their entries in as well: they must not use the same cache, or they may wait for themselves for ever. A
/// thread that does so while it holds a guard ([`Ref`](crate::Ref), [`RefMut`](crate::RefMut), [`Entry`](crate::Entry))
/// panics instead, and says why.
pub struct Cache<K, V, S = RandomState> {
    pub(crate) storage: Storage<K, V>,
    pub(crate) lifetimes: Lifetimes<K, V>,
    /// Reads may move deadlines.
    pub(crate) reads_matter: bool,
    /// Entries have no deadlines but what they bring, and all weigh the same: so an insert need not ask.
    pub(crate) plain: bool,
    pub(crate) counters: Counters,
    pub(crate) flights: Flights<K, V>,
    /// Made with the first entry that has a tag.
    pub(crate) tags: OnceLock<Box<Tags>>,
    pub(crate) listener: Option<Listener<K, V>>,
    pub(crate) memory: Option<Memory<K, S>>,
    weigher: Option<Weigher<K, V>>,
    pub(crate) clock: Clock,
    policy: Option<PolicyKind>,
    pub(crate) hasher: S,
}

impl<K, V> Cache<K, V> {
    /// Starts building a cache. It can be built once it knows its capacity.
    pub fn builder() -> Builder<K, V> {
        Builder::new()
    }

    /// A cache of up to `capacity` entries and nothing special: [`builder`](Self::builder) has all the rest.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self::planned(Plan::plain(capacity))
    }
}

impl<K, V, S> Cache<K, V, S> {
    pub(crate) fn planned(plan: Plan<K, V, S>) -> Self {
        let capacity = plan.storage.capacity();
        let reads_matter = plan.lifetimes.reads_matter();
        if reads_matter {
            plan.storage.kept().make_reads_busy();
        }
        Self {
            reads_matter,
            plain: plan.lifetimes.is_plain() && plan.weigher.is_none(),
            lifetimes: plan.lifetimes,
            counters: Counters::new(capacity),
            flights: Flights::new(capacity),
            tags: OnceLock::new(),
            listener: plan.listener,
            memory: plan.memory,
            weigher: plan.weigher,
            clock: plan.clock,
            policy: plan.policy,
            hasher: plan.hasher,
            storage: plan.storage,
        }
    }

    /// The most weight (entries, without a weigher) that the cache holds.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.storage.capacity()
    }

    /// The weight held now, never more than the capacity. O(1) where entries are weighed or a policy was named, else
    /// as [`len`](Self::len).
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.storage.weight()
    }

    /// How many entries are held, expired ones included until they are met or swept. O(n / 16), looks at all places.
    #[must_use]
    pub fn len(&self) -> usize {
        let len = self.storage.len();
        if self.weigher.is_some() {
            return len;
        }
        // Places are looked at one after another; an entry that came and one that had left for it may both be counted.
        len.min(usize::try_from(self.capacity()).unwrap_or(usize::MAX))
    }

    /// Whether no entry is held. As [`len`](Self::len).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How the entries are kept: what the builder picked.
    #[must_use]
    pub const fn storage(&self) -> StorageKind {
        match self.storage {
            Storage::Exact(_) => StorageKind::Exact,
            Storage::Sets(_) => StorageKind::Sets,
        }
    }

    /// About how many bytes the cache has allocated: entries, free places, the index, the policy, counters, tags and what
    /// else the builder switched on. What keys and values own outside of themselves is not counted: weigh it, if it
    /// matters. Nearly exact for sets; on exact storage the policy is taken for 32 bytes an entry, and is 7 to 136. Costs as [`len`](Self::len), or less.
    #[must_use]
    pub fn approximate_memory(&self) -> usize {
        size_of::<Self>()
            + self.storage.bytes()
            + self.counters.bytes()
            + self.tags.get().map_or(0, |tags| tags.bytes())
            + self.memory.as_ref().map_or(0, Memory::bytes)
    }

    /// Which policy says who leaves; none if it is one of the user's own.
    #[must_use]
    pub const fn policy(&self) -> Option<PolicyKind> {
        self.policy
    }

    /// What the cache has seen and holds. As [`len`](Self::len).
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::new(&self.counters.sum(), self.len() as u64, self.weight())
    }

    pub(crate) fn weigh(&self, key: &K, value: &V) -> u64 {
        self.weigher.as_ref().map_or(1, |weigher| weigher(key, value))
    }

    /// The present, exact.
    pub(crate) fn now(&self) -> Now {
        Now::of(&self.clock)
    }

    /// The present for those who compare: looked up only if entries have deadlines.
    pub(crate) fn ticks(&self) -> Ticks {
        if self.storage.kept().any() { self.now().ticks() } else { Ticks(0) }
    }

    /// What an entry is good for.
    #[inline]
    pub(crate) fn state(&self, stamps: &Stamps) -> State {
        if self.storage.kept().any() {
            self.lifetimes.state(|| self.now().ticks(), &stamps.times)
        } else {
            State::Fresh
        }
    }

    /// Why an entry is to go as soon as it is met, if it is.
    pub(crate) fn doom(&self, stamps: &Stamps) -> Option<Cause> {
        if self.state(stamps) == State::Dead {
            return Some(Cause::Expired);
        }
        (!self.is_valid(stamps)).then_some(Cause::Tag)
    }

    /// Takes out the entry at `found` if its time has come.
    #[inline]
    pub(crate) fn living(
        &self,
        place: &mut Place<'_, K, V>,
        found: Option<Slot>,
        departed: &mut Departed<K, V>,
    ) -> Option<Slot> {
        let slot = found?;
        if self.storage.kept().any()
            && let Some(cause) = self.doom(&place.stamps(slot))
        {
            departed.push(place.take(slot), cause);
            return None;
        }
        Some(slot)
    }
}

impl<K, V, S: BuildHasher> Cache<K, V, S> {
    #[inline]
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        spread(self.hasher.hash_one(key))
    }
}

impl<K, V, S> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("capacity", &self.capacity()).field("stats", &self.stats()).finish()
    }
}
