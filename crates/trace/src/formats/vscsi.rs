//! The vSCSI tracer's records, little-endian, of either version.
//!
//! Version 1, 32 bytes: `u32` serial number, `u32` length in bytes, `u32` scatter-gather entries, `u16` command, `u16`
//! version (0x0100), `u64` logical block number (the key), `u64` time in microseconds. Version 2, 40 bytes: `u16` command,
//! `u16` version (0x02..), serial number, length and entries, block number and time as above, `u64` response time. No
//! published trace in version 2 was at hand to check this against: it follows libCacheSim's reader.
//!
//! Commands that neither read nor write count as reads, so that every record is a request, as it is for libCacheSim.
//!
//! Source: Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015; libCacheSim, `vscsi.h`.

use super::Decode;
use crate::{Op, Request, TraceError, op, records::Records};

pub(crate) const RECORD_BYTES: usize = 32;
pub(crate) const RECORD_2_BYTES: usize = 40;
const VERSION_1: u16 = 0x0100;

pub(crate) struct Vscsi<const N: usize>(pub(crate) Records<N>);

impl<const N: usize> Decode for Vscsi<N> {
    fn decode(&mut self, batch: &mut Vec<Request>, full: usize) -> Result<(), TraceError> {
        while batch.len() < full {
            let records = self.0.peek(full - batch.len())?;
            if records.is_empty() {
                break;
            }
            let mut count = 0;
            let mut refused = None;
            for record in records {
                let fields = Fields::of(record);
                if !fields.is_sound() {
                    refused = Some(fields.version);
                    break;
                }
                batch.push(fields.request());
                count += 1;
            }
            self.0.consume(count);
            if let Some(version) = refused {
                let expected = if N == RECORD_BYTES {
                    "a vscsi record of version 0x0100 (or 0x0200 throughout)"
                } else {
                    "a vscsi record of version 0x0200"
                };
                let error = self.0.corrupt(expected, &format!("version {version:#06x}"));
                self.0.consume(1); // a lenient reader goes on behind it
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Whether all records of `sample` are of version 2, if there are two at least.
pub(crate) fn is_version_2(sample: &[u8]) -> bool {
    let (records, _) = sample.as_chunks::<RECORD_2_BYTES>();
    records.len() > 1 && records.iter().all(|record| Fields::of(record).is_sound())
}

/// Whether all records of `sample` are of version 1.
pub(crate) fn is_version_1(sample: &[u8]) -> bool {
    let (records, _) = sample.as_chunks::<RECORD_BYTES>();
    !records.is_empty() && records.iter().all(|record| Fields::of(record).is_sound())
}

/// What is used of a record, in either version.
struct Fields {
    bytes: u32,
    command: u16,
    version: u16,
    block: u64,
    time_us: u64,
    /// Which version a record of that length is.
    length_version: u16,
}

impl Fields {
    fn of<const N: usize>(record: &[u8; N]) -> Self {
        let [bytes, command, version, block, time] =
            if N == RECORD_BYTES { [4, 12, 14, 16, 24] } else { [8, 0, 2, 16, 24] };
        Self {
            bytes: u32::from_le_bytes(at(record, bytes)),
            command: u16::from_le_bytes(at(record, command)),
            version: u16::from_le_bytes(at(record, version)),
            block: u64::from_le_bytes(at(record, block)),
            time_us: u64::from_le_bytes(at(record, time)),
            length_version: if N == RECORD_BYTES { 1 } else { 2 },
        }
    }

    const fn is_sound(&self) -> bool {
        match self.length_version {
            1 => self.version == VERSION_1,
            _ => self.version >> 8 == 2,
        }
    }

    fn request(&self) -> Request {
        let mut request = Request::new(self.block, u64::from(self.bytes));
        request.op = u8::try_from(self.command).ok().and_then(op::of_scsi).unwrap_or_default();
        request.time_us = Some(self.time_us);
        request
    }
}

/// The `M` bytes of `record` from `start` on; zeros where it ends before.
fn at<const N: usize, const M: usize>(record: &[u8; N], start: usize) -> [u8; M] {
    record.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; M])
}

/// A record of version 1: what the writer writes.
pub(crate) fn record(request: &Request, number: u64) -> [u8; RECORD_BYTES] {
    let size = u32::try_from(request.size).unwrap_or(u32::MAX);
    let command: u16 = match request.op {
        Op::Read => 0x28,
        Op::Write => 0x2a,
        Op::Delete => 0x42, // UNMAP
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
