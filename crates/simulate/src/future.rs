//! When each object is requested next.

use nuthatch_policy::Oracle;

use crate::access::Access;

/// The next use of each request's object. 4 bytes per request, and 4 per object while it is being found out.
#[derive(Default)]
pub(crate) struct Future {
    next_uses: Vec<u32>,
    /// By object: its latest request.
    latest: Vec<u32>,
}

impl Future {
    /// Takes the next request in; `false` if there are more than can be numbered.
    pub(crate) fn observe(&mut self, access: &Access) -> bool {
        let Some(now) = u32::try_from(self.next_uses.len()).ok().filter(|now| *now != Oracle::NEVER) else {
            return false;
        };
        let object = access.object as usize;
        match self.latest.get_mut(object) {
            Some(latest) => {
                self.next_uses[*latest as usize] = now;
                *latest = now;
            }
            // Objects are numbered by first request.
            None => self.latest.push(now),
        }
        self.next_uses.push(Oracle::NEVER);
        true
    }

    /// All requests were taken in.
    pub(crate) fn complete(&mut self) {
        self.latest = Vec::new();
    }

    /// Tells all requests, in the order in which they were taken in, their next uses.
    pub(crate) fn foretell(&self, accesses: &mut [Access]) {
        for (access, next_use) in accesses.iter_mut().zip(&self.next_uses) {
            access.next_use = *next_use;
        }
    }

    /// When the object of the request with this number is requested next, if there was such a request.
    pub(crate) fn next_use(&self, request: usize) -> Option<u32> {
        self.next_uses.get(request).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_knows_the_next_one_for_its_object() {
        let mut future = Future::default();
        for object in [0, 1, 0, 0, 2, 1] {
            assert!(future.observe(&Access { object, next_use: Oracle::NEVER, bytes: 1 }));
        }
        let next_uses = (0..6).map(|request| future.next_use(request).unwrap()).collect::<Vec<_>>();
        assert_eq!(next_uses, [2, 5, 3, Oracle::NEVER, Oracle::NEVER, Oracle::NEVER]);
        assert_eq!(future.next_use(6), None);
    }
}
