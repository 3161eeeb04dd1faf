//! The shortest way in: an entry of which nothing is kept beside key and value.

use std::sync::atomic::Ordering::Relaxed;

use nuthatch_policy::sets::{Geometry, Home};

use crate::{
    Cause,
    storage::{
        Departed, Entry, Fast, Stamps,
        latch::wait,
        sets::{Sets, holding::Held, layout::Pair},
    },
};

/// What became of it.
pub(crate) enum Put<K, V> {
    Inserted,
    /// These made way for it, of which nothing else was kept.
    InsertedFor(K, V),
    /// This was the value before; and the key, which is not needed.
    Replaced(K, V),
    /// It was not taken in: all that could make way is pinned.
    Refused(K, V),
}

impl<K: Eq, V> Sets<K, V> {
    /// Keeps `value` as the value of `key` if that is held at home, or if its home is [steady](Self::is_steady). `fence` is
    /// called with the key while its place is locked.
    ///
    /// Straight on, as [`glance`](Self::glance) is: no waiting, and no second set.
    #[inline]
    pub(crate) fn put_fast(&self, hash: u64, key: K, value: V, fence: impl Fn(&K)) -> Fast<K, V> {
        let home = self.geometry.home(hash);
        let Some(mut held) = self.hold_grown(home) else { return Fast::Otherwise(key, value) };
        let tags = held.set.header().tags();
        if let Some(way) = held.search_among(tags.equal(home.tag), &key) {
            fence(&key);
            held.set.header().hit(way);
            return Fast::Replaced(key, held.replace(way, value));
        }
        let free = tags.equal(0);
        if !self.is_steady(&held, home, free) {
            return Fast::Otherwise(key, value);
        }
        fence(&key);
        match held.put_for_victim(home.tag, !free, Pair { key, value }) {
            Ok((_, Pair { key, value })) => Fast::InsertedFor(key, value),
            Err(Pair { key, value }) => Fast::Otherwise(key, value),
        }
    }

    /// Keeps what `bring` brings, whose key is not held, if its home is [steady](Self::is_steady): `bring` is called while
    /// that is locked. `None` if it is not steady, and `Some(None)` if nothing is brought; else who left.
    #[inline]
    pub(crate) fn put_absent(
        &self,
        hash: u64,
        bring: impl FnOnce() -> Option<(K, V)>,
    ) -> Option<Option<(K, V)>> {
        let home = self.geometry.home(hash);
        let mut held = self.hold_grown(home)?;
        let free = held.set.header().tags().equal(0);
        if !self.is_steady(&held, home, free) {
            return None;
        }
        let Some((key, value)) = bring() else { return Some(None) };
        debug_assert!(held.search(home.tag, &key).is_none(), "a key came in past its load");
        // Steady is with someone to let go, so nothing comes back that was brought.
        let (Ok((_, left)) | Err(left)) = held.put_for_victim(home.tag, !free, Pair { key, value });
        Some(Some((left.key, left.value)))
    }

    /// The home of a key, if it is free and there to stay, in a cache that keeps nothing beside entries.
    #[inline]
    fn hold_grown(&self, home: Home) -> Option<Held<'_, K, V>> {
        let mask = self.mask(home.family);
        if mask != self.mask_max.load(Relaxed) {
            return None;
        }
        let held = Held::try_lock(self, home.family, Geometry::plane_masked(home.tag, mask))?;
        // Not if the family was changed while we came.
        (self.mask(home.family) == mask && !self.kept.any()).then_some(held)
    }

    /// Whether a newcomer at `home` needs nothing but a victim there, as in a cache that has been full for a while: its
    /// home is full, so are the sets around it, none of its neighbours is elsewhere, and none is pinned.
    #[inline]
    fn is_steady(&self, held: &Held<'_, K, V>, home: Home, free: u16) -> bool {
        let header = held.set.header();
        (free == 0 || free & held.usable() == 0)
            && free != u16::MAX
            && !header.overflows()
            && header.pinned() == 0
            && self.is_packed(home, &header.marks())
    }

    /// Keeps `value` as the value of `key`. `fence` is called with the key while its place is locked.
    #[inline(never)]
    pub(crate) fn put(
        &self,
        hash: u64,
        mut key: K,
        mut value: V,
        fence: impl Fn(&K),
        departed: &mut Departed<K, V>,
    ) -> Put<K, V> {
        let mut waited = 0;
        loop {
            match self.put_once(hash, key, value, &fence, departed) {
                Ok(put) => return put,
                Err((same_key, same_value)) => (key, value) = (same_key, same_value),
            }
            wait(&mut waited);
        }
    }

    /// The same, unless somebody holds what is to be looked at: gives key and value back then.
    fn put_once(
        &self,
        hash: u64,
        key: K,
        value: V,
        fence: &impl Fn(&K),
        departed: &mut Departed<K, V>,
    ) -> Result<Put<K, V>, (K, V)> {
        let mut place = self.lock(hash);
        let Ok(found) = place.seek(&key) else { return Err((key, value)) };
        fence(&key);
        if let Some(slot) = found {
            place.hit(slot);
            let stamps = place.stamps(slot);
            let old = place.replace(slot, value);
            if stamps == Stamps::plain(1) {
                return Ok(Put::Replaced(key, old));
            }
            // It had a time or tags of its own, which the new value has not.
            place.set_stamps(slot, &Stamps::plain(1));
            departed.push(Entry { key, value: old, stamps }, Cause::Replaced);
            return Ok(Put::Inserted);
        }
        if place.room(departed).is_err() {
            return Ok(Put::Refused(key, value));
        }
        let (_, victim) = place.put(Pair { key, value });
        Ok(match victim {
            None => Put::Inserted,
            Some(Entry { key, value, stamps }) if stamps == Stamps::plain(1) => Put::InsertedFor(key, value),
            Some(entry) => {
                departed.push(entry, Cause::Size);
                Put::Inserted
            }
        })
    }
}
