//! User code that panics, wherever the cache runs it: the panic reaches the caller, no lock stays locked, nothing is lost,
//! counted twice or dropped twice.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::panic, reason = "what this is about")]

mod closures;
mod storm;
mod touchy;
