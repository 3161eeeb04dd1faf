//! Requests of all sorts in every format: what is written is read back, as far as nothing was reported lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nuthatch_trace::{Format, Op, Options, Request, Writer};

fuzz_target!(|input: (u8, Vec<(u64, u64, u8, Option<u32>, Option<u64>)>)| {
    let (format, requests) = input;
    let format = Format::ALL[usize::from(format) % Format::ALL.len()];
    let Ok(mut writer) = Writer::new(Vec::new(), format) else { return };
    let mut written = Vec::new();
    for (key, size, op, ttl_s, time_us) in requests {
        let mut request = Request::new(key, size);
        request.op = [Op::Read, Op::Write, Op::Delete][usize::from(op) % 3];
        request.ttl_s = ttl_s.filter(|ttl_s| *ttl_s > 0);
        request.time_us = time_us;
        if writer.write(&request).is_ok() {
            written.push(request);
        }
    }
    let (bytes, losses) = writer.finish().expect("memory takes all");
    assert_eq!(losses.requests, written.len() as u64);
    if written.is_empty() {
        return;
    }
    let trace =
        Options::new().format(format).read("fuzz", std::io::Cursor::new(bytes)).expect("what was written");
    let read = trace.collect::<Result<Vec<_>, _>>().expect("what was written");
    assert!(read.iter().map(|request| request.key).eq(written.iter().map(|request| request.key)));
    if losses.is_none() {
        let same = |(read, written): (&Request, &Request)| {
            // Formats without a gap for "no time" say 0.
            let time = read.time_us == written.time_us || written.time_us.is_none();
            time && (read.size, read.op, read.ttl_s) == (written.size, written.op, written.ttl_s)
        };
        assert!(read.iter().zip(&written).all(same));
    }
});
