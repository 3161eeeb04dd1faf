//! Area `hash`: hash functions for the keys of the cache and of the keyspace.
//!
//! "Ours" is what the cache uses today; every other function is a peer. Decided on in `docs/decisions/0003-hash.md`.

mod end_effect;
mod function;
mod quality;
mod time;

use crate::{area_hash::function::HashFunction, effort::Effort, report::Report};

pub(crate) fn run(effort: Effort, report: &mut Report) {
    let functions = HashFunction::all();
    time::measure(&functions, effort, report);
    end_effect::measure(&functions, effort, report);
    quality::measure(&functions, effort, report);
}
