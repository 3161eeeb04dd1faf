//! What a writer must know before it appends: is the key there, and where?
//!
//! The records tell, and reading them may take a disk's time. So it happens before the append lock is taken; under the lock
//! the keydir is asked again, and as a place never means another record while its entry stands, only places that came
//! in between are not judged yet. Their records are in memory, or else the writer lets go of the lock and judges again.

use crate::{
    Result,
    engine::{Engine, Tail},
    judge::Verdict,
    keydir::{Address, Location, Place},
};

/// The hash of a key, and what was found at the places it has led to.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) hash: u64,
    found: Vec<Found>,
}

#[derive(Debug)]
struct Found {
    place: Place,
    /// A place whose page was given to another segment is another place.
    at: Address,
    /// The key's own record; `None` if it is another's, or too damaged to tell.
    own: Option<Location>,
}

impl Engine {
    /// Judges all records that `key` may have. Reads, and takes no lock for it.
    pub(crate) fn probe(&self, key: &[u8]) -> Result<Probe> {
        let hash = self.keydir.hash(key);
        'again: loop {
            let mut found = Vec::new();
            for &place in self.keydir.table.get(hash).as_slice() {
                let Some(at) = self.keydir.address(place) else {
                    continue 'again;
                };
                let own = match self.judge(hash, place, key)? {
                    Verdict::Same(location) => Some(location),
                    // A damaged record must not keep its key from being written. It keeps its entry; reads prefer an
                    // intact record.
                    Verdict::Other | Verdict::Damaged(_) => None,
                    Verdict::Gone => continue 'again,
                };
                found.push(Found { place, at, own });
            }
            return Ok(Probe { hash, found });
        }
    }

    /// The entries that `key` has now, under the append lock: none or one, unless one of its records was damaged for a
    /// while. `None` if a record would have to be read to tell.
    pub(crate) fn entries(&self, probe: &Probe, key: &[u8], tail: &Tail) -> Option<Vec<Location>> {
        let mut own = Vec::new();
        for &place in self.keydir.table.get(probe.hash).as_slice() {
            let at = self.keydir.address(place)?;
            match probe.found.iter().find(|found| (found.place, found.at) == (place, at)) {
                Some(found) => own.extend(found.own),
                None => {
                    let named = self.name_unwritten(tail, probe.hash, place)?;
                    own.extend(named.ok().filter(|named| named.key == key).map(|named| named.location));
                }
            }
        }
        Some(own)
    }
}

impl Probe {
    /// Whether the key had an entry, or may have had one.
    pub(crate) fn found_any(&self) -> bool {
        self.found.iter().any(|found| found.own.is_some())
    }
}
