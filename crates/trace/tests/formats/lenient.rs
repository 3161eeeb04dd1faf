//! Lenient reading: what makes no sense is skipped and counted, and a missing end is the end.

use std::io::Cursor;

use nuthatch_trace::{Format, Options, Request, Skipped};

use crate::packing::Packing;

fn read(bytes: &[u8], format: Format) -> (Vec<Request>, Skipped) {
    let options = Options::new().format(format).lenient(true);
    let trace = options.read("test", Cursor::new(bytes.to_vec())).unwrap();
    let skipped = trace.skipped();
    (trace.collect::<Result<_, _>>().unwrap(), skipped)
}

#[test]
fn malformed_lines_are_skipped_in_every_text_format() {
    let cases: [(Format, &[u8]); 6] = [
        (Format::Lis, b"x\n1 1 0 0\n1 1\n2 1 0 0\n?"),
        (Format::Lirs, b"x\n1\n-1\n2\n?"),
        (Format::Csv, b"key,size\na\n1,1\nb,x\n2,1\n?"),
        (Format::Csv, b"key,size,op\n1,1,jump\n1,1,get\nb,x\n2,1,get\n?"),
        (Format::Jsonl, b"x\n{\"key\":1}\n{}\n{\"key\":2}\n?"),
        (Format::Twitter, b"0,1,0,1,1,get,0\n?\n0,1,0,1,1,jump,0\n0,2,0,1,1,get,0\n0"),
    ];
    for (format, bytes) in cases {
        let (found, skipped) = read(bytes, format);
        assert_eq!(found.iter().map(|request| request.key).collect::<Vec<_>>(), [1, 2], "{format}");
        assert_eq!(skipped.malformed(), 3, "{format}");
        assert!(!skipped.is_cut());
        let line = skipped.to_string();
        assert!(line.starts_with("skipped 3 malformed lines, the first: test:"), "{line}");
    }
}

#[test]
fn malformed_records_are_skipped() {
    let mut bytes = Vec::new();
    for (key, version) in [(1_u64, 1), (9, 7), (2, 1)] {
        bytes.extend([0; 12]);
        bytes.extend([0x28, 0, 0, version]);
        bytes.extend([key.to_le_bytes(), 5_u64.to_le_bytes()].concat());
    }
    bytes.push(0);
    let (found, skipped) = read(&bytes, Format::Vscsi);
    assert_eq!(found.iter().map(|request| request.key).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((skipped.malformed(), skipped.is_cut()), (1, true));
    assert!(
        skipped
            .to_string()
            .contains("; went on without the rest: test: byte 96: the last record has 1 of 32 bytes"),
        "{skipped}"
    );
}

#[test]
fn a_cut_stream_ends_quietly_and_says_how_far_it_was_good() {
    let text = (0..200_000_u64)
        .map(|key| format!("{}\n", key.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect::<String>();
    for packing in [Packing::Gzip, Packing::Xz, Packing::Zstd, Packing::Bzip2] {
        let packed = packing.pack(text.as_bytes());
        let (found, skipped) = read(&packed[..packed.len() - 1], Format::Keys);
        assert!(found.len() > 100, "{packing:?}");
        assert!(skipped.is_cut() && skipped.malformed() == 0, "{packing:?}");
        let line = skipped.to_string();
        assert!(line.contains(&format!("good for {} requests", found.len())), "{line}");
    }
}

/// Not zstd's, which carries no checksum unless asked to and may unpack to something else unnoticed.
#[test]
fn a_damaged_stream_ends_as_a_cut_one_does() {
    let text = (0..200_000_u64)
        .map(|key| format!("{}\n", key.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect::<String>();
    for packing in [Packing::Gzip, Packing::Xz, Packing::Bzip2] {
        let mut packed = packing.pack(text.as_bytes());
        let end = packed.len();
        packed[end / 2..end / 2 + 1000].fill(0xff);
        let strict = Options::new().format(Format::Keys).read("test", Cursor::new(packed.clone())).unwrap();
        let error = strict.filter_map(Result::err).next();
        let error = error.unwrap_or_else(|| panic!("{packing:?}")).to_string();
        assert!(error.contains("stream is damaged; it was good for"), "{packing:?}: {error}");
        let (_, skipped) = read(&packed, Format::Keys);
        assert!(skipped.is_cut(), "{packing:?}");
    }
}

#[test]
fn long_lines_are_skipped_to_their_end() {
    let long = vec![b'y'; 3 << 20];
    for (format, head) in [(Format::Keys, &b""[..]), (Format::Csv, b"key\n")] {
        let (found, skipped) = read(&[head, b"1\n", &long, b"\n2\n"].concat(), format);
        assert_eq!(found.iter().map(|request| request.key).collect::<Vec<_>>(), [1, 2], "{format}");
        assert_eq!(skipped.malformed(), 1);
    }
    // A stray quote swallows what is behind it, but not all of it.
    let rows = "7\n".repeat(2 << 20);
    let (found, skipped) = read(&[b"key\n1\n\"x\n", rows.as_bytes()].concat(), Format::Csv);
    assert!(found.len() > 1 << 19 && found[1].key == 7, "{}", found.len());
    assert_eq!(skipped.malformed(), 1);
}

#[test]
fn a_trace_without_one_good_line_is_an_error_that_names_the_first() {
    let trace = Options::new().format(Format::Lirs).lenient(true).read("test", &b"*\nx\ny\n"[..]).unwrap();
    let errors = trace.map(Result::unwrap_err).collect::<Vec<_>>();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].to_string(), "test:2: expected a decimal key or \"*\", found \"x\"");
}

#[test]
fn a_second_pass_is_lenient_and_counts_anew() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "1\nx\n2\n").unwrap();
    let first = Options::new().format(Format::Lirs).lenient(true).open(file.path()).unwrap();
    let second = first.reopen().unwrap().unwrap();
    let skipped = first.skipped();
    assert_eq!(first.filter_map(Result::ok).count(), 2);
    assert_eq!(second.filter_map(Result::ok).count(), 2);
    assert_eq!(skipped.malformed(), 1);
}
