//! What is written is read back equal, as far as the format has a place for it, and the rest is counted.

use std::io::{Cursor, Write};

use nuthatch_trace::{Compression, Format, Losses, Op, Packer, Request, Trace, WriteError, Writer};

use proptest::prelude::*;

/// Formats that can be written: all but `auto`.
fn formats() -> impl Iterator<Item = Format> {
    Format::ALL.into_iter().skip(1)
}

fn request() -> impl Strategy<Value = Request> {
    let key = prop_oneof![0..50_u64, any::<u32>().prop_map(u64::from)];
    let size = prop_oneof![Just(1_u64), 0..1_u64 << 32];
    let op = prop::sample::select(&[Op::Read, Op::Write, Op::Delete][..]);
    let ttl_s = prop::option::of(1..u32::MAX);
    // Whole seconds and others.
    let time_us =
        prop_oneof![Just(0_u64), (0..u64::from(u32::MAX)).prop_map(|s| s * 1_000_000), 0..1_u64 << 51];
    (key, size, op, ttl_s, prop::option::of(time_us)).prop_map(|(key, size, op, ttl_s, time_us)| {
        let mut request = Request::new(key, size);
        (request.op, request.ttl_s, request.time_us) = (op, ttl_s, time_us);
        request
    })
}

fn write(requests: &[Request], format: Format, compression: Option<Compression>) -> (Vec<u8>, Losses) {
    let mut writer = Writer::new(Packer::new(Vec::new(), compression).unwrap(), format).unwrap();
    for request in requests {
        writer.write(request).unwrap();
    }
    let (packer, losses) = writer.finish().unwrap();
    (packer.finish().unwrap(), losses)
}

fn read(bytes: Vec<u8>, format: Format) -> Vec<Request> {
    Trace::from_reader("test", Cursor::new(bytes), format).unwrap().collect::<Result<_, _>>().unwrap()
}

/// What `format` makes of `request`.
fn remembered(request: &Request, format: Format) -> Request {
    let seconds = |time_us: u64| time_us / 1_000_000 * 1_000_000;
    let mut request = *request;
    match format {
        Format::Csv | Format::Jsonl => {}
        Format::Twitter => request.time_us = Some(seconds(request.time_us.unwrap_or(0))),
        Format::Vscsi => {
            request.ttl_s = None;
            request.time_us = Some(request.time_us.unwrap_or(0));
        }
        Format::Oracle => {
            (request.op, request.ttl_s) = (Op::Read, None);
            request.time_us = Some(seconds(request.time_us.unwrap_or(0)));
        }
        _ => request = Request::new(request.key, 1),
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        requests in prop::collection::vec(request(), 1..100),
        compression in prop::sample::select(vec![
            None,
            Some(Compression::Gzip),
            Some(Compression::Xz),
            Some(Compression::Zstd),
            Some(Compression::Bzip2),
        ]),
    ) {
        for format in formats() {
            let (bytes, losses) = write(&requests, format, compression);
            let expected = requests.iter().map(|request| remembered(request, format)).collect::<Vec<_>>();
            prop_assert_eq!(&read(bytes, format), &expected, "{}", format);
            prop_assert_eq!(losses.requests, requests.len() as u64);
            let same = |kept: &&Request, given: &Request| {
                // A format without a gap for "no time" says 0, which is no loss.
                let time = kept.time_us == given.time_us || given.time_us.is_none();
                (kept.size, kept.op, kept.ttl_s) == (given.size, given.op, given.ttl_s) && time
            };
            let all_same = expected.iter().zip(&requests).all(|(kept, given)| same(&kept, given));
            prop_assert_eq!(losses.is_none(), all_same, "{}: {}", format, losses);
        }
    }
}

#[test]
fn losses_are_counted_by_what_is_lost() {
    let mut request = Request::new(1, 1 << 33);
    (request.op, request.ttl_s, request.time_us) = (Op::Write, Some(60), Some(1_500_000));
    let requests = [request, Request::new(2, 1)];
    let lost = |format| write(&requests, format, None).1.to_string();
    assert_eq!(lost(Format::Csv), "");
    assert_eq!(
        lost(Format::Keys),
        "lost: 1 sizes, 1 writes or deletes that became reads, 1 times to live, 1 times"
    );
    assert_eq!(lost(Format::Vscsi), "lost: 1 sizes cut to 4294967295 bytes, 1 times to live");
    assert_eq!(lost(Format::Twitter), "lost: 1 times cut to whole seconds");
}

#[test]
fn oracle_records_name_the_next_request_to_their_key() {
    let (bytes, _) = write(&[7, 8, 7, 7].map(|key| Request::new(key, 1)), Format::Oracle, None);
    let (records, rest) = bytes.as_chunks::<24>();
    let next = |record: &[u8; 24]| i64::from_le_bytes(*record.last_chunk().unwrap());
    assert_eq!(records.iter().map(next).collect::<Vec<_>>(), [3, -1, 4, -1]);
    assert!(rest.is_empty());
}

#[test]
fn long_traces_are_written_whole() {
    let requests = (0..300_000).map(|key| Request::new(key, 1)).collect::<Vec<_>>();
    for format in formats() {
        let (bytes, _) = write(&requests, format, None);
        assert!(read(bytes, format).iter().map(|request| request.key).eq(0..300_000), "{format}");
    }
}

#[test]
fn what_cannot_be_written_is_named() {
    let mut writer = Writer::new(Vec::new(), Format::U32be).unwrap();
    writer.write(&Request::new(u64::from(u32::MAX), 1)).unwrap();
    let error = writer.write(&Request::new(1 << 32, 1)).unwrap_err();
    assert!(error.to_string().starts_with("request 2: key 4294967296 does not fit"), "{error}");
    let error = Writer::new(Vec::new(), Format::Auto).unwrap_err();
    assert!(error.to_string().contains("name one of lis, lirs"), "{error}");
}

/// A disk that is full, or a pipe that nobody reads.
#[test]
fn an_error_of_the_output_comes_back() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut writer = Writer::new(Full, Format::Keys).unwrap();
    let error = (0..100_000).find_map(|key| writer.write(&Request::new(key, 1)).err());
    assert!(matches!(error, Some(WriteError::Io { .. })), "{error:?}");
}
