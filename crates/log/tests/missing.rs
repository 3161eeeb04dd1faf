//! Whole segments that are missing, short, long, foreign or in each other's place.

#![expect(clippy::unwrap_used, reason = "a helper of tests panics as a test does")]

mod support;

use std::{fs, path::Path};

use nuthatch_log::{Log, LogError};
use support::{
    Content, Files, anchor, content, read_files, record_offsets, scratch, segment, untrimmed, write_files,
};

/// Four segments; keys `k0` to `k9` are spread over all of them, `gone` is deleted in the third.
fn write_history(dir: &Path) -> (Files, Content) {
    let log = Log::open(dir, untrimmed()).unwrap().0;
    anchor(&log);
    log.put(b"gone", b"deleted later", None).unwrap();
    let mut round = 0_u8;
    while log.stats().segments < 4 {
        log.put(&[b'k', round % 10], &[round; 90], None).unwrap();
        if log.stats().segments == 3 {
            log.delete(b"gone").unwrap();
        }
        round += 1;
    }
    log.put(b"last", b"record", None).unwrap();
    let meaning = content(&log);
    log.close().unwrap();
    (read_files(dir), meaning)
}

/// Opens strictly, which must fail with the first text in its message; then with salvage; then strictly again.
fn refuse_then_salvage(dir: &Path, in_message: &str) -> Content {
    let before = read_files(dir);
    let error = Log::open(dir, untrimmed()).unwrap_err();
    assert!(error.to_string().contains(in_message), "{error}");
    assert!(error.to_string().contains("nuthatch log repair"), "{error}");
    assert_eq!(read_files(dir), before, "a refusal must change nothing");
    let (log, recovery) = Log::open(dir, untrimmed().salvage(true)).unwrap();
    let salvaged = content(&log);
    assert!(!recovery.lost.is_empty() || in_message.contains("0000000001.seg is missing"));
    log.put(b"next", b"value", None).unwrap();
    drop(log);
    let (log, recovery) = Log::open(dir, untrimmed()).unwrap();
    assert_eq!((recovery.lost.len(), recovery.torn_bytes), (0, 0));
    assert_eq!(content(&log).len(), salvaged.len() + 1);
    log.delete(b"next").unwrap();
    assert_eq!(content(&log), salvaged);
    salvaged
}

#[test]
fn a_missing_segment_is_named_and_can_be_given_up() {
    let dir = scratch();
    let (files, meaning) = write_history(dir.path());
    for number in 1..=3 {
        write_files(dir.path(), &files);
        fs::remove_file(segment(dir.path(), number)).unwrap();
        let salvaged = refuse_then_salvage(dir.path(), &format!("000000000{number}.seg is missing"));
        assert_eq!(salvaged[&b"last"[..]], meaning[&b"last"[..]]);
        assert_eq!(salvaged.contains_key(&b"anchor"[..]), number != 1);
        assert_eq!(
            salvaged.contains_key(&b"gone"[..]),
            number == 3,
            "only its tombstone's loss brings a key back"
        );
    }
    write_files(dir.path(), &files);
    fs::remove_file(segment(dir.path(), 2)).unwrap();
    fs::remove_file(segment(dir.path(), 3)).unwrap();
    refuse_then_salvage(dir.path(), "0000000003.seg is missing");
}

#[test]
fn a_missing_oldest_segment_is_noticed_after_trims_too() {
    let dir = scratch();
    let (files, _) = write_history(dir.path());
    write_files(dir.path(), &files);
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    log.delete(b"anchor").unwrap();
    log.trim().unwrap();
    log.close().unwrap();
    let left = read_files(dir.path());
    assert!(!left.contains_key("0000000001.seg") && left.len() > 1);
    let oldest = left.first_key_value().unwrap().0;
    fs::remove_file(dir.path().join(oldest)).unwrap();
    let error = Log::open(dir.path(), untrimmed()).unwrap_err();
    assert!(matches!(&error, LogError::MissingSegment { path } if path.ends_with(oldest)), "{error}");
}

