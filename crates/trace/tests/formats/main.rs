//! Every format: what is written comes back, what it says is understood, and what is damaged is named.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod columns;
mod damage;
mod lenient;
mod packing;
mod roundtrip;
mod writers;
