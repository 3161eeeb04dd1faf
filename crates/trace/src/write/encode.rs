//! The bytes of one request in each format.

use std::{collections::HashMap, io::Write};

use foldhash::quality::FixedState;

use crate::{Format, Op, Request, formats::vscsi};

/// A format to write in, and what it has to remember.
#[derive(Debug, Default)]
pub(super) enum Encoder {
    /// Key per line: keys and lirs.
    #[default]
    Keys,
    Lis,
    U32be,
    U64be,
    Vscsi,
    Oracle(Oracle),
    Csv,
    Jsonl,
    Twitter,
}

impl Encoder {
    pub(super) fn new(format: Format) -> Option<Self> {
        Some(match format {
            Format::Auto | Format::Workload => return None,
            Format::Keys | Format::Lirs => Self::Keys,
            Format::Lis => Self::Lis,
            Format::U32be => Self::U32be,
            Format::U64be => Self::U64be,
            Format::Vscsi => Self::Vscsi,
            Format::Oracle => Self::Oracle(Oracle::default()),
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::Jsonl,
            Format::Twitter => Self::Twitter,
        })
    }

    /// What stands above the first request.
    pub(super) fn start(&self, out: &mut Vec<u8>) {
        if matches!(self, Self::Csv) {
            out.extend_from_slice(b"time_us,op,key,size,ttl\n");
        }
    }

    /// Appends request `number`, from 1. False if the key does not fit.
    pub(super) fn encode(&mut self, request: &Request, number: u64, out: &mut Vec<u8>) -> bool {
        let Request { key, size, op, ttl_s, time_us } = *request;
        match self {
            Self::Keys => line(out, format_args!("{key}")),
            Self::Lis => line(out, format_args!("{key} 1 0 {number}")),
            Self::U32be => match u32::try_from(key) {
                Ok(key) => out.extend_from_slice(&key.to_be_bytes()),
                Err(_) => return false,
            },
            Self::U64be => out.extend_from_slice(&key.to_be_bytes()),
            Self::Vscsi => out.extend_from_slice(&vscsi::record(request, number)),
            Self::Oracle(oracle) => oracle.push(request),
            Self::Csv => line(
                out,
                format_args!("{},{},{key},{size},{}", Maybe(time_us), name(op), Maybe(ttl_s.map(u64::from))),
            ),
            Self::Jsonl => {
                write(out, format_args!("{{\"key\":{key},\"size\":{size},\"op\":\"{}\"", name(op)));
                if let Some(ttl_s) = ttl_s {
                    write(out, format_args!(",\"ttl\":{ttl_s}"));
                }
                if let Some(time_us) = time_us {
                    write(out, format_args!(",\"time_us\":{time_us}"));
                }
                out.extend_from_slice(b"}\n");
            }
            // Time, key, its size (which is counted in `size`), size of the value, client, operation, time to live.
            Self::Twitter => line(
                out,
                format_args!(
                    "{},{key},0,{size},0,{},{}",
                    time_us.unwrap_or(0) / 1_000_000,
                    name(op),
                    ttl_s.unwrap_or(0)
                ),
            ),
        }
        true
    }

    /// Appends more of what could only be written now, about `bytes` of it. False once there is no more.
    pub(super) fn end(&mut self, out: &mut Vec<u8>, bytes: usize) -> bool {
        match self {
            Self::Oracle(oracle) => oracle.end(out, bytes),
            _ => false,
        }
    }
}

/// The spelling that readers of all text formats with operations know.
const fn name(op: Op) -> &'static str {
    match op {
        Op::Read => "get",
        Op::Write => "set",
        Op::Delete => "delete",
    }
}

fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    write(out, text);
    out.push(b'\n');
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
}

/// A number, or nothing.
struct Maybe(Option<u64>);

impl std::fmt::Display for Maybe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |number| number.fmt(f))
    }
}

/// Records wait here until the next request to their key is known.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    records: Vec<Record>,
    /// Where each key was seen last.
    last: HashMap<u64, usize, FixedState>,
    ended: usize,
}

#[derive(Debug)]
struct Record {
    time_s: u32,
    size: u32,
    key: u64,
    /// The number of the next request to this key, from 1; 0 if there is none.
    next: u64,
}

impl Oracle {
    fn push(&mut self, request: &Request) {
        let index = self.records.len();
        self.records.push(Record {
            time_s: u32::try_from(request.time_us.unwrap_or(0) / 1_000_000).unwrap_or(u32::MAX),
            size: u32::try_from(request.size).unwrap_or(u32::MAX),
            key: request.key,
            next: 0,
        });
        if let Some(before) = self.last.insert(request.key, index) {
            self.records[before].next = index as u64 + 1;
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, bytes: usize) -> bool {
        let from = self.ended;
        for record in self.records.iter().skip(from).take(bytes / 24) {
            let next = if record.next == 0 { -1 } else { record.next.cast_signed() };
            out.extend_from_slice(&record.time_s.to_le_bytes());
            out.extend_from_slice(&record.key.to_le_bytes());
            out.extend_from_slice(&record.size.to_le_bytes());
            out.extend_from_slice(&next.to_le_bytes());
            self.ended += 1;
        }
        self.ended > from
    }
}
