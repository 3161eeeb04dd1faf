//! A sequence that grows piece by piece: what is in it is not moved to make room for more, but for a piece's worth.

/// About so much memory is in a piece.
const CHUNK_BYTES: usize = 64 << 10;
const CHUNK_LEN_MIN: usize = 16;
/// Room is asked for in steps of this part of what there is, so that no more than that stands empty. And for so many
/// items at least.
const STEP_SHARE: usize = 16;
const STEP_MIN: usize = 8;

/// Items by index. O(1) each; the dearest push moves one piece.
pub(super) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Chunks<T> {
    /// Items in a piece: a power of two.
    pub(super) const CHUNK_LEN: usize = {
        let item = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let fitting = CHUNK_BYTES / item;
        if fitting < CHUNK_LEN_MIN { CHUNK_LEN_MIN } else { 1 << fitting.ilog2() }
    };

    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        let items = self.chunks.iter().map(Vec::capacity).sum::<usize>();
        items * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / Self::CHUNK_LEN)?.get(index % Self::CHUNK_LEN)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.chunks.get_mut(index / Self::CHUNK_LEN)?.get_mut(index % Self::CHUNK_LEN)
    }

    pub(super) fn push(&mut self, item: T) {
        let last = self.len / Self::CHUNK_LEN;
        if last == self.chunks.len() {
            self.chunks.push(Vec::new());
        }
        let chunk = &mut self.chunks[last];
        if chunk.len() == chunk.capacity() {
            let step = (self.len / STEP_SHARE).max(STEP_MIN).min(Self::CHUNK_LEN - chunk.len());
            chunk.reserve_exact(step);
        }
        chunk.push(item);
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_where_they_were_pushed() {
        let mut chunks = Chunks::new();
        let len = 3 * Chunks::<u64>::CHUNK_LEN + 7;
        for item in 0..len {
            assert_eq!(chunks.get(item), None);
            chunks.push(item);
        }
        assert_eq!(chunks.len(), len);
        if let Some(item) = chunks.get_mut(5) {
            *item = 0;
        }
        let expected = |index: usize| Some(if index == 5 { 0 } else { index }).filter(|_| index < len);
        assert!((0..2 * len).all(|index| chunks.get(index).copied() == expected(index)));
        assert_eq!(chunks.get(usize::MAX), None);
    }

    #[test]
    fn a_piece_is_about_as_large_for_any_item_and_never_tiny() {
        assert_eq!(Chunks::<u64>::CHUNK_LEN, 8192);
        assert_eq!(Chunks::<[u8; 24]>::CHUNK_LEN, 2048);
        assert_eq!(Chunks::<[u8; 1 << 20]>::CHUNK_LEN, 16);
        assert_eq!(Chunks::<()>::CHUNK_LEN, 65_536);
    }

    #[test]
    fn little_room_stands_empty_and_it_is_not_asked_for_item_by_item() {
        let mut chunks = Chunks::<u64>::new();
        let mut steps = 0;
        let room = |chunks: &Chunks<u64>| chunks.chunks.iter().map(Vec::capacity).sum::<usize>();
        for item in 0..100_000 {
            let before = room(&chunks);
            chunks.push(item);
            steps += usize::from(room(&chunks) != before);
            assert!(room(&chunks) <= chunks.len() + (chunks.len() / STEP_SHARE).max(STEP_MIN));
        }
        assert!(steps < 150, "{steps}");
    }
}
