//! The distinct objects of a trace, numbered.

use hashbrown::{HashTable, hash_table::Entry};
use nuthatch_policy::Oracle;
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
    first: HashTable<Object>,
    bytes: u64,
}

struct Object {
    hash: u64,
    bytes: u64,
    number: u32,
}

impl Objects {
    /// So many objects can be numbered. The numbers above are for what simulations note beside a slot.
    pub(crate) const MAX_LEN: usize = (1 << 31) - 16;

    /// What `request` means to a simulation, or `None` if all numbers are taken.
    pub(crate) fn access(&mut self, request: &Request) -> Option<Access> {
        let hash = mix(request.key);
        let len = self.first.len();
        let object = match self.first.entry(hash, |other| other.hash == hash, |other| other.hash) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let number = u32::try_from(len).ok().filter(|_| len < Self::MAX_LEN)?;
                let bytes = request.size.max(1);
                self.bytes = self.bytes.saturating_add(bytes);
                place.insert(Object { hash, bytes, number }).into_mut()
            }
        };
        Some(Access { object: object.number, next_use: Oracle::NEVER, bytes: object.bytes })
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
