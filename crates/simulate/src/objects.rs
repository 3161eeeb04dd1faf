//! The distinct objects of a trace, numbered.

use hashbrown::{HashTable, hash_table::Entry};
use nuthatch_trace::Request;

use crate::{
    access::{Access, mix},
    capacity::Totals,
};

/// Numbers objects by first request and keeps their first sizes. Looked up once per request, however many simulations
/// there are: they find an object by its number, without hashing.
///
/// 24 bytes per object and the slack of a hash table.
#[derive(Default)]
pub(crate) struct Objects {
    first: HashTable<Access>,
    bytes: u64,
}

impl Objects {
    /// The number that no object has: simulations use it for "not there".
    pub(crate) const NONE: u32 = u32::MAX;

    /// What `request` means to a simulation, or `None` if all numbers are taken.
    pub(crate) fn access(&mut self, request: &Request) -> Option<Access> {
        let hash = mix(request.key);
        let next = u32::try_from(self.first.len()).ok().filter(|next| *next != Self::NONE);
        match self.first.entry(hash, |other| other.hash == hash, |other| other.hash) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                let access = Access { object: next?, hash, bytes: request.size.max(1) };
                place.insert(access);
                self.bytes = self.bytes.saturating_add(access.bytes);
                Some(access)
            }
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { objects: self.first.len() as u64, bytes: self.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_the_number_and_the_size_of_its_first_request() {
        let mut objects = Objects::default();
        let mut access = |key, size| {
            let access = objects.access(&Request::new(key, size)).unwrap();
            (access.object, access.bytes)
        };
        assert_eq!(access(7, 100), (0, 100));
        assert_eq!(access(8, 0), (1, 1));
        assert_eq!(access(7, 5), (0, 100));
        assert_eq!(objects.totals(), Totals { objects: 2, bytes: 101 });
    }
}
