//! The Nuthatch server: RESP and HTTP front doors over one keyspace.
//!
//! One thread accepts and hands each connection to the next worker; a worker is a thread with an event loop of its own
//! that serves its connections from first byte to last, so a request never crosses threads. All workers share one
//! [`Keyspace`](nuthatch_keyspace::Keyspace).

mod context;
mod error;
mod expiry;
mod http;
mod listener;
mod resp;
mod server;
mod settings;
mod worker;

pub use error::ServerError;
pub use server::{Server, Shutdown};
pub use settings::Settings;
