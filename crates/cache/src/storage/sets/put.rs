//! The shortest way in: an entry of which nothing is kept beside key and value.

use nuthatch_policy::sets::Home;

use crate::{
    Cause,
    storage::{
        Departed, Entry, Stamps,
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
    /// Somebody holds what is to be looked at.
    Busy(K, V),
}

impl<K: Eq, V> Sets<K, V> {
    /// Keeps `value` as the value of `key`. `fence` is called with the key while its place is locked.
    #[inline]
    pub(crate) fn put(
        &self,
        hash: u64,
        mut key: K,
        mut value: V,
        fence: impl Fn(&K),
        departed: &mut Departed<K, V>,
    ) -> Put<K, V> {
        let home = self.geometry.home(hash);
        let mut waited = 0;
        loop {
            let Some(mut held) = self.lock_home(home) else { continue };
            let header = held.set.header();
            // A cache that has been full for a while: the home is full, the other set as well, and none is displaced.
            let steady = !header.overflows() && held.free() == 0 && self.is_packed(home);
            let evictable = header.occupied() != 0 && header.pinned() == 0;
            if !steady || !evictable || self.kept().any() || held.search(home.tag, &key).is_some() {
                match self.put_otherwise(home, held, key, value, &fence, departed) {
                    Put::Busy(same_key, same_value) => (key, value) = (same_key, same_value),
                    put => return put,
                }
                wait(&mut waited);
                continue;
            }
            fence(&key);
            return match held.put_for_victim(home.tag, Pair { key, value }) {
                Some((_, Pair { key, value }, _)) => Put::InsertedFor(key, value),
                None => Put::Inserted, // not so: there is one, and it is not pinned
            };
        }
    }

    /// The same in all other cases.
    #[inline(never)]
    fn put_otherwise<'a>(
        &'a self,
        home: Home,
        held: Held<'a, K, V>,
        key: K,
        value: V,
        fence: &impl Fn(&K),
        departed: &mut Departed<K, V>,
    ) -> Put<K, V> {
        let mut place = crate::storage::sets::SetPlace::new(held, home);
        let Ok(found) = place.seek(&key) else { return Put::Busy(key, value) };
        fence(&key);
        if let Some(slot) = found {
            place.hit(slot);
            let stamps = place.stamps(slot);
            let old = place.replace(slot, value);
            if stamps == Stamps::plain(1) {
                return Put::Replaced(key, old);
            }
            // It had a time or tags of its own, which the new value has not.
            place.set_stamps(slot, &Stamps::plain(1));
            departed.push(Entry { key, value: old, stamps }, Cause::Replaced);
            return Put::Inserted;
        }
        if place.room(departed).is_err() {
            return Put::Refused(key, value);
        }
        let (_, victim) = place.put(Pair { key, value });
        match victim {
            None => Put::Inserted,
            Some(Entry { key, value, stamps }) if stamps == Stamps::plain(1) => Put::InsertedFor(key, value),
            Some(entry) => {
                departed.push(entry, Cause::Size);
                Put::Inserted
            }
        }
    }
}
