//! libCacheSim's `oracleGeneral`: packed little-endian records of 24 bytes.
//!
//! `u32` time in seconds, `u64` key, `u32` size in bytes, `i64` number of the next request to this key (-1 if none).
//! The last is for offline policies; it is not checked here.

use super::Decode;
use crate::{Request, TraceError, records::Records};

pub(crate) const RECORD_BYTES: usize = 24;

pub(crate) struct Oracle(pub(crate) Records<RECORD_BYTES>);

impl Decode for Oracle {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        self.0.append(batch, full, request)
    }
}

#[rustfmt::skip]
fn request(record: &[u8; RECORD_BYTES]) -> Request {
    let [t0, t1, t2, t3, k0, k1, k2, k3, k4, k5, k6, k7, s0, s1, s2, s3, ..] = *record;
    let mut request = Request::new(
        u64::from_le_bytes([k0, k1, k2, k3, k4, k5, k6, k7]),
        u64::from(u32::from_le_bytes([s0, s1, s2, s3])),
    );
    request.time_us = Some(u64::from(u32::from_le_bytes([t0, t1, t2, t3])) * 1_000_000);
    request
}

/// What detection looks at.
#[rustfmt::skip]
pub(crate) fn time_and_next(record: &[u8; RECORD_BYTES]) -> (u32, i64) {
    let [t0, t1, t2, t3, .., n0, n1, n2, n3, n4, n5, n6, n7] = *record;
    (u32::from_le_bytes([t0, t1, t2, t3]), i64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]))
}
