//! Requests as bytes, made before the clock starts, and the lengths of their replies.

use std::{fmt, io::Write};

use crate::{random::Random, zipf::Zipf};

pub(crate) const VALUE_BYTES: usize = 64;
/// Requests made in advance, after which they repeat. A multiple of every pipeline.
const REQUESTS: usize = 1 << 16;
const SKEW: f64 = 0.9;
const SEED: u64 = 20_261_120;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Get,
    Set,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::Set => "set",
        })
    }
}

/// Requests of equal length, whose replies are of equal length too: replies are counted by their bytes.
#[derive(Debug)]
pub(crate) struct Requests {
    bytes: Vec<u8>,
    request_bytes: usize,
    pub(crate) reply_bytes: usize,
    /// What a reply to be counted begins with.
    pub(crate) reply_start: u8,
}

impl Requests {
    /// Requests for few of the `keys` keys often, and for many of them seldom.
    pub(crate) fn zipf(command: Command, keys: u32) -> Self {
        let zipf = Zipf::new(keys, SKEW);
        let mut random = Random::new(SEED);
        Self::of(command, (0..REQUESTS).map(|_| zipf.draw(&mut random)))
    }

    /// One SET of each of the `keys` keys.
    pub(crate) fn preload(keys: u32) -> Self {
        Self::of(Command::Set, 0..keys as usize)
    }

    fn of(command: Command, ranks: impl Iterator<Item = usize>) -> Self {
        let mut bytes = Vec::new();
        let mut request_bytes = 0;
        for rank in ranks {
            let start = bytes.len();
            write_request(&mut bytes, command, rank);
            request_bytes = bytes.len() - start;
        }
        let (reply_bytes, reply_start) = match command {
            Command::Get => (b"$64\r\n".len() + VALUE_BYTES + b"\r\n".len(), b'$'),
            Command::Set => (b"+OK\r\n".len(), b'+'),
        };
        Self { bytes, request_bytes, reply_bytes, reply_start }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / self.request_bytes
    }

    /// The `number`th batch of `pipeline` requests, over and over.
    pub(crate) fn batch(&self, number: usize, pipeline: usize) -> &[u8] {
        let first = number * pipeline % self.len();
        let end = (first + pipeline).min(self.len());
        &self.bytes[first * self.request_bytes..end * self.request_bytes]
    }

    pub(crate) fn in_bytes(&self, bytes: usize) -> usize {
        bytes / self.request_bytes
    }
}

fn write_request(bytes: &mut Vec<u8>, command: Command, rank: usize) {
    let written = match command {
        Command::Get => write!(bytes, "*2\r\n$3\r\nGET\r\n$16\r\nkey:{rank:012x}\r\n"),
        Command::Set => {
            let value = format!("{rank:0VALUE_BYTES$}");
            write!(bytes, "*3\r\n$3\r\nSET\r\n$16\r\nkey:{rank:012x}\r\n${VALUE_BYTES}\r\n{value}\r\n")
        }
    };
    debug_assert!(written.is_ok(), "writing to a vector does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_one_command_are_of_equal_length_and_repeat() {
        let requests = Requests::zipf(Command::Set, 1000);
        assert_eq!(requests.len(), REQUESTS);
        assert!(requests.batch(0, 16).starts_with(b"*3\r\n$3\r\nSET\r\n$16\r\nkey:0000"));
        assert_eq!(requests.batch(0, 16), requests.batch(REQUESTS / 16, 16));
        assert_eq!(requests.in_bytes(requests.batch(7, 16).len()), 16);
    }
}
