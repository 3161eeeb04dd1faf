//! One key per line, any bytes.

use super::Decode;
use crate::{Request, TraceError, key, lines::Lines};

pub(crate) struct Keys(pub(crate) Lines);

impl Decode for Keys {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        while batch.len() < full {
            let Some(line) = self.0.next()? else { break };
            if !line.is_empty() {
                batch.push(Request::new(key::from_text(line), 1));
            }
        }
        Ok(())
    }
}
