//! Every format: what is written comes back, and what is damaged is named.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod damage;
mod packing;
mod roundtrip;
