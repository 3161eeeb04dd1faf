//! How long an entry lives, when one time for all of them will not do.

use std::time::Duration;

/// Decides for each entry how long it lives: when it is created, read and updated.
///
/// Give it to the `expiry` of a builder. Each answer is the time left from now on; `None` is no opinion:
/// for a new value the cache's own time to live applies then, and a read leaves the deadline where it is.
/// `Some(Duration::MAX)` is for ever, `Some(Duration::ZERO)` over at once.
///
/// A time to live given with the entry ([`Terms::ttl`](crate::Terms::ttl)) goes before `after_create` and
/// `after_update`. The time to idle counts apart from all this: an entry is gone when the first of both has passed.
///
/// `after_create` runs before a lock is taken; `after_read` and `after_update` may run under the lock that guards the
/// entry: keep them short, and do not use the cache in them.
///
/// ```
/// use std::time::Duration;
/// use nuthatch_cache::Expiry;
///
/// /// Sessions live for ten minutes after the last use; those of guests for one, used or not.
/// struct Sessions;
///
/// impl Expiry<u64, String> for Sessions {
///     fn after_create(&self, _id: &u64, user: &String) -> Option<Duration> {
///         Some(Duration::from_secs(if user == "guest" { 60 } else { 600 }))
///     }
///
///     fn after_read(&self, _id: &u64, user: &String, _left: Option<Duration>) -> Option<Duration> {
///         (user != "guest").then_some(Duration::from_secs(600))
///     }
/// }
/// ```
pub trait Expiry<K, V>: Send + Sync {
    /// For an entry whose key was not held.
    fn after_create(&self, key: &K, value: &V) -> Option<Duration> {
        let _ = (key, value);
        None
    }

    /// For an entry that was found. `left` is what it would have left to live; `None`: for ever.
    fn after_read(&self, key: &K, value: &V, left: Option<Duration>) -> Option<Duration> {
        let _ = (key, value, left);
        None
    }

    /// For a new `value` of a key that is held. `left` is what the old one would have had left; `None`: for ever. Unless
    /// you say otherwise, as for an entry that is created.
    fn after_update(&self, key: &K, value: &V, left: Option<Duration>) -> Option<Duration> {
        let _ = left;
        self.after_create(key, value)
    }
}
