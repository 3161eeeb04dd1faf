//! The distinct objects of a trace, numbered.

use std::mem;

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
/// 12 bytes per object and the slack of a hash table, which is where a replay waits for memory; 8 more where sizes are
/// told.
#[derive(Default)]
pub(crate) struct Objects {
    first: HashTable<Object>,
    sizes: Sizes,
    bytes: u64,
    /// The most bytes that one ever had.
    bytes_max: u64,
    /// How many of them this pass has seen: those with smaller numbers.
    seen: u32,
}

/// Twelve bytes, hence the hash in two pieces and the size elsewhere: with 24, look-ups over arc_P3 took 26 ns each
/// rather than 18.
struct Object {
    hash: [u32; 2],
    number: u32,
}

/// By object. Nothing is kept for as long as all are 1, as in the formats that tell no sizes.
#[derive(Default)]
struct Sizes(Vec<u64>);

/// Requests looked up side by side.
const AT_ONCE: usize = 64;

impl Objects {
    /// So many objects can be numbered. The numbers above are for what simulations note beside a slot.
    pub(crate) const MAX_LEN: usize = (1 << 31) - 16;

    /// Appends what `requests` mean to a simulation; `false` if all numbers are taken.
    ///
    /// The known ones are looked up first, in a loop that does nothing else: so the processor waits for the memory of
    /// several at once.
    pub(crate) fn append(&mut self, requests: &[Request], accesses: &mut Vec<Access>) -> bool {
        for requests in requests.chunks(AT_ONCE) {
            let mut numbers = [None; AT_ONCE];
            for (number, request) in numbers.iter_mut().zip(requests) {
                *number = self.known(mix(request.key));
            }
            for (number, request) in numbers.iter().zip(requests) {
                let access = match *number {
                    Some(number) => Some(access(number, self.sizes.get(number))),
                    None => self.access(request),
                };
                let Some(access) = access else { return false };
                accesses.push(access);
            }
        }
        true
    }

    fn known(&self, hash: u64) -> Option<u32> {
        let halves = halves(hash);
        self.first.find(hash, |other| other.hash == halves).map(|object| object.number)
    }

    /// What `request` means to a simulation, or `None` if all numbers are taken.
    pub(crate) fn access(&mut self, request: &Request) -> Option<Access> {
        let (object, before) = self.find(request.key)?;
        if before > 0 {
            return Some(access(object, before));
        }
        let bytes = request.size.max(1);
        self.sizes.set(object, bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes_max = self.bytes_max.max(bytes);
        Some(access(object, bytes))
    }

    /// As [`access`](Self::access); but a write changes the size, and a delete tells none.
    pub(crate) fn access_with_op(&mut self, request: &Request) -> Option<Access> {
        let seen = self.seen;
        let (object, before) = self.find(request.key)?;
        // An earlier pass left the last size.
        let known = object < seen;
        let before = if known { before } else { 0 };
        let bytes = match request.op {
            Op::Write => request.size.max(1),
            Op::Read if before == 0 => request.size.max(1),
            Op::Read | Op::Delete => before,
        };
        if before == 0 {
            self.bytes = self.bytes.saturating_add(bytes);
        }
        self.sizes.set(object, bytes);
        self.seen += u32::from(!known);
        self.bytes_max = self.bytes_max.max(bytes);
        Some(access(object, bytes))
    }

    /// Another pass over the same requests is to come.
    pub(crate) const fn rewind(&mut self) {
        self.seen = 0;
    }

    /// Keeps the objects that have a new number, by their old one.
    pub(crate) fn renumber(&mut self, numbers: &[Option<u32>]) {
        let before = mem::take(&mut self.sizes);
        self.bytes = 0;
        self.first.retain(|object| {
            let Some(number) = numbers[object.number as usize] else { return false };
            let bytes = before.get(object.number);
            self.sizes.set(number, bytes);
            self.bytes = self.bytes.saturating_add(bytes);
            object.number = number;
            true
        });
        // Those that stay were all seen.
        self.seen = u32::try_from(self.first.len()).unwrap_or(u32::MAX);
    }

    /// The object's number, and its size: 0 if that is not known.
    fn find(&mut self, key: u64) -> Option<(u32, u64)> {
        let hash = mix(key);
        let halves = halves(hash);
        let len = self.first.len();
        let whole = |object: &Object| u64::from(object.hash[0]) << 32 | u64::from(object.hash[1]);
        match self.first.entry(hash, |other| other.hash == halves, whole) {
            Entry::Occupied(known) => {
                let number = known.get().number;
                Some((number, self.sizes.get(number)))
            }
            Entry::Vacant(place) => {
                let number = u32::try_from(len).ok().filter(|_| len < Self::MAX_LEN)?;
                place.insert(Object { hash: halves, number });
                Some((number, 0))
            }
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { objects: self.first.len() as u64, bytes: self.bytes, object_bytes_max: self.bytes_max }
    }
}

const fn halves(hash: u64) -> [u32; 2] {
    [(hash >> 32) as u32, hash as u32]
}

impl Sizes {
    fn get(&self, object: u32) -> u64 {
        self.0.get(object as usize).copied().unwrap_or(1)
    }

    fn set(&mut self, object: u32, bytes: u64) {
        let index = object as usize;
        if index >= self.0.len() {
            if bytes == 1 {
                return;
            }
            self.0.resize(index + 1, 1);
        }
        self.0[index] = bytes;
    }
}

fn access(object: u32, bytes: u64) -> Access {
    Access { object, next_use: Oracle::NEVER, bytes: bytes.max(1) }
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
        assert_eq!(objects.totals(), Totals { objects: 2, bytes: 101, object_bytes_max: 100 });
    }

    /// More than are looked up side by side, new ones and known ones in one go.
    #[test]
    fn many_requests_mean_what_they_mean_one_by_one() {
        let requests = Vec::from_iter((0..500_u64).map(|at| Request::new(at * at % 97, at % 3)));
        let (mut one_by_one, mut at_once) = (Objects::default(), Objects::default());
        for _ in 0..2 {
            let expected = Vec::from_iter(requests.iter().map(|request| one_by_one.access(request).unwrap()));
            let mut accesses = Vec::new();
            assert!(at_once.append(&requests, &mut accesses));
            assert_eq!(accesses, expected);
        }
        assert_eq!(at_once.totals(), one_by_one.totals());
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

    #[test]
    fn objects_that_stay_keep_their_sizes_under_new_numbers() {
        let mut objects = Objects::default();
        for (key, size) in [(7, 100), (8, 1), (9, 30)] {
            objects.access(&Request::new(key, size)).unwrap();
        }
        objects.renumber(&[Some(1), None, Some(0)]);
        assert_eq!((objects.totals().objects, objects.totals().bytes), (2, 130));
        let mut access = |key, size| {
            let access = objects.access(&Request::new(key, size)).unwrap();
            (access.object, access.bytes)
        };
        assert_eq!([access(7, 5), access(9, 5), access(8, 5)], [(1, 100), (0, 30), (2, 5)]);
    }
}
