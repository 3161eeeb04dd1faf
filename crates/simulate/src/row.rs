//! What a simulation found.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{Details, Timeline};

/// What a capacity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Objects, each of size 1.
    Objects,
    /// Bytes of objects.
    Bytes,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Objects => "objects",
            Self::Bytes => "bytes",
        })
    }
}

/// One policy at one capacity on one trace. Its serialised fields, in their order, are a contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The trace's name: the file as given.
    pub trace: String,
    /// The policy's spelling.
    pub policy: &'static str,
    /// The resolved capacity.
    pub capacity: u64,
    /// What `capacity` counts.
    pub unit: Unit,
    /// All requests, the cold start included.
    pub requests: u64,
    /// Requests that found their object.
    pub hits: u64,
    /// `hits` of `requests`.
    pub hit_ratio: f64,
    /// The hits' bytes of all requests' bytes; `None` where objects count as size 1.
    pub byte_hit_ratio: Option<f64>,
    /// Objects that left to make room.
    pub evictions: u64,
    /// Time spent in this simulation alone, without reading the trace. Written with microseconds.
    #[serde(serialize_with = "microseconds")]
    pub seconds: f64,
    /// Misses whose object is larger than the capacity, so that it was not admitted. Not serialised.
    #[serde(skip)]
    pub rejections: u64,
    /// Why requests missed, and more. Not serialised.
    #[serde(skip)]
    pub details: Details,
    /// The part of the objects, or of their bytes, that this was estimated from; `None` if it is exact. Not serialised.
    #[serde(skip)]
    pub sampled: Option<f64>,
    /// The hits over time, if [kept](crate::Replay::timeline). Not serialised.
    #[serde(skip)]
    pub timeline: Option<Timeline>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn microseconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1e6).round() / 1e6)
}

pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
