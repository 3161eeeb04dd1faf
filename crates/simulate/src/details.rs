//! Why requests missed, and what filled the cache to no purpose.

use serde::Serialize;

/// What a simulation found beside its hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Details {
    /// The misses by cause.
    #[serde(flatten)]
    pub misses: Misses,
    /// Requests that wrote, if operations are [honoured](crate::Honour).
    pub writes: u64,
    /// Requests that deleted, if operations are honoured.
    pub deletes: u64,
    /// Of what the cache held, summed over time (weight times requests from entry to departure, or to the end), the part
    /// that belonged to entries which were not read once in between. A scan drives it up: its entries come, push others out
    /// and leave unread. Overwriting begins an entry anew. 0 if nothing was held.
    pub scan_pollution: f64,
}

/// Misses by cause. They add up to `requests` less `hits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Misses {
    /// The object was never stored: no cache of any size and policy has it.
    #[serde(rename = "misses_compulsory")]
    pub compulsory: u64,
    /// It was evicted to make room.
    #[serde(rename = "misses_capacity")]
    pub capacity: u64,
    /// Its time to live had passed.
    #[serde(rename = "misses_expired")]
    pub expired: u64,
    /// It was deleted.
    #[serde(rename = "misses_deleted")]
    pub deleted: u64,
    /// It was refused when it was last to be stored, being larger than the cache.
    #[serde(rename = "misses_too_large")]
    pub too_large: u64,
}
