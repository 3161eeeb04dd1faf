//! What is written in a format is read back from it, however it is compressed.

use std::io::Cursor;

use nuthatch_trace::{Format, Request, Trace};

use proptest::prelude::*;

use crate::packing::{self, Packing};

fn requests(sizes: std::ops::Range<u64>) -> impl Strategy<Value = Vec<Request>> {
    // Small keys repeat, large ones need all digits.
    let key = prop_oneof![0..50_u64, any::<u64>()];
    prop::collection::vec((key, sizes).prop_map(|(key, size)| Request::new(key, size)), 1..300)
}

fn read(bytes: Vec<u8>, format: Format) -> Vec<Request> {
    let trace = Trace::from_reader("test", Cursor::new(bytes), format).unwrap();
    trace.collect::<Result<_, _>>().unwrap()
}

/// Batches of another length must not make a difference.
fn read_in_batches(bytes: Vec<u8>, format: Format, max: usize) -> Vec<Request> {
    let mut trace = Trace::from_reader("test", Cursor::new(bytes), format).unwrap();
    let (mut all, mut batch) = (Vec::new(), Vec::new());
    loop {
        trace.read_batch(&mut batch, max).unwrap();
        assert!(batch.len() <= max);
        if batch.is_empty() {
            return all;
        }
        all.append(&mut batch);
    }
}

/// The same at that time.
fn at(time_us: u64, requests: &[Request]) -> Vec<Request> {
    let mut requests = requests.to_vec();
    requests.iter_mut().for_each(|request| request.time_us = Some(time_us));
    requests
}

fn lines(requests: &[Request], end: &str, line: impl Fn(&Request) -> String) -> Vec<u8> {
    requests.iter().flat_map(|request| (line(request) + end).into_bytes()).collect()
}

