//! A snapshot that is anything: it must be restored, or refused with an error and nothing of it kept, and never panic.
//!
//! Checksums stop random bytes early, so the input may also be blocks with the right ones, as a bug of the writer or a
//! hostile copy would have them. What was restored must come back from a snapshot of its own.
#![no_main]

use crc_fast::crc32_iscsi;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use nuthatch_cache::{Cache, ManualClock, PolicyKind, StorageKind};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    capacity: u16,
    sets: bool,
    policy: u8,
    taken_at: u64,
    blocks: Vec<Block<'a>>,
    /// The right last block follows, which counts so many entries.
    end: Option<u64>,
    /// Bytes to change: where, and by what.
    flips: Vec<(u16, u8)>,
    tail: &'a [u8],
}

#[derive(Debug, Arbitrary)]
struct Block<'a> {
    kind: u8,
    entries: u32,
    payload: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let mut bytes = header(input.taken_at).to_vec();
    let mut sequence = 0;
    for block in &input.blocks {
        append(&mut bytes, sequence, block.kind % 3, block.entries, block.payload);
        sequence += 1;
    }
    if let Some(entries) = input.end {
        append(&mut bytes, sequence, 2, 0, &entries.to_le_bytes());
    }
    for (at, by) in &input.flips {
        let at = usize::from(*at) % bytes.len();
        bytes[at] ^= by;
    }
    bytes.extend_from_slice(input.tail);

    let cache = cache(&input);
    let decode = |bytes: &[u8]| Some((bytes.first().copied().unwrap_or(0), bytes.to_vec()));
    match cache.restore(&mut &bytes[..], decode) {
        Err(error) => assert!(cache.is_empty() && !error.to_string().is_empty()),
        Ok(restored) => {
            assert!(cache.len() as u64 == restored.entries && restored.entries <= cache.capacity());
            let alive = cache.iter().count() as u64;
            let mut again = Vec::new();
            let saved =
                cache.snapshot(&mut again, |_, value, out| out.extend_from_slice(value)).expect("room");
            assert_eq!(saved.entries, alive);
            let other = self::cache(&input);
            let again = other.restore(&mut &again[..], decode).expect("what was written is whole");
            assert_eq!(again.entries + again.crowded_out, alive);
        }
    }
});

fn cache(input: &Input<'_>) -> Cache<u8, Vec<u8>> {
    let builder = Cache::builder().capacity(u64::from(input.capacity)).clock(ManualClock::new().clock());
    let policy = PolicyKind::ALL[usize::from(input.policy) % PolicyKind::ALL.len()];
    let builder =
        if input.sets { builder.storage(StorageKind::Sets) } else { builder.policy(policy).shards(2) };
    builder.build().expect("fits")
}

fn header(taken_at: u64) -> [u8; 64] {
    let mut header = [0; 64];
    header[..8].copy_from_slice(b"NUTHSNAP");
    header[8] = 1;
    header[16..24].copy_from_slice(&taken_at.to_le_bytes());
    let crc = crc32_iscsi(&header[..60]) as u32;
    header[60..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Appends a block as the format's description says, checksum included.
fn append(bytes: &mut Vec<u8>, sequence: u32, kind: u8, entries: u32, payload: &[u8]) {
    let mut block = (payload.len() as u32).to_le_bytes().to_vec();
    block.extend_from_slice(&sequence.to_le_bytes());
    block.extend_from_slice(&entries.to_le_bytes());
    block.extend_from_slice(&[kind, 0, 0, 0]);
    block.extend_from_slice(payload);
    bytes.extend_from_slice(&(crc32_iscsi(&block) as u32).to_le_bytes());
    bytes.extend_from_slice(&block);
}
