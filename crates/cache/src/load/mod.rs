//! Loading on a miss: the caller that comes first loads, the others wait for it.

mod blocking;
mod cache_ref;
mod error;
mod lead;
mod lookup;
mod many;
mod meet;
mod tasks;

pub use self::{
    cache_ref::CacheRef,
    error::LoadError,
    lookup::{Lookup, Reservation},
};
use self::{
    error::infallible,
    lead::Lead,
    meet::{Held, Look, Met},
};
