//! ARC's text: `start count ignored request_no`, separated by blanks, is `count` requests from key `start` on.
//!
//! Source: Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003, and its traces.

use super::{
    Decode,
    run::{RUN_MAX, Run},
};
use crate::{Request, TraceError, key::decimal, lines::Lines};

pub(crate) struct Lis {
    lines: Lines,
    run: Run,
}

impl Lis {
    pub(crate) fn new(lines: Lines) -> Self {
        Self { lines, run: Run::default() }
    }
}

impl Decode for Lis {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        loop {
            self.run.drain(batch, full);
            if batch.len() >= full {
                return Ok(());
            }
            let Some(line) = self.lines.next()? else {
                return Ok(());
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let Some([start, count, _, _]) = columns(line) else {
                return Err(self.lines.corrupt("four decimal numbers (start count ignored request_no)"));
            };
            if count > RUN_MAX || start.checked_add(count.saturating_sub(1)).is_none() {
                return Err(self.lines.corrupt("a count of at most 16777216 blocks"));
            }
            self.run = Run { request: Request::new(start, 1), step: 1, left: count };
        }
    }
}

/// The four numbers of a line, and no fifth.
pub(crate) fn columns(line: &[u8]) -> Option<[u64; 4]> {
    let mut numbers = [0; 4];
    let mut rest = line;
    for number in &mut numbers {
        rest = rest.trim_ascii_start();
        let digits = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        *number = decimal(&rest[..digits])?;
        rest = &rest[digits..];
    }
    rest.trim_ascii_start().is_empty().then_some(numbers)
}
