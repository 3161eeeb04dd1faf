//! Trace files from anywhere, in every format, packed or not: reading must end in requests or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nuthatch_trace::{Format, Trace};

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (format, bytes) = input;
    let format = Format::ALL[usize::from(format) % Format::ALL.len()];
    let Ok(mut trace) = Trace::from_reader("fuzz", std::io::Cursor::new(bytes), format) else { return };
    let mut batch = Vec::new();
    // A line of some formats stands for many requests, and a packed file may be much larger than it looks.
    for _ in 0..64 {
        match trace.read_batch(&mut batch, 512) {
            Ok(()) if batch.is_empty() => return,
            Ok(()) => assert!(batch.len() <= 512),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(trace.next().is_none(), "an error ends the trace");
                return;
            }
        }
    }
});
