//! The distinct objects of a trace and their first sizes.

use hashbrown::{HashTable, hash_table::Entry};

use crate::{access::Access, capacity::Totals};

/// 16 bytes per object and the slack of a hash table.
#[derive(Default)]
pub(crate) struct Distinct {
    first: HashTable<Access>,
    bytes: u64,
}

impl Distinct {
    /// `access` with the size of the first one to its object, which it may be.
    pub(crate) fn first(&mut self, access: Access) -> Access {
        let same = |other: &Access| other.hash == access.hash;
        match self.first.entry(access.hash, same, |access| access.hash) {
            Entry::Occupied(first) => *first.get(),
            Entry::Vacant(place) => {
                place.insert(access);
                self.bytes = self.bytes.saturating_add(access.bytes);
                access
            }
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { objects: self.first.len() as u64, bytes: self.bytes }
    }
}
