//! The shortest way in: an entry of which nothing is kept beside key and value, and that weighs as much as any other.

use crate::storage::{Entry, Fast, Stamps, exact::Exact};

impl<K: Eq, V> Exact<K, V> {
    /// Keeps `value` as the value of `key`, unless something is kept beside entries, or pinned, or there is neither room nor
    /// anybody in its shard who can make some. `fence` is called with the key while its shard is locked.
    #[inline]
    pub(crate) fn put_fast(&self, hash: u64, key: K, value: V, fence: impl Fn(&K)) -> Fast<K, V> {
        let mut shard = self.shards[self.index(hash)].lock();
        if self.kept.any() || self.bound.any_pinned() {
            return Fast::Otherwise(key, value);
        }
        if let Some(slot) = shard.find(hash, &key) {
            fence(&key);
            let Some(held) = shard.held_mut(slot) else { return Fast::Otherwise(key, value) };
            let old = std::mem::replace(&mut held.value, value);
            shard.hit(slot);
            return Fast::Replaced(key, old);
        }
        fence(&key);
        let fits = self.bound.exchange(0, 1);
        if !fits && shard.len() == 0 {
            return Fast::Otherwise(key, value);
        }
        shard.announce(hash, 1);
        // Nobody is pinned, so somebody leaves; and leaves a slot.
        let left = if fits { None } else { shard.evict() };
        match (shard.insert(hash, Entry { key, value, stamps: Stamps::plain(1) }), left) {
            (Ok(_), None) => Fast::Inserted,
            (Ok(_), Some((_, Entry { key, value, .. }))) => Fast::InsertedFor(key, value),
            (Err(Entry { key, value, .. }), _) => {
                self.bound.release(1);
                Fast::Otherwise(key, value)
            }
        }
    }
}
