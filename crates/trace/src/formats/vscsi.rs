//! The vSCSI tracer's records, version 1: little-endian, 32 bytes.
//!
//! `u32` serial number, `u32` length in bytes, `u32` scatter-gather entries, `u16` command, `u16` version (0x0100),
//! `u64` logical block number (the key), `u64` time in microseconds. Version 2 has other, longer records; no published
//! trace in that version was at hand to check a reader against, so it is refused by name.
//!
//! Source: Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015, and libCacheSim's reader.

use super::Decode;
use crate::{Op, Request, TraceError, records::Records};

pub(crate) const RECORD_BYTES: usize = 32;
pub(crate) const VERSION_1: u16 = 0x0100;

pub(crate) struct Vscsi(pub(crate) Records<RECORD_BYTES>);

impl Decode for Vscsi {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        while batch.len() < full {
            let records = self.0.peek(full - batch.len())?;
            if records.is_empty() {
                break;
            }
            let mut count = 0;
            let mut refused = None;
            for record in records {
                if version(record) != VERSION_1 {
                    refused = Some(version(record));
                    break;
                }
                batch.push(request(record));
                count += 1;
            }
            self.0.consume(count);
            if let Some(version) = refused {
                return Err(self.0.corrupt(
                    "a vscsi record of version 0x0100 (others are not supported)",
                    &format!("version {version:#06x}"),
                ));
            }
        }
        Ok(())
    }
}

pub(crate) const fn version(record: &[u8; RECORD_BYTES]) -> u16 {
    u16::from_le_bytes([record[14], record[15]])
}

/// A record of version 1: what the writer writes.
pub(crate) fn record(request: &Request, number: u64) -> [u8; RECORD_BYTES] {
    let size = u32::try_from(request.size).unwrap_or(u32::MAX);
    let command: u16 = match request.op {
        Op::Read => 0x28,
        Op::Write => 0x2a,
        Op::Delete => 0x42,
    };
    let mut record = [0; RECORD_BYTES];
    record[0..4].copy_from_slice(&(number as u32).to_le_bytes());
    record[4..8].copy_from_slice(&size.to_le_bytes());
    record[8..12].copy_from_slice(&1_u32.to_le_bytes());
    record[12..14].copy_from_slice(&command.to_le_bytes());
    record[14..16].copy_from_slice(&VERSION_1.to_le_bytes());
    record[16..24].copy_from_slice(&request.key.to_le_bytes());
    record[24..32].copy_from_slice(&request.time_us.unwrap_or(0).to_le_bytes());
    record
}

#[rustfmt::skip]
fn request(record: &[u8; RECORD_BYTES]) -> Request {
    let [_, _, _, _, l0, l1, l2, l3, _, _, _, _, _, _, _, _, k0, k1, k2, k3, k4, k5, k6, k7, ..] = *record;
    Request::new(
        u64::from_le_bytes([k0, k1, k2, k3, k4, k5, k6, k7]),
        u64::from(u32::from_le_bytes([l0, l1, l2, l3])),
    )
}
