//! LIRS's text: one decimal key per line; a line `*` separates and means nothing.
//!
//! Source: Jiang and Zhang, "LIRS", SIGMETRICS 2002, and its traces.

use super::Decode;
use crate::{Request, TraceError, key::decimal, lines::Lines};

pub(crate) struct Lirs(pub(crate) Lines);

impl Decode for Lirs {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        while batch.len() < full {
            let Some(line) = self.0.next()? else { break };
            match line.trim_ascii() {
                b"" | b"*" => {}
                line => match decimal(line) {
                    Some(key) => batch.push(Request::new(key, 1)),
                    None => return Err(self.0.corrupt("a decimal key or \"*\"")),
                },
            }
        }
        Ok(())
    }
}
