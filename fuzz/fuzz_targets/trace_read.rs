//! Trace files from anywhere, in every format, packed or not, with every option: reading must end in requests or an error.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use nuthatch_trace::{Columns, Compression, Format, Options, Packer, Trace};
use std::io::{Cursor, Write};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    format: u8,
    /// Packs the bytes before they are read, so that what is within a packed file is reached.
    packing: u8,
    lenient: bool,
    delimiter: Option<u8>,
    /// A choice of columns, if it is one.
    columns: Option<&'a str>,
    bytes: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let columns = input.columns.and_then(|text| text.parse::<Columns>().ok()).unwrap_or_default();
    assert!(columns.is_empty() || columns.to_string().parse().as_ref() == Ok(&columns), "{columns}");
    let options = Options::new()
        .format(Format::ALL[usize::from(input.format) % Format::ALL.len()])
        .columns(columns)
        .delimiter(input.delimiter)
        .lenient(input.lenient);
    let Ok(trace) = options.read("fuzz", Cursor::new(packed(input.packing, input.bytes))) else { return };
    read(trace, input.lenient);
});

fn packed(packing: u8, bytes: &[u8]) -> Vec<u8> {
    let compression = match packing {
        0..=3 => return bytes.to_vec(),
        4 => Compression::Gzip,
        5 => Compression::Zstd,
        6 => Compression::Bzip2,
        7 => Compression::Xz,
        _ => return bytes.to_vec(),
    };
    let mut packer = Packer::new(Vec::new(), Some(compression)).expect("enough memory");
    packer.write_all(bytes).expect("memory takes all");
    packer.finish().expect("memory takes all")
}

fn read(mut trace: Trace, lenient: bool) {
    let skipped = trace.skipped();
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
    assert!(lenient || skipped.is_empty(), "{skipped}");
}
