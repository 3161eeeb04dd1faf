//! What a synthetic load consists of.

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use nuthatch_resp::encode_command;

use super::keys::{Distribution, KeyStream, key_text, value_bytes};
use super::tally::Tally;

/// A synthetic load.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) workload: Workload,
    pub(crate) keys: u64,
    pub(crate) distribution: Distribution,
    pub(crate) value_bytes: usize,
    pub(crate) connections: u16,
    pub(crate) pipeline: u16,
    pub(crate) rate: Option<f64>,
}

impl Load {
    /// The requests of connection number `lane`.
    pub(crate) fn requests(&self, lane: u64) -> Requests {
        Requests {
            keys: KeyStream::new(&self.distribution, self.keys, lane),
            get_percent: match self.workload {
                Workload::Get => 100.0,
                Workload::Set => 0.0,
                Workload::Mixed(percent) => percent,
            },
            value: value_bytes(self.value_bytes).into(),
        }
    }

    /// For the report.
    pub(crate) fn describe(&self) -> String {
        let Self { workload, keys, distribution, value_bytes, connections, pipeline, rate } = self;
        let pace = match rate {
            Some(rate) => format!("open loop at {rate}/s"),
            None => format!("pipeline {pipeline}"),
        };
        format!(
            "{workload}, {distribution} over {keys} keys, values of {value_bytes} bytes, connections {connections}, {pace}"
        )
    }
}

/// Which commands are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Workload {
    Get,
    Set,
    /// GETs out of a hundred requests.
    Mixed(f64),
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "get" => Ok(Self::Get),
            None if text == "set" => Ok(Self::Set),
            Some(("mixed", percent)) => match percent.parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Mixed(percent)),
                _ => Err("the share of GETs in mixed:R is a number from 0 to 100".to_owned()),
            },
            _ => Err("expected get, set or mixed:PERCENT_OF_GETS".to_owned()),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get => write!(f, "get"),
            Self::Set => write!(f, "set"),
            Self::Mixed(percent) => write!(f, "mixed:{percent}"),
        }
    }
}

/// An endless stream of requests.
pub(crate) struct Requests {
    keys: KeyStream,
    get_percent: f64,
    value: Rc<[u8]>,
}

impl Requests {
    /// Appends the next request to `out`.
    #[inline]
    pub(crate) fn encode_next(&mut self, out: &mut Vec<u8>, tally: &Tally) {
        let key = key_text(self.keys.next_key());
        if self.keys.chance(self.get_percent) {
            tally.sent_get();
            encode_get(out, &key);
        } else {
            tally.sent_set();
            encode_set(out, &key, &self.value);
        }
    }
}

#[inline]
pub(crate) fn encode_get(out: &mut Vec<u8>, key: &[u8]) {
    encode_command(out, [b"GET", key]);
}

#[inline]
pub(crate) fn encode_set(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    encode_command(out, [b"SET", key, value]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_read_as_they_are_shown() {
        for text in ["get", "set", "mixed:95", "mixed:0.5"] {
            assert_eq!(text.parse::<Workload>().unwrap().to_string(), text);
        }
        for text in ["", "mixed", "mixed:101", "mixed:-1", "mixed:NaN", "scan"] {
            assert!(text.parse::<Workload>().is_err(), "{text}");
        }
    }
}
