//! A crash cuts the newest segment anywhere; what is left is a prefix of the batches, each whole or absent.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::fs;

use nuthatch_log::{Batch, Log};
use support::{
    Content, MARK_BYTES, anchor, content, read_files, record_offsets, scratch, segment, untrimmed,
    write_files, write_files_but,
};

/// Writes batches of one to three records into two segments; returns the content after each batch.
fn write_history(dir: &std::path::Path) -> Vec<Content> {
    let log = Log::open(dir, untrimmed()).unwrap().0;
    anchor(&log);
    let mut states = vec![content(&log)];
    for round in 0..78_u32 {
        let keys = [[b'a', (round % 7) as u8], [b'b', (round % 5) as u8], [b'c', (round % 3) as u8]];
        let value = vec![round as u8; 40 + round as usize];
        let mut batch = Batch::new();
        let mut state = states.last().unwrap().clone();
        for key in &keys[..1 + round as usize % 3] {
            if round % 4 == 3 {
                batch.delete(key).unwrap();
                state.remove(&key[..]);
            } else {
                batch.put(key, &value, None).unwrap();
                state.insert(key.to_vec(), (value.clone(), None));
            }
        }
        log.append(&batch).unwrap();
        states.push(state);
    }
    log.close().unwrap();
    states
}

#[test]
fn the_newest_segment_cut_at_every_byte_opens_as_a_prefix_of_the_batches() {
    let dir = scratch();
    let states = write_history(dir.path());
    let files = read_files(dir.path());
    let (last_name, last) = files.last_key_value().unwrap();
    assert!(files.len() >= 2, "the history must span segments");
    // The anchor is sealed, so even the shortest cut has it.
    let mut reached = 0;
    for cut in 0..=last.len() {
        write_files_but(dir.path(), &files, last_name, &last[..cut]);
        let (log, recovery) = Log::open(dir.path(), untrimmed()).unwrap();
        let state = content(&log);
        // Longer cuts hold more: the prefix never goes back.
        while reached < states.len() && states[reached] != state {
            reached += 1;
        }
        assert!(reached < states.len(), "cut at {cut}: not a prefix of the history");
        assert!(recovery.torn_bytes <= cut as u64);
        // What is appended next lands behind the prefix and survives.
        log.put(b"next", b"value", None).unwrap();
        drop(log);
        let (log, recovery) = Log::open(dir.path(), untrimmed()).unwrap();
        assert_eq!(recovery.torn_bytes, 0, "cut at {cut}: opening twice must be as opening once");
        let mut expected = state;
        expected.insert(b"next".to_vec(), (b"value".to_vec(), None));
        assert_eq!(content(&log), expected, "cut at {cut}");
    }
    assert_eq!(states[reached], *states.last().unwrap());
}

/// A file system may have grown the file before the bytes arrived.
#[test]
fn a_tail_of_zeros_or_junk_is_truncated_and_the_junk_is_counted() {
    let dir = scratch();
    let states = write_history(dir.path());
    let files = read_files(dir.path());
    let (name, last) = files.last_key_value().unwrap();
    let junk = [vec![0xff; 33], vec![1; 700], [&last[64..264], &[0; 600]].concat()];
    for tail in [vec![0; 100], vec![0; 5000]].into_iter().chain(junk) {
        write_files_but(dir.path(), &files, name, &[&last[..], &tail].concat());
        let (log, recovery) = Log::open(dir.path(), untrimmed()).unwrap();
        let written = tail.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        assert_eq!(recovery.torn_bytes, written as u64);
        assert_eq!(content(&log), *states.last().unwrap());
    }
}

/// Making a segment is not atomic: its file may exist without its header.
#[test]
fn a_newest_segment_without_a_whole_header_is_made_anew() {
    let dir = scratch();
    let states = write_history(dir.path());
    let files = read_files(dir.path());
    let next = segment(dir.path(), files.len() as u32 + 1);
    for stub in [&[][..], &[0; 64], &[b'N'; 17]] {
        write_files(dir.path(), &files);
        fs::write(&next, stub).unwrap();
        let (log, _) = Log::open(dir.path(), untrimmed()).unwrap();
        log.put(b"next", b"value", None).unwrap();
        drop(log);
        let (log, recovery) = Log::open(dir.path(), untrimmed()).unwrap();
        assert_eq!(recovery.segments, files.len() + 1);
        assert_eq!(log.len(), states.last().unwrap().len() + 1);
    }
}

/// A power cut keeps any subset of the pages that were written and not synced: not only a prefix of them.
#[test]
fn a_hole_in_what_was_never_synced_is_a_torn_tail_though_intact_records_follow() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    anchor(&log);
    log.flush().unwrap();
    for key in 0..20_u8 {
        log.put(&[key], &[key; 60], None).unwrap();
        log.commit(log.last_lsn()).unwrap();
    }
    log.close().unwrap();
    let files = read_files(dir.path());
    let (name, whole) = files.first_key_value().unwrap();
    let bytes = &whole[..whole.len() - MARK_BYTES];
    let offsets = record_offsets(bytes);
    for (first, &hole) in (0_u8..20).zip(&offsets[1..]) {
        let mut torn = bytes.to_vec();
        torn[hole..hole + 40].fill(0);
        write_files_but(dir.path(), &files, name, &torn);
        let (log, recovery) = Log::open(dir.path(), untrimmed()).unwrap();
        assert_eq!(
            content(&log).len(),
            1 + usize::from(first),
            "what precedes the hole, and nothing behind it"
        );
        // The last byte is the padding's or the value's.
        assert!((bytes.len() - hole - 8..=bytes.len() - hole).contains(&(recovery.torn_bytes as usize)));
        drop(log);
        assert_eq!(Log::open(dir.path(), untrimmed()).unwrap().1.torn_bytes, 0);
    }
}
