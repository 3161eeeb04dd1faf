//! What some entries have beside key and value: a weight, deadlines, tags. In columns that are there once an entry needs
//! them, so that a cache without deadlines has no room for any.

use nuthatch_policy::Slot;

use crate::{lifetimes::Times, storage::Stamps, ticks::Ticks};

/// Cells of a piece of a column.
const PIECE_LEN: usize = 256;

/// A number per slot. Those that were never set are `usual`, and a piece where all are takes no room.
struct Column {
    usual: u64,
    pieces: Vec<Option<Box<[u64]>>>,
}

impl Column {
    const fn new(usual: u64) -> Self {
        Self { usual, pieces: Vec::new() }
    }

    fn bytes(&self) -> usize {
        let cells = self.pieces.iter().flatten().map(|piece| size_of_val(&**piece)).sum::<usize>();
        cells + self.pieces.capacity() * size_of::<Option<Box<[u64]>>>()
    }

    fn get(&self, slot: Slot) -> u64 {
        match self.pieces.get(slot.index() / PIECE_LEN) {
            Some(Some(piece)) => piece[slot.index() % PIECE_LEN],
            _ => self.usual,
        }
    }

    fn set(&mut self, slot: Slot, number: u64) {
        let at = slot.index() / PIECE_LEN;
        if number != self.usual && self.pieces.len() <= at {
            self.pieces.resize_with(at + 1, || None);
        }
        match self.pieces.get_mut(at) {
            Some(Some(piece)) => piece[slot.index() % PIECE_LEN] = number,
            Some(piece) if number != self.usual => {
                let cells = piece.insert(vec![self.usual; PIECE_LEN].into());
                cells[slot.index() % PIECE_LEN] = number;
            }
            _ => {}
        }
    }
}

/// All columns of a shard. Eight bytes per entry for each that is in use.
pub(super) struct Columns {
    weights: Column,
    expires: Column,
    idle: Column,
    refresh: Column,
    tags: Column,
}

impl Columns {
    const fn new() -> Self {
        Self {
            weights: Column::new(1),
            expires: Column::new(Ticks::NEVER.0),
            idle: Column::new(Ticks::NEVER.0),
            refresh: Column::new(Ticks::NEVER.0),
            tags: Column::new(0),
        }
    }

    fn get(&self, slot: Slot) -> Stamps {
        let time = |column: &Column| Ticks(column.get(slot));
        Stamps {
            times: Times {
                expires: time(&self.expires),
                idle: time(&self.idle),
                refresh: time(&self.refresh),
            },
            tags: self.tags.get(slot),
            weight: self.weights.get(slot),
        }
    }

    fn set(&mut self, slot: Slot, stamps: &Stamps) {
        self.weights.set(slot, stamps.weight);
        self.expires.set(slot, stamps.times.expires.0);
        self.idle.set(slot, stamps.times.idle.0);
        self.refresh.set(slot, stamps.times.refresh.0);
        self.tags.set(slot, stamps.tags);
    }
}

/// What entries have when nothing is said about them.
const USUAL: Stamps = Stamps::plain(1);

/// The columns, if an entry ever was unusual.
#[derive(Default)]
pub(super) struct Beside(Option<Box<Columns>>);

impl Beside {
    /// Bytes allocated.
    pub(super) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |columns| {
            let Columns { weights, expires, idle, refresh, tags } = &**columns;
            let columns = [weights, expires, idle, refresh, tags];
            size_of::<Columns>() + columns.map(Column::bytes).into_iter().sum::<usize>()
        })
    }

    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Stamps {
        self.0.as_ref().map_or(USUAL, |columns| columns.get(slot))
    }

    #[inline]
    pub(super) fn weight(&self, slot: Slot) -> u64 {
        self.0.as_ref().map_or(USUAL.weight, |columns| columns.weights.get(slot))
    }

    /// Of an entry that comes to `slot`, or changes there.
    #[inline]
    pub(super) fn set(&mut self, slot: Slot, stamps: &Stamps) {
        if self.0.is_some() || *stamps != USUAL {
            self.0.get_or_insert_with(|| Box::new(Columns::new())).set(slot, stamps);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_entries_take_no_room_and_one_that_is_not_takes_a_piece_of_what_it_needs() {
        let mut beside = Beside::default();
        (0..5000).for_each(|slot| beside.set(Slot(slot), &USUAL));
        assert!(beside.0.is_none());
        beside.set(Slot(3000), &Stamps::plain(7));
        let pieces = |column: &Column| column.pieces.iter().flatten().count();
        let columns = beside.0.as_deref();
        assert_eq!(columns.map(|columns| pieces(&columns.weights)), Some(1));
        assert_eq!(columns.map(|columns| pieces(&columns.expires) + pieces(&columns.tags)), Some(0));
    }

    proptest! {
        #[test]
        fn what_is_beside_an_entry_is_what_was_set_last(
            steps in prop::collection::vec((0..4000_u32, 0..3_u64, 0..3_u64, 0..3_u64), 1..100),
        ) {
            let mut beside = Beside::default();
            let mut twin = std::collections::HashMap::new();
            for (slot, weight, time, tags) in steps {
                let time = Ticks(if time == 0 { Ticks::NEVER.0 } else { time });
                let times = Times { idle: time, ..Times::FOREVER };
                let stamps = Stamps { times, tags, weight };
                beside.set(Slot(slot), &stamps);
                twin.insert(slot, stamps);
                for (slot, stamps) in &twin {
                    prop_assert_eq!(beside.get(Slot(*slot)), *stamps);
                    prop_assert_eq!(beside.weight(Slot(*slot)), stamps.weight);
                }
            }
        }
    }
}
