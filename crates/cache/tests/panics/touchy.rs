//! Keys and values whose code panics when it is armed.

use std::{
    cell::Cell,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use nuthatch_cache::{Builder, Cache, Entries, PolicyKind, StorageKind};

/// Where a panic is to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Hash,
    Eq,
    CloneKey,
    CloneValue,
    DropKey,
    DropValue,
    Weigher,
    Expiry,
    Listener,
    Closure,
}

impl From {
    pub(crate) const ALL: [Self; 10] = [
        Self::Hash,
        Self::Eq,
        Self::CloneKey,
        Self::CloneValue,
        Self::DropKey,
        Self::DropValue,
        Self::Weigher,
        Self::Expiry,
        Self::Listener,
        Self::Closure,
    ];
}

thread_local! {
    /// How many calls from now the panic comes.
    static ARMED: Cell<Option<(From, u32)>> = const { Cell::new(None) };
}

/// Runs `call` with a panic to come at the `nth` call of `from`; says whether it came to the caller.
pub(crate) fn armed<R>(from: From, nth: u32, call: impl FnOnce() -> R) -> Option<R> {
    ARMED.set(Some((from, nth)));
    let result = catch_unwind(AssertUnwindSafe(call));
    ARMED.set(None);
    result.ok()
}

/// The place where it may come. Never two at once: that would end the process, whoever's fault it was.
pub(crate) fn touch(from: From) {
    if let Some((armed, nth)) = ARMED.get()
        && armed == from
        && !std::thread::panicking()
    {
        ARMED.set(nth.checked_sub(1).map(|nth| (armed, nth)));
        if nth == 0 {
            std::panic::panic_any(from);
        }
    }
}

/// A key. `alive` is shared by all keys and values of a cache: how many there are.
#[derive(Debug)]
pub(crate) struct Key(pub(crate) u64, pub(crate) Arc<()>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        touch(From::Hash);
        self.0.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        touch(From::Eq);
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Clone for Key {
    fn clone(&self) -> Self {
        touch(From::CloneKey);
        Self(self.0, Arc::clone(&self.1))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        touch(From::DropKey);
    }
}

#[derive(Debug)]
pub(crate) struct Value(pub(crate) u64, pub(crate) Arc<()>);

impl Clone for Value {
    fn clone(&self) -> Self {
        touch(From::CloneValue);
        Self(self.0, Arc::clone(&self.1))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        touch(From::DropValue);
    }
}

struct Whim;

impl nuthatch_cache::Expiry<Key, Value> for Whim {
    fn after_create(&self, _: &Key, _: &Value) -> Option<std::time::Duration> {
        touch(From::Expiry);
        None
    }

    fn after_read(
        &self,
        _: &Key,
        _: &Value,
        left: Option<std::time::Duration>,
    ) -> Option<std::time::Duration> {
        touch(From::Expiry);
        left
    }

    fn after_update(
        &self,
        _: &Key,
        _: &Value,
        _: Option<std::time::Duration>,
    ) -> Option<std::time::Duration> {
        touch(From::Expiry);
        None
    }
}

pub(crate) const CAPACITY: u64 = 64;

/// One cache of each kind that runs all of the user's code: by weight, where values weigh from 0 to 3, and in sets.
pub(crate) fn caches() -> Vec<Cache<Key, Value>> {
    fn finish<B, S>(builder: Builder<Key, Value, B, S>) -> Builder<Key, Value, B, S> {
        builder.expiry(Whim).record_miss_causes().listener(|_, _, _| touch(From::Listener))
    }
    let weighed = |shards| {
        let builder = Cache::builder().weight_capacity(CAPACITY).weigher(|_: &Key, value: &Value| {
            touch(From::Weigher);
            value.0 % 4
        });
        finish(builder.policy(PolicyKind::S3Fifo).shards(shards)).build().unwrap()
    };
    let sets: Builder<Key, Value, Entries> = Cache::builder().capacity(CAPACITY).storage(StorageKind::Sets);
    vec![weighed(1), weighed(4), finish(sets).build().unwrap()]
}
