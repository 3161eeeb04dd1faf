//! A request as the simulated caches see it.

/// One read of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The object's number, in the order of first requests from 0.
    pub(crate) object: u32,
    /// The object's key, mixed: what policies remember of those that left.
    pub(crate) hash: u64,
    /// The object's bytes, from the first request to it; at least 1.
    pub(crate) bytes: u64,
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
