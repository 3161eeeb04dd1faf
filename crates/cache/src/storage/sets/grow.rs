//! Families that double, and halve when the cache is made smaller.

use std::sync::{PoisonError, atomic::Ordering::Relaxed};

use nuthatch_policy::sets::{Geometry, WAYS};

use crate::{
    Cause,
    storage::{
        Departed, Entry,
        sets::{Sets, holding::Held, layout::Pair, mask_of},
    },
};

impl<K, V> Sets<K, V> {
    /// Whether the family has not reached its size yet.
    #[inline]
    pub(super) fn may_grow(&self, family: u64) -> bool {
        self.mask(family) < self.mask_max.load(Relaxed)
    }

    /// Doubles the family of `own`, which becomes the set that `tag` belongs to then. `false`: one of its sets is held by
    /// somebody who does not give it back soon. Takes as long as moving half of the entries, at most a thousand.
    #[cold]
    pub(super) fn grow<'a>(
        &'a self,
        own: &mut Held<'a, K, V>,
        tag: u16,
        departed: &mut Departed<K, V>,
    ) -> bool {
        // Nobody changes the level while we hold one of the sets.
        let (family, level) = (own.family(), self.level(own.family()));
        let planes = 1 << level;
        let mut lower = Vec::with_capacity(planes);
        let mut upper = Vec::with_capacity(planes);
        for plane in 0..planes {
            self.planes.make(planes + plane);
            let other =
                if plane == own.plane() { None } else { Held::try_lock_for_a_while(self, family, plane) };
            if other.is_none() && plane != own.plane() {
                return false;
            }
            let Some(new) = Held::try_lock_for_a_while(self, family, planes + plane) else { return false };
            lower.push(other);
            upper.push(new);
        }
        for (lower, upper) in lower.iter_mut().zip(&mut upper) {
            lower.as_mut().unwrap_or(own).split_to(upper, level, departed);
        }
        self.set_level(family, level + 1);
        let plane = Geometry::plane(tag, level + 1);
        if plane != own.plane() {
            std::mem::swap(own, &mut upper[plane - planes]);
        }
        true
    }

    /// Makes the capacity `capacity`, letting go what does not fit. `false` if the families cannot grow so far.
    pub(crate) fn resize(&self, capacity: u64, departed: &mut Departed<K, V>) -> bool {
        let Some(geometry) = self.geometry.resized(capacity) else { return false };
        // One at a time: capacity, limits and levels are to be those of one geometry in the end.
        let _resizing = self.resizing.lock().unwrap_or_else(PoisonError::into_inner);
        self.capacity.store(capacity, Relaxed);
        self.limits.store(geometry.limits().0, Relaxed);
        self.mask_max.store(mask_of(geometry.level_max()), Relaxed);
        for family in 0..self.levels.len() as u64 {
            self.fit(family, geometry.level_max(), departed);
        }
        true
    }

    /// Makes a family as small as the cache is by now.
    fn fit(&self, family: u64, level_max: u8, departed: &mut Departed<K, V>) {
        loop {
            while self.level(family) > level_max {
                self.halve(family, departed);
            }
            let level = self.level(family);
            for plane in 0..1 << level {
                if let Some(mut held) = Held::lock(self, family, plane) {
                    held.confine(departed);
                }
            }
            // Whoever has doubled the family meanwhile may have done so by the old limits; whoever locks one of its sets
            // from now on knows the new.
            if self.level(family) == level {
                return;
            }
        }
    }

    /// Joins the sets of a family two by two.
    fn halve(&self, family: u64, departed: &mut Departed<K, V>) {
        let level = self.level(family);
        let planes = 1_usize << level;
        // All its sets, in the order of whoever doubles it; nobody else waits for a second latch.
        let mut sets: Vec<_> = (0..planes).filter_map(|plane| Held::lock(self, family, plane)).collect();
        if self.level(family) != level {
            return;
        }
        let (lower, upper) = sets.split_at_mut(planes / 2);
        for (lower, upper) in lower.iter_mut().zip(upper) {
            lower.join(upper, departed);
        }
        self.halvings.fetch_add(1, Relaxed);
        self.set_level(family, level - 1);
    }
}

impl<K, V> Held<'_, K, V> {
    /// Moves to `upper` what belongs there once the family has doubled from `level`.
    fn split_to(&mut self, upper: &mut Self, level: u8, departed: &mut Departed<K, V>) {
        let goes = |tag: u16| Geometry::moves(tag, level);
        let (from, to) = (self.set.header(), upper.set.header());
        // A ghost does not tell which half it belongs to.
        to.take_after(from);
        to.inherit_overflow(from);
        for way in (0..WAYS).filter(|way| from.tag(*way) != 0 && goes(from.tag(*way))) {
            self.hand_over(upper, way, departed);
        }
    }

    /// Moves an entry to another set. If that is full, it goes, or one that is not pinned if it is.
    fn hand_over(&mut self, to: &mut Self, way: usize, departed: &mut Departed<K, V>) {
        let pinned = self.set.header().pinned() & (1 << way) != 0;
        match to.room_for(pinned, self.set.header().tag(way), departed) {
            Some(to_way) => self.move_to(to, way, to_way),
            None => self.let_go(way, departed),
        }
    }

    /// A free way, if need be of an entry that is not pinned for one that is.
    fn room_for(&mut self, pinned: bool, tag: u16, departed: &mut Departed<K, V>) -> Option<usize> {
        let free = self.free();
        if free != 0 {
            return Some(Geometry::near(free, tag));
        }
        let (way, Pair { key, value }, stamps) =
            if pinned { self.evict_among(self.usable())? } else { return None };
        departed.push(Entry { key, value, stamps }, Cause::Size);
        Some(way)
    }

    fn let_go(&mut self, way: usize, departed: &mut Departed<K, V>) {
        let (Pair { key, value }, stamps) = self.take(way);
        departed.push(Entry { key, value, stamps }, Cause::Size);
    }

    /// Takes in what `upper` holds, and lets go what finds no room.
    fn join(&mut self, upper: &mut Self, departed: &mut Departed<K, V>) {
        self.set.header().inherit_overflow(upper.set.header());
        for way in 0..WAYS {
            if upper.set.header().tag(way) != 0 {
                upper.hand_over(self, way, departed);
            }
        }
        upper.set.header().reset_overflow();
    }

    /// Lets go what is in ways that may not be used any more.
    fn confine(&mut self, departed: &mut Departed<K, V>) {
        let beyond = self.set.header().occupied() & !self.usable();
        for way in (0..WAYS).filter(|way| beyond & (1 << way) != 0) {
            let pinned = self.set.header().pinned() & (1 << way) != 0;
            match self.room_for(pinned, self.set.header().tag(way), departed) {
                Some(to_way) => self.move_within(way, to_way),
                None => self.let_go(way, departed),
            }
        }
    }
}
