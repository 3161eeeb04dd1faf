//! Whatever is done to a snapshot, it is found out, and nothing of it comes in.
#![cfg(feature = "snapshot")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    io::{self, Read},
    sync::LazyLock,
    time::Duration,
};

use nuthatch_cache::{Cache, SnapshotError, Terms};
use proptest::prelude::*;

/// Several blocks, with all that a record may have.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let cache: Cache<u32, Vec<u8>> = Cache::new(300);
    for key in 0..200_u32 {
        let terms = Terms::new().tag("tag").tag(format!("{key}")).ttl(Duration::from_secs(1_000_000));
        cache.insert_with(key, vec![key as u8; 1_000], &if key % 3 == 0 { terms.pinned() } else { terms });
    }
    let mut bytes = Vec::new();
    cache
        .snapshot(&mut bytes, |key, value, out| {
            out.extend_from_slice(&key.to_le_bytes());
            out.extend_from_slice(value);
        })
        .unwrap();
    assert!(bytes.len() > 3 * (64 << 10));
    bytes
});

fn restore(mut from: impl Read) -> (Result<u64, SnapshotError>, usize) {
    let cache: Cache<u32, Vec<u8>> = Cache::new(300);
    let restored = cache.restore(&mut from, |mut bytes| {
        let key = u32::from_le_bytes(bytes.split_off(..4)?.try_into().ok()?);
        Some((key, bytes.to_vec()))
    });
    (restored.map(|restored| restored.entries), cache.len())
}

fn refused(bytes: &[u8]) -> SnapshotError {
    let (result, len) = restore(bytes);
    assert_eq!(len, 0);
    result.unwrap_err()
}

#[test]
fn what_is_whole_is_restored_and_what_follows_is_not_read() {
    let bytes = [&WHOLE[..], b"next"].concat();
    let mut from = &bytes[..];
    assert_eq!(restore(&mut from).0.unwrap(), 200);
    assert_eq!(from, b"next");
}

#[test]
fn every_cut_near_a_boundary_is_found() {
    let len = WHOLE.len();
    for cut in (0..400).chain(len - 400..len).chain((64 << 10) - 50..(64 << 10) + 2_000) {
        let error = refused(&WHOLE[..cut]);
        assert!(matches!(error, SnapshotError::Foreign | SnapshotError::Damaged { .. }), "{cut}: {error}");
    }
}

#[test]
fn every_flipped_bit_of_the_headers_is_found() {
    for (at, bit) in (0..200).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut bytes = WHOLE.clone();
        bytes[at] ^= 1 << bit;
        refused(&bytes);
    }
}

proptest! {
    #[test]
    fn every_cut_is_found(cut in 0..WHOLE.len()) {
        refused(&WHOLE[..cut]);
    }

    #[test]
    fn every_changed_byte_is_found(at in 0..WHOLE.len(), by in 1..=255_u8) {
        let mut bytes = WHOLE.clone();
        bytes[at] ^= by;
        let error = refused(&bytes);
        if let SnapshotError::Damaged { offset, .. } = error {
            prop_assert!(offset <= at as u64, "{offset} is after {at}");
        }
    }

    #[test]
    fn bytes_that_are_no_snapshot_are_refused(bytes: Vec<u8>, tail in 0..300_usize) {
        refused(&bytes);
        refused(&[&WHOLE[..tail], &bytes].concat());
    }
}

#[test]
fn a_block_left_out_or_written_twice_is_found() {
    let first = 64..64 + 20 + u32::from_le_bytes(WHOLE[68..72].try_into().unwrap()) as usize;
    let without = [&WHOLE[..first.start], &WHOLE[first.end..]].concat();
    let error = refused(&without);
    assert_eq!(
        error.to_string(),
        "the snapshot is damaged in the block at byte 64: it is not the one that follows; nothing of it was restored: \
         start cold, or restore an older one"
    );
    let twice = [&WHOLE[..first.end], &WHOLE[first.start..]].concat();
    assert!(matches!(refused(&twice), SnapshotError::Damaged { offset, .. } if offset == first.end as u64));
}

