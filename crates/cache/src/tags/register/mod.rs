//! Which tags are in use, who has them, and whether these are valid.

mod begun;
mod gates;
mod names;

use std::mem;

use crate::sync::{
    Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};
use begun::Begun;
use gates::Gates;
use names::Names;

/// An entry's set of tags, 24 bits, and the epoch in which its value was begun, 40 bits. Zero: no tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) u64);

/// The last epoch. Reached, after a million invalidations each second for 12 days, it stays, and whatever has a tag that
/// is invalidated from then on is refused for as long as the tag is in use: safe, and of no use.
pub(super) const EPOCH_MAX: u64 = (1 << 40) - 1;
const EPOCH_BITS: u32 = 40;
/// The most sets of tags in use at once; zero is none.
const SETS_MAX: u32 = (1 << 24) - 1;

impl Mark {
    /// The mark of an entry without tags: always valid, counted nowhere.
    pub(crate) const NONE: Self = Self(0);

    fn new(set: u32, epoch: u64) -> Self {
        Self((u64::from(set) << EPOCH_BITS) | epoch)
    }

    pub(super) const fn set(self) -> u32 {
        (self.0 >> EPOCH_BITS) as u32
    }

    const fn epoch(self) -> u64 {
        self.0 & EPOCH_MAX
    }
}

/// Why an entry with tags cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// One of its tags was invalidated after its value was begun.
    Outdated,
    /// As many sets of tags as there are numbers are in use.
    Full,
}

/// The tags of one cache.
#[derive(Debug)]
pub(crate) struct Tags {
    /// How many invalidations there were. Written under the lock of `names` alone.
    epoch: AtomicU64,
    gates: Gates,
    names: RwLock<Names>,
    begun: Mutex<Begun>,
}

/// Says, until dropped, that a value is being made that may get tags.
#[derive(Debug)]
pub(crate) struct Begin<'a> {
    tags: &'a Tags,
    epoch: u64,
}

/// As [`Begin`], for a value whose making outlives a borrow: to be given to [`Tags::attach`] in the end.
#[derive(Debug)]
#[must_use = "until it is attached and dropped, invalidations of tags are remembered"]
pub(crate) struct Detached {
    epoch: u64,
}

impl Begin<'_> {
    pub(crate) fn detach(self) -> Detached {
        let epoch = self.epoch;
        mem::forget(self);
        Detached { epoch }
    }
}

impl Tags {
    pub(crate) fn new() -> Self {
        Self::at_epoch(0)
    }

    pub(super) fn at_epoch(epoch: u64) -> Self {
        Self {
            epoch: AtomicU64::new(epoch),
            gates: Gates::new(),
            names: RwLock::new(Names::default()),
            begun: Mutex::new(Begun::default()),
        }
    }

    /// Call before the making of a value begins, if it may take time, as a load does.
    pub(crate) fn begin(&self) -> Begin<'_> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock under which `invalidate` asks who has begun: it either finds this one, or was before it, and
        // then this sees its epoch. With the epoch comes all that happened before the invalidation.
        let epoch = self.epoch.load(Acquire);
        begun.add(epoch);
        Begin { tags: self, epoch }
    }

    /// Takes back [`Begin::detach`], of this register.
    pub(crate) const fn attach(&self, begun: Detached) -> Begin<'_> {
        Begin { tags: self, epoch: begun.epoch }
    }

    /// The mark for an entry with these `tags` (in order, each once), whose value was begun at `begin`, or now. Counts the
    /// entry: [`leave`](Self::leave) must follow, once it has departed or if it does not come in after all.
    pub(crate) fn enter(&self, tags: &[Box<str>], begin: Option<&Begin<'_>>) -> Result<Mark, Refused> {
        if tags.is_empty() {
            return Ok(Mark::NONE);
        }
        let hash = {
            let names = self.read();
            let hash = names.hash(tags);
            if let Some(set) = names.find(hash, tags) {
                return self.count(set, begin);
            }
            hash
        };
        let mut names = self.write();
        if let Some(set) = names.find(hash, tags) {
            return self.count(set, begin); // another was faster
        }
        let epoch = self.begun_at(begin);
        let gate = names.last_invalidated(tags);
        if epoch < gate {
            return Err(Refused::Outdated);
        }
        let set = names.insert(hash, tags).ok_or(Refused::Full)?;
        self.gates.open(set, gate);
        Ok(Mark::new(set, epoch))
    }

    /// One more entry with a set that is in use. Under the lock, so that neither the set nor its gate changes.
    fn count(&self, set: u32, begin: Option<&Begin<'_>>) -> Result<Mark, Refused> {
        let epoch = self.begun_at(begin);
        if !self.gates.admits(set, epoch) {
            return Err(Refused::Outdated);
        }
        self.gates.enter(set);
        Ok(Mark::new(set, epoch))
    }

    /// Under the lock of the names, so that "now" is not before an invalidation whose gates are shut already.
    fn begun_at(&self, begin: Option<&Begin<'_>>) -> u64 {
        begin.map_or_else(|| self.epoch.load(Relaxed), |begin| begin.epoch)
    }

    /// An entry with `mark` is gone, or did not come in.
    pub(crate) fn leave(&self, mark: Mark) {
        if mark != Mark::NONE && self.gates.leave(mark.set()) {
            self.forget(mark.set());
        }
    }

    /// The set has lost its last entry: forgets it, unless it found another meanwhile or was forgotten by someone else.
    #[cold]
    fn forget(&self, set: u32) {
        let mut names = self.write();
        // Entries are counted in under the lock: none can come now.
        if self.gates.is_unused(set) {
            let oldest = self.oldest_begun();
            names.remove(set, oldest);
        }
    }

    /// Whether the entry with `mark`, which is still where it was found, has none of its tags invalidated.
    #[inline]
    pub(crate) fn is_valid(&self, mark: Mark) -> bool {
        mark == Mark::NONE || self.gates.admits(mark.set(), mark.epoch())
    }

    /// The tags of the entry with `mark`, which is still where it was found.
    #[cfg(feature = "snapshot")]
    pub(crate) fn names_of(&self, mark: Mark) -> Vec<Box<str>> {
        if mark == Mark::NONE { Vec::new() } else { self.read().names_of(mark.set()) }
    }

    /// Takes effect for all entries with `tag` that were begun before, held or still being made, when it returns.
    pub(crate) fn invalidate(&self, tag: &str) {
        let mut names = self.write();
        let last = self.epoch.load(Relaxed);
        let epoch = if last < EPOCH_MAX {
            self.epoch.store(last + 1, Release);
            last + 1
        } else {
            u64::MAX
        };
        // After the epoch is set: who begins after this look has it.
        let oldest = self.oldest_begun();
        for set in names.invalidate(tag, epoch, oldest) {
            self.gates.close(set, epoch);
        }
        names.tidy(oldest);
    }

    /// The epoch of the oldest value that is still being made.
    fn oldest_begun(&self) -> u64 {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).oldest()
    }

    fn read(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes allocated, about.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.gates.bytes() + self.read().bytes()
    }

    /// Tags, sets of tags and remembered tags that are known.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        self.read().sizes()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Names> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Begin<'_> {
    fn drop(&mut self) {
        self.tags.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(self.epoch);
    }
}
