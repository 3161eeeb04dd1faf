//! Replies from a hostile server: the decoder must not panic, and however the bytes are cut, the same comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nuthatch_resp::{DecodeError, DecodeLimits, Decoder, Value};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let mut strict = DecodeLimits::default();
    strict.line_bytes_max = 1024; // so that short inputs reach it
    strict.values_max = 10_000;
    let (values, error) = run(bytes.chunks(bytes.len().max(1)), strict);
    // Compared as text, since NaN is not equal to itself.
    let whole = format!("{values:?} {error:?}");
    let (cut_values, cut_error) = run(bytes.chunks(usize::from(piece) + 1), strict);
    assert_eq!(whole, format!("{cut_values:?} {cut_error:?}"));

    // What was understood can be said again. A long error comes back as a line, so not under the strict limits.
    let mut wire = Vec::new();
    for value in &values {
        value.encode(&mut wire);
    }
    let (again, error) = run(wire.chunks(4096), DecodeLimits::default());
    assert_eq!((format!("{again:?}"), error), (format!("{values:?}"), None));
});

/// Feeds the pieces as a connection does.
fn run<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    limits: DecodeLimits,
) -> (Vec<Value>, Option<DecodeError>) {
    let mut decoder = Decoder::new(limits);
    let (mut buffer, mut consumed, mut values) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&buffer, &mut consumed) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                Err(error) => return (values, Some(error)),
            }
        }
        buffer.drain(..consumed);
        consumed = 0;
    }
    (values, None)
}
