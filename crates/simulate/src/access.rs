//! Requests as the simulated caches see them.

use nuthatch_trace::Op;

/// One request for one object. 16 bytes, since a pass over a trace streams them through the CPU's caches once per
/// simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The object's number, in the order of first requests from 0.
    pub(crate) object: u32,
    /// The number of the next request for the object; [`Oracle::NEVER`](nuthatch_policy::Oracle::NEVER) if there is none
    /// or nobody asked.
    pub(crate) next_use: u32,
    /// The object's bytes, at least 1.
    pub(crate) bytes: u64,
}

/// What else a request says, if it is honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) op: Op,
    /// 0 if the trace does not tell the time, or times to live are not honoured.
    pub(crate) time_us: u64,
    /// [`Terms::FOR_EVER`] if there is none.
    pub(crate) ttl_us: u64,
}

impl Terms {
    pub(crate) const FOR_EVER: u64 = u64::MAX;
}

/// Requests that follow one another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) accesses: Vec<Access>,
    /// One for each access if anything is honoured, else none at all: then every request is a read.
    pub(crate) terms: Vec<Terms>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.accesses.clear();
        self.terms.clear();
    }
}

impl Access {
    /// What policies remember of an object that left: as good as a hash of its key, and as distinct.
    pub(crate) const fn hash(object: u32) -> u64 {
        mix(object as u64)
    }
}

/// Spreads a key over all 64 bits. One to one, so equal hashes are equal keys, and nothing else needs to be compared.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (the finaliser).
pub(crate) const fn mix(key: u64) -> u64 {
    let key = key.wrapping_add(0x9e37_79b9_7f4a_7c15); // else key 0 would keep hash 0
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}