#[test]
fn an_unknown_version_is_named() {
    let mut bytes = WHOLE.clone();
    bytes[8] = 2;
    let crc = crc_fast::crc32_iscsi(&bytes[..60]) as u32;
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    let message = refused(&bytes).to_string();
    assert_eq!(
        message,
        "the snapshot is of version 2 of the format, and only 1 is known here: start cold, or restore it with the \
         release that wrote it"
    );
}

/// A length of 4 GiB is announced, and nothing comes.
#[test]
fn memory_is_taken_for_what_comes_not_for_what_is_announced() {
    let mut bytes = WHOLE[..64].to_vec();
    bytes.extend_from_slice(&[
        0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0,
    ]);
    assert!(matches!(refused(&bytes), SnapshotError::Damaged { offset: 64, .. }));

    // The same within a block whose checksum is right: counts and lengths that are not so.
    for payload in [&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0][..], &[0; 12], &[0, 9], &[32; 12]] {
        let mut bytes = WHOLE[..64].to_vec();
        let mut block = (payload.len() as u32).to_le_bytes().to_vec();
        block.extend_from_slice(&[0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
        block.extend_from_slice(payload);
        bytes.extend_from_slice(&(crc_fast::crc32_iscsi(&block) as u32).to_le_bytes());
        bytes.extend_from_slice(&block);
        let error = refused(&bytes).to_string();
        assert!(error.contains("byte 64: a record in it is none"), "{error}");
    }
}

#[test]
fn errors_of_reader_and_writer_are_handed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    impl io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(restore((&WHOLE[..70]).chain(Broken)), (Err(SnapshotError::Read { .. }), 0)));
    let cache: Cache<u32, u32> = Cache::new(10);
    assert!(matches!(cache.snapshot(&mut Broken, |_, _, _| {}), Err(SnapshotError::Write { .. })));
}

/// Bytes that come one at a time are the same bytes.
#[test]
fn short_reads_do_no_harm() {
    struct Trickle(&'static [u8]);
    impl Read for Trickle {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let some = to.len().min(7);
            self.0.read(&mut to[..some])
        }
    }
    assert_eq!(restore(Trickle(&WHOLE)).0.unwrap(), 200);
}

/// A writer with a defect: the checksums are right, and what they cover does not fit together.
#[test]
fn blocks_that_contradict_each_other_are_refused() {
    let record = [0; 12]; // of an entry without notes, key or value
    let long = [0; 13];
    let cases: [(u8, u32, &[u8], u64, &str); 5] = [
        (1, 1, &record, 1, ""),
        (1, 1, &record, 2, "byte 96: it counts more or fewer"),
        (1, 1, &long, 1, "byte 64: there is more in it"),
        (3, 1, &record, 1, "byte 64: it is of no known kind"),
        (2, 1, &record, 1, "byte 64: it counts more or fewer"),
    ];
    for (kind, entries, payload, total, expected) in cases {
        let mut bytes = WHOLE[..64].to_vec();
        for (number, kind, entries, payload) in [(0, kind, entries, payload), (1, 2, 0, &total.to_le_bytes())]
        {
            let mut block = (payload.len() as u32).to_le_bytes().to_vec();
            block.extend_from_slice(&[number, 0, 0, 0]);
            block.extend_from_slice(&u32::to_le_bytes(entries));
            block.extend_from_slice(&[kind, 0, 0, 0]);
            block.extend_from_slice(payload);
            bytes.extend_from_slice(&crc_fast::crc32_iscsi(&block).to_le_bytes());
            bytes.extend_from_slice(&block);
        }
        let cache: Cache<(), ()> = Cache::new(10);
        match cache.restore(&mut &bytes[..], |_| Some(((), ()))) {
            Ok(restored) => assert_eq!((restored.entries, expected), (1, "")),
            Err(error) => assert!(!expected.is_empty() && error.to_string().contains(expected), "{error}"),
        }
    }
}
