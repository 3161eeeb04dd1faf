//! Replays cache traces against eviction policies.
//!
//! A [`Replay`] sends every request of a trace through one simulated cache per policy and capacity, in one pass over
//! the file. A simulated cache drives the very [`Policy`](nuthatch_policy::Policy) that the live cache drives, in the
//! same way, so what it promises is what production does.
//!
//! ```
//! use nuthatch_policy::PolicyKind;
//! use nuthatch_simulate::{Replay, output};
//! use nuthatch_trace::{Format, Trace};
//!
//! let trace = Trace::from_reader("example", &b"a\nb\na\nc\na\n"[..], Format::Keys)?;
//! let replay = Replay::new([PolicyKind::Lru, PolicyKind::Fifo], ["2".parse()?, "50%".parse()?]);
//! let rows = replay.run(trace)?;
//! assert_eq!(rows[0].hits, 2);
//! print!("{}", output::table(&rows));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is counted: every request is a read that fills on a miss, from a cold start. An object keeps the size of its
//! first request in the trace; size 0 counts as 1. An object larger than the whole capacity is never admitted.

mod access;
mod capacity;
mod comparison;
mod contender;
mod crew;
mod details;
mod error;
mod fenwick;
mod first_pass;
mod future;
mod histogram;
mod honour;
mod lru_curve;
mod miniature;
mod objects;
pub mod output;
mod popularity;
mod progress;
mod replay;
pub mod report;
mod residence;
mod row;
mod run;
mod sample;
mod sets;
mod simulation;
mod source;
mod stack;
mod summarise;
mod summary;
mod timeline;

pub use capacity::{Capacity, InvalidCapacity};
pub use contender::{Contender, UnknownContender};
pub use details::{Details, Misses};
pub use error::SimulateError;
pub use honour::{Honour, UnknownHonour};
pub use progress::{Ignored, Progress, Stage};
pub use replay::Replay;
pub use row::{Row, Unit};
pub use summarise::summarise;
pub use summary::{
    LruNeed, Popularity, RankRequests, Reuse, ReuseBucket, ReusePercentile, Summary, TimesToLive, TopShare,
    WorkingSet,
};
pub use timeline::{Slice, Timeline};
