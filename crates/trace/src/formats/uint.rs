//! Big-endian keys of four or eight bytes, nothing else.

use super::Decode;
use crate::{Request, TraceError, records::Records};

pub(crate) struct U32be(pub(crate) Records<4>);

impl Decode for U32be {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        self.0.append(batch, full, |record| Request::new(u32::from_be_bytes(*record).into(), 1))
    }
}

pub(crate) struct U64be(pub(crate) Records<8>);

impl Decode for U64be {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        self.0.append(batch, full, |record| Request::new(u64::from_be_bytes(*record), 1))
    }
}