#[test]
fn a_sealed_segment_cut_at_any_record_or_byte_is_refused() {
    let dir = scratch();
    let (files, meaning) = write_history(dir.path());
    let name = "0000000002.seg";
    let offsets = record_offsets(&files[name]);
    for cut in offsets.iter().flat_map(|&offset| [offset, offset + 1, offset + 33]) {
        if cut >= files[name].len() {
            continue;
        }
        write_files(dir.path(), &files);
        support::write_files_but(dir.path(), &files, name, &files[name][..cut]);
        let salvaged = refuse_then_salvage(dir.path(), &format!("{name}: damaged at byte {cut}"));
        assert_eq!(salvaged.keys().collect::<Vec<_>>(), meaning.keys().collect::<Vec<_>>());
    }
}

#[test]
fn a_sealed_segment_that_grew_is_refused_and_salvaged_whole() {
    let dir = scratch();
    let (files, _) = write_history(dir.path());
    let name = "0000000002.seg";
    support::write_files_but(dir.path(), &files, name, &[&files[name][..], b"x"].concat());
    let error = Log::open(dir.path(), untrimmed()).unwrap_err();
    assert!(matches!(error, LogError::Damaged { offset, .. } if offset == files[name].len() as u64));
    let (log, recovery) = Log::open(dir.path(), untrimmed().salvage(true)).unwrap();
    assert_eq!(recovery.lost, []);
    drop(log);
    assert_eq!(read_files(dir.path()), files);
}

#[test]
fn segments_in_each_others_place_are_refused() {
    let dir = scratch();
    let (mut files, _) = write_history(dir.path());
    let (two, three) = (files["0000000002.seg"].clone(), files["0000000003.seg"].clone());
    files.insert("0000000002.seg".to_owned(), three);
    files.insert("0000000003.seg".to_owned(), two);
    write_files(dir.path(), &files);
    assert!(matches!(Log::open(dir.path(), untrimmed()), Err(LogError::Damaged { .. })));
}

/// Same number, same place, intact: but of another store.
#[test]
fn a_segment_of_another_store_is_refused_and_its_records_never_count() {
    let (dir, other) = (scratch(), scratch());
    let (mut files, meaning) = write_history(dir.path());
    let (foreign, _) = write_history(other.path());
    files.insert("0000000002.seg".to_owned(), foreign["0000000002.seg"].clone());
    write_files(dir.path(), &files);
    let salvaged = refuse_then_salvage(dir.path(), "0000000002.seg: damaged at byte 0");
    assert_eq!(salvaged.keys().collect::<Vec<_>>(), meaning.keys().collect::<Vec<_>>());
}

#[test]
fn a_single_segment_with_a_damaged_header_can_be_salvaged() {
    let dir = scratch();
    let log = Log::open(dir.path(), untrimmed()).unwrap().0;
    anchor(&log);
    let meaning = content(&log);
    drop(log);
    let files = read_files(dir.path());
    let mut bytes = files["0000000001.seg"].clone();
    bytes[3] ^= 1;
    support::write_files_but(dir.path(), &files, "0000000001.seg", &bytes);
    assert!(matches!(Log::open(dir.path(), untrimmed()), Err(LogError::Damaged { offset: 0, .. })));
    let (log, _) = Log::open(dir.path(), untrimmed().salvage(true)).unwrap();
    assert_eq!(content(&log), meaning);
    drop(log);
    assert_eq!(content(&Log::open(dir.path(), untrimmed()).unwrap().0), meaning);
}

#[test]
fn a_later_version_is_refused_with_salvage_too() {
    let dir = scratch();
    let (files, _) = write_history(dir.path());
    let mut bytes = files["0000000002.seg"].clone();
    bytes[8] = 9;
    bytes[12..16].fill(0);
    let crc = crc_fast::crc32_iscsi(&bytes[..64]) as u32;
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    support::write_files_but(dir.path(), &files, "0000000002.seg", &bytes);
    for salvage in [false, true] {
        let error = Log::open(dir.path(), untrimmed().salvage(salvage)).unwrap_err();
        assert!(matches!(error, LogError::UnsupportedVersion { version: 9, .. }), "{error}");
    }
}
