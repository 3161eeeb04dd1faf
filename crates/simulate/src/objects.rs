//! The distinct objects of a trace, numbered.

use hashbrown::{HashTable, hash_table::Entry};
use nuthatch_policy::Oracle;
use nuthatch_trace::{Op, Request};

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
    /// How many of them this pass has seen: those with smaller numbers.
    seen: u32,
}

struct Object {
    hash: u64,
    /// 0 until they are known.
    bytes: u64,
    number: u32,
}

impl Objects {
    /// So many objects can be numbered. The numbers above are for what simulations note beside a slot.
    pub(crate) const MAX_LEN: usize = (1 << 31) - 16;

    /// What `request` means to a simulation, or `None` if all numbers are taken.
    pub(crate) fn access(&mut self, request: &Request) -> Option<Access> {
        let object = self.find(request.key)?;
        if object.bytes == 0 {
            object.bytes = request.size.max(1);
            let bytes = object.bytes;
            let access = object.access();
            self.bytes = self.bytes.saturating_add(bytes);
            return Some(access);
        }
        Some(object.access())
    }

    /// As [`access`](Self::access); but a write changes the size, and a delete tells none.
    pub(crate) fn access_with_op(&mut self, request: &Request) -> Option<Access> {
        let seen = self.seen;
        let object = self.find(request.key)?;
        // An earlier pass left the last size.
        let known = object.number < seen;
        let before = if known { object.bytes } else { 0 };
        object.bytes = match request.op {
            Op::Write => request.size.max(1),
            Op::Read if before == 0 => request.size.max(1),
            Op::Read | Op::Delete => before,
        };
        let first_bytes = if before == 0 { object.bytes } else { 0 };
        let access = object.access();
        self.seen += u32::from(!known);
        self.bytes = self.bytes.saturating_add(first_bytes);
        Some(access)
    }

    /// Another pass over the same requests is to come.
    pub(crate) const fn rewind(&mut self) {
        self.seen = 0;
    }

    fn find(&mut self, key: u64) -> Option<&mut Object> {
        let hash = mix(key);
        let len = self.first.len();
        match self.first.entry(hash, |other| other.hash == hash, |other| other.hash) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => {
                let number = u32::try_from(len).ok().filter(|_| len < Self::MAX_LEN)?;
                Some(place.insert(Object { hash, bytes: 0, number }).into_mut())
            }
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { objects: self.first.len() as u64, bytes: self.bytes }
    }
}

impl Object {
    fn access(&self) -> Access {
        Access { object: self.number, next_use: Oracle::NEVER, bytes: self.bytes.max(1) }
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

    #[test]
    fn where_operations_count_a_write_tells_a_new_size_and_another_pass_begins_anew() {
        let mut objects = Objects::default();
        for _ in 0..2 {
            let mut bytes = |op, size| {
                let mut request = Request::new(7, size);
                request.op = op;
                objects.access_with_op(&request).unwrap().bytes
            };
            assert_eq!(bytes(Op::Delete, 0), 1);
            assert_eq!(bytes(Op::Read, 30), 30);
            assert_eq!(bytes(Op::Read, 50), 30);
            assert_eq!(bytes(Op::Write, 40), 40);
            assert_eq!(bytes(Op::Delete, 0), 40);
            assert_eq!(bytes(Op::Read, 50), 40);
            objects.rewind();
        }
    }
}
