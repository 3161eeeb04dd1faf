//! A store whose last segment ends in anything: it must open, or be refused with an error, and never panic.
//!
//! Checksums stop random bytes early, so the input may also be records with the right ones, as a bug of the writer or a
//! hostile copy of a store would have them. What opened must be readable and must open again with the same keys.
#![no_main]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crc_fast::crc32_iscsi;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use nuthatch_log::{Log, Options, SyncMode};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    /// Bytes cut off the end of the intact segment.
    cut: u8,
    /// Bytes to change in it: where, and by what.
    flips: Vec<(u16, u8)>,
    records: Vec<Record<'a>>,
    tail: &'a [u8],
}

#[derive(Debug, Arbitrary)]
struct Record<'a> {
    kind: u8,
    flags: u8,
    key_len: u8,
    body: &'a [u8],
    lsn: u64,
    expires_at: u64,
    /// What it claims; none by default.
    back: Option<u32>,
    /// What is announced beside what is there.
    value_len: Option<u32>,
}

fuzz_target!(|input: Input<'_>| {
    let mut segment = intact().to_vec();
    segment.truncate(segment.len() - usize::from(input.cut).min(segment.len()));
    for (at, by) in &input.flips {
        let at = usize::from(*at) % segment.len().max(1);
        if let Some(byte) = segment.get_mut(at) {
            *byte ^= by;
        }
    }
    for record in &input.records {
        append(&mut segment, record);
    }
    segment.extend_from_slice(input.tail);

    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join(SEGMENT), &segment).expect("a writable directory");
    match keys(dir.path(), false) {
        Some(first) => assert_eq!(Some(first), keys(dir.path(), false), "the second opening differs"),
        None => {
            let salvaged = keys(dir.path(), true);
            if salvaged.is_some() {
                assert_eq!(salvaged, keys(dir.path(), false), "what was salvaged opens as it is");
            }
        }
    }
});

/// Opens, reads all and closes; `None` if it is refused.
fn keys(dir: &Path, salvage: bool) -> Option<BTreeSet<Box<[u8]>>> {
    let options = Options::new().sync(SyncMode::Never).salvage(salvage).clock(|| 1_000_000);
    let (log, recovery) = Log::open(dir, options).ok()?;
    let mut keys = BTreeSet::new();
    let mut cursor = 0;
    loop {
        let (next, found) = log.scan(cursor, 100).unwrap();
        keys.extend(found);
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!((keys.len(), log.len()), (recovery.keys, recovery.keys));
    for key in &keys {
        assert!(log.get(key).expect("what was recovered is readable").is_some());
    }
    log.close().expect("what was read only closes");
    Some(keys)
}

/// A segment with three records, made once.
fn intact() -> &'static [u8] {
    static SEGMENT_BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    SEGMENT_BYTES.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (log, _) = Log::open(dir.path(), Options::new().sync(SyncMode::Never)).expect("a new log");
        log.put(b"oak", b"acorn", None).expect("room");
        log.put(b"hazel", b"nut", Some(4_102_444_800_000)).expect("room");
        log.delete(b"oak").expect("room");
        log.close().expect("room");
        fs::read(dir.path().join(SEGMENT)).expect("one segment")
    })
}

/// Appends a record as the format's description says, checksums included.
fn append(segment: &mut Vec<u8>, record: &Record<'_>) {
    let Some(store_id) = segment.get(16..24) else { return };
    let store_id = u64::from_le_bytes(store_id.try_into().expect("eight bytes"));
    segment.resize(segment.len().next_multiple_of(8), 0);
    let offset = segment.len() as u64;
    let body = &record.body[..record.body.len().min(4096)];
    let key_len = usize::from(record.key_len).min(body.len());
    let value_len = record.value_len.unwrap_or((body.len() - key_len) as u32);
    let mut header = [0; 32];
    header[4..8].copy_from_slice(&(crc32_iscsi(body) as u32).to_le_bytes());
    header[8] = record.kind % 5 | record.flags % 8 << 4;
    header[9..12].copy_from_slice(&record.back.unwrap_or(u32::MAX).to_le_bytes()[..3]);
    header[12..14].copy_from_slice(&(key_len as u16).to_le_bytes());
    header[14..18].copy_from_slice(&value_len.to_le_bytes());
    header[18..24].copy_from_slice(&record.lsn.to_le_bytes()[..6]);
    header[24..32].copy_from_slice(&record.expires_at.to_le_bytes());
    let salt = mix(store_id.wrapping_add(0x9e37_79b9_7f4a_7c15)); // of segment number 1
    let crc = crc32_iscsi(&header[4..]) as u32 ^ (mix(salt ^ offset) >> 32) as u32;
    header[..4].copy_from_slice(&crc.to_le_bytes());
    segment.extend_from_slice(&header);
    segment.extend_from_slice(body);
    segment.resize(segment.len().next_multiple_of(8), 0);
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

const SEGMENT: &str = "0000000001.seg";
