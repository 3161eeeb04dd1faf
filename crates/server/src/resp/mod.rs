//! The RESP door: connections, sessions, and the table of commands.

mod arguments;
mod command;
mod commands;
mod connection;
mod error;
mod session;

pub(crate) use connection::serve;
