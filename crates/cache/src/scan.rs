//! Walking over a cache in steps, while it is in use.

use crate::Cache;

/// Where a [`scan`](Cache::scan) stands: opaque, and as small as a number so that it can travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u64);

impl Cursor {
    /// Where a scan starts, and what it returns when it has ended.
    pub const START: Self = Self(0);

    const fn new(place: usize, slot: usize) -> Self {
        Self(((place as u64) << 32) | slot as u64)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart on purpose")]
    const fn parts(self) -> (usize, usize) {
        ((self.0 >> 32) as usize, self.0 as u32 as usize)
    }
}

impl<K, V, S> Cache<K, V, S> {
    /// Calls `visit` with about `count` live entries and returns where to go on; [`Cursor::START`] means the end.
    ///
    /// An entry that is held during a whole scan, from start to end, is visited at least once, unless the cache is made
    /// smaller meanwhile; one that comes or goes may or may not be. `visit` runs while a place is locked and must not use
    /// this cache. Counts no hit.
    pub fn scan(&self, from: Cursor, count: usize, mut visit: impl FnMut(&K, &V)) -> Cursor {
        let (first, mut at) = from.parts();
        let mut left = count.max(1);
        for index in first..self.storage.places() {
            if let Some(place) = self.storage.place_at(index) {
                for slot in place.slots().into_iter().filter(|slot| slot.0 >= at) {
                    if self.storage.kept().any() && !self.serves(&place.stamps(slot)) {
                        continue;
                    }
                    if left == 0 {
                        return Cursor::new(index, slot.0);
                    }
                    visit(place.key(slot), place.value(slot));
                    left -= 1;
                }
            }
            at = 0;
        }
        Cursor::START
    }
}
