//! What a trace is like, as figures to print and to draw.

use serde::Serialize;

/// What [`summarise`](crate::summarise) finds out about a trace. Every object counts with the size of its first request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// The trace's name: the file as given.
    pub trace: String,
    /// The format it was read as.
    pub format: String,
    /// All requests.
    pub requests: u64,
    /// Requests that read.
    pub reads: u64,
    /// Requests that write.
    pub writes: u64,
    /// Requests that delete.
    pub deletes: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Bytes of the distinct objects.
    pub bytes: u64,
    /// Bytes of all requests.
    pub request_bytes: u64,
    /// The largest object.
    pub object_bytes_max: u64,
    /// Seconds from the first request to the last; `None` if the trace does not tell the time.
    pub span_s: Option<f64>,
    /// Times to live; `None` if no request has one.
    pub ttl: Option<TimesToLive>,
    /// Objects that are requested once.
    pub one_hit_wonders: u64,
    /// The most hits of any policy and capacity, of all requests: all but the first request for each object.
    pub hit_ratio_max: f64,
    /// Who is requested how often.
    pub popularity: Popularity,
    /// How soon objects are requested again.
    pub reuse: Reuse,
    /// How many objects are in use at a time, by the length of that time; the last one is the whole trace.
    pub working_sets: Vec<WorkingSet>,
    /// What LRU needs for parts of the hits that can be had.
    pub lru_needs: Vec<LruNeed>,
}

/// Times to live in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TimesToLive {
    /// Requests that have one.
    pub requests: u64,
    /// The shortest, in seconds.
    pub min_s: u64,
    /// Half of them are at most this, in seconds; up to 1.6 % more than exact.
    pub median_s: u64,
    /// The longest, in seconds.
    pub max_s: u64,
}

/// Who is requested how often.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Popularity {
    /// How many of the requests go to the most popular objects: the first 1, 10, 100 and so on.
    pub top: Vec<TopShare>,
    /// Requests by rank from 1, the most popular first: about 20 points per power of ten, spread geometrically.
    pub ranks: Vec<RankRequests>,
    /// The exponent `s` of the Zipf law, requests in proportion to `rank ^ -s`, that fits `ranks` best (least squares of
    /// logarithms, over the ranks requested more than once); `None` with fewer than three of them.
    pub zipf_exponent: Option<f64>,
    /// How well that law describes the trace: the part of the variance it explains, 1 being all.
    pub zipf_r2: Option<f64>,
}

/// The part of the requests that the most popular objects have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TopShare {
    /// So many objects.
    pub objects: u64,
    /// Their requests of all requests.
    pub share: f64,
}

/// The requests for the object of one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RankRequests {
    /// The place in the order of popularity, from 1.
    pub rank: u64,
    /// How often that object is requested.
    pub requests: u64,
}

/// How soon objects are requested again: the LRU stack distance, which is the least capacity of LRU, in objects, that
/// makes the request a hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reuse {
    /// First requests, which have no distance.
    pub first_requests: u64,
    /// Requests by distance, in powers of two; up to the largest that occurs.
    pub histogram: Vec<ReuseBucket>,
    /// Distances that 10, 25, 50, 75, 90 and 99 of a hundred repeated requests do not exceed; empty if none repeats.
    pub percentiles: Vec<ReusePercentile>,
}

/// Requests of like distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReuseBucket {
    /// Above half of this (above 0 if this is 1), and at most this.
    pub distance_max: u64,
    /// Requests with such a distance.
    pub requests: u64,
}

/// One percentile of the distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReusePercentile {
    /// So many of a hundred repeated requests,
    pub percent: u32,
    /// have at most this distance.
    pub distance: u64,
}

/// The distinct objects in a window of requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkingSet {
    /// Requests in a window. Windows follow one another; a last one that is not full does not count.
    pub window_requests: u64,
    /// Distinct objects in a window, on average.
    pub objects_mean: f64,
    /// Distinct objects in the window that has most.
    pub objects_max: u64,
}

/// What LRU needs for a part of the hits that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LruNeed {
    /// The part: 0.5, 0.8, 0.9, 0.95 or 0.99 of [`hit_ratio_max`](Summary::hit_ratio_max).
    pub part: f64,
    /// The hit ratio that this is.
    pub hit_ratio: f64,
    /// The least capacity in objects that reaches it.
    pub objects: u64,
    /// The least capacity in bytes that reaches it, up to 1.6 % more than exact; `None` if all objects have one byte.
    /// Where that is less than the largest objects need, they are refused, and LRU may do better than this.
    pub bytes: Option<u64>,
}