proptest! {
    #[test]
    fn lis_comes_back(requests in requests(1..2), packing in packing::any()) {
        let text = lines(&requests, "\n", |request| format!("{} 1 0 9", request.key.saturating_sub(1)));
        let keys = requests.iter().map(|request| Request::new(request.key.saturating_sub(1), 1));
        prop_assert_eq!(read(packing.pack(&text), Format::Lis), keys.collect::<Vec<_>>());
    }

    #[test]
    fn lis_runs_come_back_one_by_one(runs in prop::collection::vec((0..1000_u64, 0..20_u64), 1..50), max in 1..40_usize) {
        prop_assume!(runs.iter().any(|(_, count)| *count > 0));
        let text = runs.iter().map(|(start, count)| format!("{start}  {count} 0 0\n")).collect::<String>();
        let expected = runs.iter().flat_map(|(start, count)| (*start..start + count).map(|key| Request::new(key, 1)));
        prop_assert_eq!(read_in_batches(text.into_bytes(), Format::Lis, max), expected.collect::<Vec<_>>());
    }

    #[test]
    fn lirs_comes_back(requests in requests(1..2), packing in packing::any(), crlf in any::<bool>()) {
        let end = if crlf { "\r\n" } else { "\n" };
        let text = lines(&requests, end, |request| match request.key % 3 {
            0 => format!("*{end}{}", request.key),
            1 => format!("{}{end}", request.key),
            _ => request.key.to_string(),
        });
        prop_assert_eq!(read(packing.pack(&text), Format::Lirs), requests);
    }

    #[test]
    fn keys_come_back_as_the_same_number_for_the_same_text(
        keys in prop::collection::vec("[^\r\n]{1,40}", 1..100),
        packing in packing::any(),
    ) {
        let text = keys.join("\n");
        let found = read(packing.pack(text.as_bytes()), Format::Keys);
        prop_assert_eq!(found.len(), keys.len());
        for (a, first) in keys.iter().zip(&found) {
            for (b, second) in keys.iter().zip(&found) {
                prop_assert_eq!(a == b, first == second, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn numbers_come_back_from_keys_as_they_are(requests in requests(1..2)) {
        let text = lines(&requests, "\n", |request| request.key.to_string());
        prop_assert_eq!(read(text, Format::Keys), requests);
    }

    #[test]
    fn oracle_comes_back(requests in requests(0..1 << 32), packing in packing::any(), max in 1..500_usize) {
        let (bytes, expected) = (oracle(&requests), at(7_000_000, &requests));
        prop_assert_eq!(&read(packing.pack(&bytes), Format::Oracle), &expected);
        prop_assert_eq!(&read_in_batches(bytes.clone(), Format::Oracle, max), &expected);
        prop_assert_eq!(&read(bytes, Format::Auto), &expected);
    }

    #[test]
    fn vscsi_comes_back(requests in requests(0..1 << 32), packing in packing::any()) {
        let (bytes, expected) = (vscsi(&requests), at(5, &requests));
        prop_assert_eq!(&read(packing.pack(&bytes), Format::Vscsi), &expected);
        prop_assert_eq!(&read(bytes, Format::Auto), &expected);
    }

    #[test]
    fn vscsi_of_version_2_comes_back(requests in requests(0..1 << 32), packing in packing::any()) {
        prop_assume!(requests.len() > 1);
        let (bytes, expected) = (vscsi_2(&requests), at(5, &requests));
        prop_assert_eq!(&read(packing.pack(&bytes), Format::Vscsi), &expected);
        prop_assert_eq!(&read(bytes, Format::Auto), &expected);
    }

    #[test]
    fn csv_comes_back(requests in requests(0..u64::MAX), packing in packing::any(), crlf in any::<bool>()) {
        let end = if crlf { "\r\n" } else { "\n" };
        let header = format!("time,LBN,note,\"object,note\",Size{end}");
        let rows = lines(&requests, end, |request| {
            // Quoted commas, quotes and line ends, and empty fields.
            format!("1,{},\"a,\"\"b\"\"\n\",,{}", request.key, request.size)
        });
        prop_assert_eq!(read(packing.pack(&[header.into_bytes(), rows].concat()), Format::Csv), at(1_000_000, &requests));
    }

    #[test]
    fn csv_repeats_what_has_a_count(counts in prop::collection::vec(0..9_u64, 1..50), max in 1..20_usize) {
        prop_assume!(counts.iter().any(|count| *count > 0));
        let rows = counts.iter().enumerate().map(|(key, count)| format!("{key},GET,{count},5\n"));
        let text = format!("key,op,op_count,size\n{}", rows.collect::<String>());
        let expected = counts.iter().enumerate().flat_map(|(key, count)| (0..*count).map(move |_| Request::new(key as u64, 5)));
        prop_assert_eq!(read_in_batches(text.into_bytes(), Format::Csv, max), expected.collect::<Vec<_>>());
    }

    #[test]
    fn big_endian_keys_come_back(requests in requests(1..2), packing in packing::any()) {
        let eights = requests.iter().flat_map(|request| request.key.to_be_bytes()).collect::<Vec<_>>();
        prop_assert_eq!(&read(packing.pack(&eights), Format::U64be), &requests);
        let fours = requests.iter().flat_map(|request| (request.key as u32).to_be_bytes()).collect::<Vec<_>>();
        let expected = requests.iter().map(|request| Request::new(u64::from(request.key as u32), 1));
        prop_assert_eq!(read(packing.pack(&fours), Format::U32be), expected.collect::<Vec<_>>());
    }
}

/// Longer than every buffer, and compressed in two parts, as by `cat a.gz b.gz`.
#[test]
fn parts_packed_one_by_one_are_one_trace() {
    let expected = (0..200_000).map(|key| Request::new(key, 1)).collect::<Vec<_>>();
    let text = lines(&expected, "\n", |request| request.key.to_string());
    for packing in Packing::ALL {
        let (first, second) = text.split_at(text.len() / 3);
        let packed = [packing.pack(first), packing.pack(second)].concat();
        assert!(read(packed, Format::Auto) == expected, "{packing:?}");
    }
}

fn oracle(requests: &[Request]) -> Vec<u8> {
    let record = |request: &Request| {
        let size = u32::try_from(request.size).unwrap();
        let key = request.key.to_le_bytes();
        [&7_u32.to_le_bytes()[..], &key, &size.to_le_bytes(), &(-1_i64).to_le_bytes()].concat()
    };
    requests.iter().flat_map(record).collect()
}

fn vscsi(requests: &[Request]) -> Vec<u8> {
    let record = |request: &Request| {
        let size = u32::try_from(request.size).unwrap();
        let mut record = [1_u32.to_le_bytes(), size.to_le_bytes(), 1_u32.to_le_bytes()].concat();
        record.extend([0x28, 0, 0, 1]);
        record.extend([request.key.to_le_bytes(), 5_u64.to_le_bytes()].concat());
        record
    };
    requests.iter().flat_map(record).collect()
}

/// Laid out as libCacheSim reads it; no published trace of this version was at hand.
fn vscsi_2(requests: &[Request]) -> Vec<u8> {
    let record = |request: &Request| {
        let size = u32::try_from(request.size).unwrap();
        let mut record = vec![0x28, 0, 0, 2];
        record.extend([1_u32.to_le_bytes(), size.to_le_bytes(), 1_u32.to_le_bytes()].concat());
        record.extend([request.key.to_le_bytes(), 5_u64.to_le_bytes(), 900_u64.to_le_bytes()].concat());
        record
    };
    requests.iter().flat_map(record).collect()
}
