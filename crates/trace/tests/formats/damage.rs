//! Traces that are cut, garbled or something else: an error that says where, never a panic, never a wrong request.

use std::io::{self, Cursor, Read};

use nuthatch_trace::{Format, Options, Request, Trace, TraceError};

use proptest::prelude::*;

use crate::packing::Packing;

/// A small trace in each format, and how long a record is if records have a length.
const SAMPLES: [(Format, &[u8], Option<usize>); 10] = [
    (Format::Lis, b"10 2 0 0\n20 1 0 1\n30 3 0 2\n", None),
    (Format::Lirs, b"10\n*\n20\r\n30\n40\n", None),
    (Format::Keys, b"alpha\nbeta\ngamma\nalpha\n", None),
    (Format::Csv, b"time,key,size\n1,alpha,10\n2,\"be,ta\",20\n3,gamma,30\n", None),
    (Format::Jsonl, b"{\"key\":\"a\",\"size\":10}\n{\"key\":\"b\",\"size\":20}\n{\"key\":3}\n", None),
    (Format::Twitter, b"0,alpha,5,10,1,get,0\n0,beta,4,20,1,set,60\n1,gamma,5,30,2,delete,0\n", None),
    (Format::U32be, b"\0\0\0\x01\0\0\0\x02\0\0\0\x01", Some(4)),
    (Format::U64be, b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02", Some(8)),
    (Format::Oracle, &[7; 72], Some(24)),
    (Format::Vscsi, VSCSI, Some(32)),
];
const VSCSI: &[u8] = b"\x01\0\0\0\0\x02\0\0\x01\0\0\0\x28\0\0\x01\x05\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\
    \x02\0\0\0\0\x04\0\0\x01\0\0\0\x28\0\0\x01\x06\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0";

/// The requests, and the error behind them.
fn read(bytes: &[u8], format: Format) -> (Vec<Request>, Option<TraceError>) {
    read_from(Cursor::new(bytes.to_vec()), format)
}

fn read_from(reader: impl Read + Send + 'static, format: Format) -> (Vec<Request>, Option<TraceError>) {
    let trace = match Trace::from_reader("test", reader, format) {
        Ok(trace) => trace,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut requests = Vec::new();
    for request in trace {
        match request {
            Ok(request) => requests.push(request),
            Err(error) => return (requests, Some(error)),
        }
    }
    (requests, None)
}

#[test]
fn a_plain_trace_cut_anywhere_gives_its_start() {
    for (format, bytes, record_bytes) in SAMPLES {
        let (whole, error) = read(bytes, format);
        assert!(error.is_none() && whole.len() > 1, "{format}: {error:?}");
        for cut in 0..bytes.len() {
            let (found, error) = read(&bytes[..cut], format);
            // The last line of a text may be cut within a word, which not every format can tell.
            let sure = if record_bytes.is_none() { found.len().saturating_sub(1) } else { found.len() };
            assert_eq!(found[..sure], whole[..sure], "{format} cut at {cut}");
            match record_bytes {
                _ if cut == 0 => assert!(matches!(error, Some(TraceError::Empty { .. }))),
                Some(length) if cut % length != 0 => {
                    let offset = (cut / length * length) as u64;
                    let Some(TraceError::TruncatedRecord { offset: at, expected, found, .. }) = error else {
                        panic!("{format} cut at {cut}: {error:?}")
                    };
                    assert_eq!((at, expected, found), (offset, length, cut % length));
                }
                Some(_) => assert!(error.is_none(), "{format} cut at {cut}: {error:?}"),
                None => {}
            }
        }
    }
}

#[test]
fn a_packed_trace_cut_anywhere_gives_its_start_and_an_error() {
    for (format, bytes, _) in SAMPLES {
        let (whole, _) = read(bytes, format);
        for packing in [Packing::Gzip, Packing::Xz, Packing::Zstd, Packing::Bzip2] {
            let packed = packing.pack(bytes);
            assert_eq!(read(&packed, format).0, whole);
            // Shorter than that it does not look packed.
            let first = if packing == Packing::Bzip2 { 10 } else { 6 };
            for cut in first..packed.len() {
                let (found, error) = read(&packed[..cut], format);
                assert!(whole.starts_with(&found), "{format} {packing:?} cut at {cut}");
                let named = matches!(error, Some(TraceError::TruncatedStream { .. }));
                assert!(named, "{format} {packing:?} cut at {cut}: {error:?}");
            }
        }
    }
}

/// The damage lies far behind what detection looks at, and behind what was handed out.
#[test]
fn a_long_packed_trace_cut_short_gives_all_before_and_then_the_error() {
    let text = (0..200_000_u64)
        .map(|key| format!("{}\n", key.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect::<String>();
    for packing in [Packing::Gzip, Packing::Xz, Packing::Zstd, Packing::Bzip2] {
        let packed = packing.pack(text.as_bytes());
        let (found, error) = read(&packed[..packed.len() - 1], Format::Auto);
        assert!(found.len() > 100, "{packing:?}: {}", found.len());
        let Some(TraceError::TruncatedStream { requests, bytes, .. }) = error else {
            panic!("{packing:?}: {error:?}")
        };
        assert_eq!(requests, found.len() as u64, "{packing:?}");
        let lines =
            text.as_bytes()[..usize::try_from(bytes).unwrap()].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, found.len(), "{packing:?}: {bytes} bytes hold as many lines");
    }
}

#[test]
fn a_garbled_packed_trace_is_an_error() {
    let packed = Packing::Gzip.pack(b"10\n20\n30\n");
    for byte in 10..packed.len() {
        let mut garbled = packed.clone();
        garbled[byte] ^= 0x55;
        assert!(read(&garbled, Format::Lirs).1.is_some(), "byte {byte}");
    }
}

/// Fails once, then claims to be at its end, as some decompressors do.
#[test]
fn an_error_met_while_looking_ahead_is_not_forgotten() {
    struct Fails {
        left: &'static [u8],
        failed: bool,
    }
    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.left.is_empty() && !self.failed {
                self.failed = true;
                return Err(io::Error::other("cable pulled"));
            }
            self.left.read(buffer)
        }
    }
    let (found, error) = read_from(Fails { left: b"10\n20\n", failed: false }, Format::Auto);
    assert_eq!(found.len(), 2);
    assert!(matches!(error, Some(TraceError::Read { .. })), "{error:?}");
}

#[test]
fn errors_name_the_place_and_the_way_out() {
    let cases: [(Format, &[u8], &str); 25] = [
        (Format::Lirs, b"1\n2\nthree\n4\n", "test:3: expected a decimal key or \"*\", found \"three\""),
        (Format::Lirs, b"1\n\n-4\n", "test:3: "),
        (Format::Lis, b"1 1 0 0\n1 1 0\n", "test:2: expected four decimal numbers"),
        (Format::Lis, b"1 1 0 0 0\n", "test:1: expected four decimal numbers"),
        (Format::Lis, b"1 99999999999 0 0\n", "test:1: expected a count of at most 16777216"),
        (Format::Lis, b"18446744073709551615 2 0 0\n", "test:1: "),
        (Format::Csv, b"time,size\n1,2\n", "test:1: no key column in the header \"time,size\"; choose one"),
        (Format::Csv, b"key,size\n\na,1\r\nb,x\r\n", "test:4: expected a decimal size in bytes, found \"x\""),
        (Format::Csv, b"key,size\n\"a\nb\",1\nc\n", "test:4: expected as many fields as the header has"),
        (Format::Csv, b"key,op_count\na,99999999999\n", "test:2: expected an op_count of at most 16777216"),
        (
            Format::Csv,
            b"key,op\na,get\nb,jump\n",
            "test:3: expected an operation such as get, set or delete, found \"jump\"",
        ),
        (Format::Csv, b"key,ttl\na,soon\n", "test:2: expected a time to live in seconds, found \"soon\""),
        (Format::Csv, b"key;time\na;noon\n", "test:2: expected a time as a number, found \"noon\""),
        (
            Format::Twitter,
            b"0,a,1,1,1,get,0\n0,a,1,1,1,get\n",
            "test:2: expected as many fields as the first row has",
        ),
        (
            Format::Jsonl,
            b"{\"key\":1}\n[1]\n",
            "test:2: expected a JSON object of a request (invalid type: sequence",
        ),
        (
            Format::Jsonl,
            b"{\"size\":1}\n",
            "test:1: expected a JSON object with a key field such as \"key\" or \"cachekey\"",
        ),
        (Format::Jsonl, b"{\"key\":1,\"size\":\"big\"}\n", "expected a decimal size in bytes"),
        (
            Format::Jsonl,
            b"{\"key\":1} x\n",
            "test:1: expected a JSON object of a request (trailing characters",
        ),
        (
            Format::U64be,
            b"12345678123",
            "test: byte 8: the last record has 3 of 8 bytes; the file is cut short",
        ),
        (Format::Vscsi, &[2; 32], "test: byte 0: expected a vscsi record of version 0x0100"),
        (Format::Lirs, b"*\n*\n", "test: no request in this trace"),
        (Format::Auto, b"", "test: no request in this trace"),
        (Format::Auto, b"\x01\x02\x03", "test: cannot tell the format of this trace; name one of lis, lirs"),
        (
            Format::Lirs,
            &[b'\n'; 3],
            "test: no request in this trace; is it the right file, and is \"lirs\" its format?",
        ),
        (Format::Lirs, &[b'x'; 300], "xxxxxxxxxx...\""),
    ];
    for (format, bytes, expected) in cases {
        let (_, error) = read(bytes, format);
        let message = error.unwrap().to_string();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        assert!(message.len() < 300, "{message}");
    }
    let missing = Trace::open("no/such/trace.lis", Format::Auto).unwrap_err();
    assert_eq!(missing.to_string(), "cannot open trace no/such/trace.lis");
    assert!(matches!(Trace::open(".", Format::Auto), Err(TraceError::Open { .. })));
}

/// Each is endless: reading it must stop by itself.
#[test]
fn endless_lines_and_rows_are_refused() {
    let endless = |start: &'static [u8], fill: u8| Cursor::new(start).chain(io::repeat(fill));
    for (format, reader) in [
        (Format::Keys, endless(b"a\n", b'x')),
        (Format::Csv, endless(b"key\n\"", b'x')),
        (Format::Csv, endless(b"key,size\n", b',')),
        (Format::Csv, endless(b"key,size\n\"", b'\n')),
    ] {
        let (_, error) = read_from(reader, format);
        assert!(matches!(error, Some(TraceError::LongLine { line: 2, .. })), "{format}: {error:?}");
    }
}

#[test]
fn unknown_sizes_are_zero_and_sizes_of_zero_stay_zero() {
    let (found, error) = read(b"key,size\na,-1\nb,0\nc,7\n", Format::Csv);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found.iter().map(|request| request.size).collect::<Vec<_>>(), [0, 0, 7]);
}

