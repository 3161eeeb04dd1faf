//! The table of commands: names, arity, flags, and the functions that run them.

use std::{collections::HashMap, sync::LazyLock};

use nuthatch_resp::{Request, Writer};

use super::{
    commands::{connection, keys, server, strings},
    error::CommandError,
    session::Session,
};
use crate::context::Context;

/// A request being run: what it says, who says it, and where the reply goes.
pub(crate) struct Call<'a> {
    pub(crate) request: Request<'a>,
    pub(crate) session: &'a mut Session,
    pub(crate) context: &'a Context,
    pub(crate) reply: Writer<'a>,
}

/// What a command does, or may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    /// May change the data: its reply waits for the log.
    Write,
    ReadOnly,
    Fast,
    /// May be used before authentication.
    NoAuth,
    Admin,
}

impl Flag {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::ReadOnly => "readonly",
            Self::Fast => "fast",
            Self::NoAuth => "no_auth",
            Self::Admin => "admin",
        }
    }
}

/// One row of the table.
pub(crate) struct Command {
    /// In lower case.
    pub(crate) name: &'static str,
    /// Arguments, the name included; `-n` means at least `n`.
    pub(crate) arity: i32,
    pub(crate) flags: &'static [Flag],
    /// First key, last key (negative: from the end), step; zeros if there are none.
    pub(crate) keys: (i32, i32, i32),
    pub(crate) summary: &'static str,
    pub(crate) run: fn(&mut Call<'_>) -> Result<(), CommandError>,
}

const WRITE: &[Flag] = &[Flag::Write];
const FAST_WRITE: &[Flag] = &[Flag::Write, Flag::Fast];
const READ: &[Flag] = &[Flag::ReadOnly, Flag::Fast];
const SLOW_READ: &[Flag] = &[Flag::ReadOnly];
const ANYONE: &[Flag] = &[Flag::Fast, Flag::NoAuth];
const FAST: &[Flag] = &[Flag::Fast];
const ADMIN: &[Flag] = &[Flag::Admin];

const NO_KEYS: (i32, i32, i32) = (0, 0, 0);
const ONE_KEY: (i32, i32, i32) = (1, 1, 1);
const ALL_KEYS: (i32, i32, i32) = (1, -1, 1);

macro_rules! commands {
    ($($name:literal $arity:literal $flags:ident $keys:expr, $run:path, $summary:literal;)*) => {
        /// Every command, by name.
        pub(crate) const COMMANDS: &[Command] = &[$(Command {
            name: $name, arity: $arity, flags: $flags, keys: $keys, summary: $summary, run: $run,
        },)*];
    };
}

commands! {
    "append" 3 FAST_WRITE ONE_KEY, strings::append, "Appends a string to the value of a key.";
    "auth" -2 ANYONE NO_KEYS, connection::auth, "Authenticates the connection.";
    "client" -2 FAST NO_KEYS, connection::client, "Names and describes connections.";
    "command" -1 FAST NO_KEYS, server::command, "Describes the commands.";
    "config" -2 ADMIN NO_KEYS, server::config, "Reads and changes settings.";
    "dbsize" 1 READ NO_KEYS, keys::dbsize, "Returns the number of keys.";
    "decr" 2 FAST_WRITE ONE_KEY, strings::decr, "Decrements the integer of a key by one.";
    "decrby" 3 FAST_WRITE ONE_KEY, strings::decrby, "Decrements the integer of a key.";
    "del" -2 WRITE ALL_KEYS, keys::del, "Deletes keys.";
    "echo" 2 FAST NO_KEYS, connection::echo, "Returns the given string.";
    "exists" -2 READ ALL_KEYS, keys::exists, "Counts the keys that exist.";
    "expire" -3 FAST_WRITE ONE_KEY, keys::expire, "Sets the expiry of a key in seconds.";
    "expireat" -3 FAST_WRITE ONE_KEY, keys::expireat, "Sets the expiry of a key to a Unix time in seconds.";
    "expiretime" 2 READ ONE_KEY, keys::expiretime, "Returns the expiry of a key as a Unix time in seconds.";
    "flushall" -1 WRITE NO_KEYS, keys::flushall, "Removes all keys.";
    "flushdb" -1 WRITE NO_KEYS, keys::flushall, "Removes all keys.";
    "get" 2 READ ONE_KEY, strings::get, "Returns the value of a key.";
    "getdel" 2 FAST_WRITE ONE_KEY, strings::getdel, "Returns the value of a key and deletes it.";
    "getset" 3 FAST_WRITE ONE_KEY, strings::getset, "Sets a key and returns its old value.";
    "hello" -1 ANYONE NO_KEYS, connection::hello, "Shakes hands: protocol, authentication, name.";
    "incr" 2 FAST_WRITE ONE_KEY, strings::incr, "Increments the integer of a key by one.";
    "incrby" 3 FAST_WRITE ONE_KEY, strings::incrby, "Increments the integer of a key.";
    "incrbyfloat" 3 FAST_WRITE ONE_KEY, strings::incrbyfloat, "Increments the number of a key.";
    "info" -1 SLOW_READ NO_KEYS, server::info, "Returns facts and figures about the server.";
    "mget" -2 READ ALL_KEYS, strings::mget, "Returns the values of keys.";
    "mset" -3 WRITE (1, -1, 2), strings::mset, "Sets keys, all or none.";
    "persist" 2 FAST_WRITE ONE_KEY, keys::persist, "Removes the expiry of a key.";
    "pexpire" -3 FAST_WRITE ONE_KEY, keys::pexpire, "Sets the expiry of a key in milliseconds.";
    "pexpireat" -3 FAST_WRITE ONE_KEY, keys::pexpireat, "Sets the expiry of a key to a Unix time in milliseconds.";
    "pexpiretime" 2 READ ONE_KEY, keys::pexpiretime, "Returns the expiry of a key as a Unix time in milliseconds.";
    "ping" -1 FAST NO_KEYS, connection::ping, "Answers PONG.";
    "psetex" 4 WRITE ONE_KEY, strings::psetex, "Sets a key with its expiry in milliseconds.";
    "pttl" 2 READ ONE_KEY, keys::pttl, "Returns the time that a key has left in milliseconds.";
    "quit" -1 ANYONE NO_KEYS, connection::quit, "Closes the connection.";
    "scan" -2 SLOW_READ NO_KEYS, keys::scan, "Iterates over the keys.";
    "select" 2 FAST NO_KEYS, connection::select, "Selects the database; there is one, 0.";
    "set" -3 WRITE ONE_KEY, strings::set, "Sets a key.";
    "setex" 4 WRITE ONE_KEY, strings::setex, "Sets a key with its expiry in seconds.";
    "setnx" 3 FAST_WRITE ONE_KEY, strings::setnx, "Sets a key that does not exist.";
    "strlen" 2 READ ONE_KEY, strings::strlen, "Returns the length of the value of a key.";
    "touch" -2 READ ALL_KEYS, keys::touch, "Counts the keys that exist, as reads of them.";
    "ttl" 2 READ ONE_KEY, keys::ttl, "Returns the time that a key has left in seconds.";
    "type" 2 READ ONE_KEY, keys::type_of, "Returns the type of the value of a key.";
    "unlink" -2 WRITE ALL_KEYS, keys::del, "Deletes keys.";
}

/// No command's name is longer.
const NAME_LEN_MAX: usize = 16;

impl Command {
    /// The command of this `name`, in any case.
    pub(crate) fn find(name: &[u8]) -> Option<&'static Self> {
        static BY_NAME: LazyLock<HashMap<&[u8], &Command, foldhash::fast::FixedState>> =
            LazyLock::new(|| COMMANDS.iter().map(|command| (command.name.as_bytes(), command)).collect());
        let mut lower = [0; NAME_LEN_MAX];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        BY_NAME.get(&*lower).copied()
    }

    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether a request of `len` arguments, the name included, fits the arity.
    pub(crate) const fn takes(&self, len: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { len >= wanted } else { len == wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_name_is_found_in_any_case() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        for command in COMMANDS {
            let found = Command::find(command.name.to_uppercase().as_bytes());
            assert_eq!(found.map(|found| found.name), Some(command.name));
        }
        assert!(Command::find(b"nothing-of-the-kind").is_none());
    }
}
