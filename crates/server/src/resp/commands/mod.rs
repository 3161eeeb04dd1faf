//! The commands, by what they are about. Each reads its arguments, calls the keyspace, writes its reply.

pub(super) mod connection;
pub(super) mod keys;
pub(super) mod server;
pub(super) mod strings;