#[test]
fn a_batch_ends_where_the_trace_does_and_stays_empty_then() {
    let mut trace = Trace::from_reader("test", &b"1\n2\nx\n"[..], Format::Lirs).unwrap();
    let mut batch = Vec::new();
    trace.read_batch(&mut batch, 10).unwrap();
    assert_eq!(batch.len(), 2);
    assert!(trace.read_batch(&mut batch, 10).is_err());
    trace.read_batch(&mut batch, 10).unwrap();
    assert!(batch.is_empty());
}

/// Line ends, digits and the bytes that formats give a meaning are likelier than others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(&b"0123456789 ,\"\r\n*key"[..])];
    let start = prop::sample::select(vec![
        &b""[..],
        b"key,size\n",
        b"1 1 0 0\n",
        b"{\"key\":1,\"time\":2.5,\"ttl\":9}\n",
        b"0,k,1,2,3,get,0\n",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"\xfd7zXZ\0",
    ]);
    (start, prop::collection::vec(byte, 0..400)).prop_map(|(start, rest)| [start, &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in bytes(), lenient in any::<bool>()) {
        for format in Format::ALL {
            let options = Options::new().format(format).lenient(lenient);
            if let Ok(trace) = options.read("test", Cursor::new(bytes.clone())) {
                // A count in a line of lis may stand for many requests.
                let errors = trace.take(100_000).filter(Result::is_err).count();
                prop_assert!(errors <= 1);
            }
        }
    }
}
