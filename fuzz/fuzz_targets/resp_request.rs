//! Requests from a hostile client: the parser must not panic, and however the bytes are cut, the same comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nuthatch_resp::{Limits, ProtocolError, RequestParser, encode_command};

fuzz_target!(|input: (u8, u8, bool, &[u8])| {
    let (piece, batch, authenticated, bytes) = input;
    let whole = run(bytes.chunks(bytes.len().max(1)), 1, authenticated);
    let cut = run(bytes.chunks(usize::from(piece) + 1), usize::from(batch % 8) + 1, authenticated);
    assert_eq!(whole, cut);

    // What was understood can be said again.
    let mut wire = Vec::new();
    for request in &whole.0 {
        encode_command(&mut wire, request);
    }
    assert_eq!(run(wire.chunks(7), 3, true), (whole.0, None));
});

type Outcome = (Vec<Vec<Vec<u8>>>, Option<ProtocolError>);

/// Feeds the pieces as a connection does.
fn run<'a>(pieces: impl Iterator<Item = &'a [u8]>, batch: usize, authenticated: bool) -> Outcome {
    let mut limits = Limits::default();
    limits.line_bytes_max = 256; // so that short inputs reach it
    limits.request_bytes_max = 1 << 20;
    let mut parser = RequestParser::new(limits);
    parser.set_authenticated(authenticated);
    let (mut buffer, mut consumed, mut requests) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match parser.parse_batch(&buffer, &mut consumed, batch) {
                Ok(found) if found.is_empty() => break,
                Ok(found) => {
                    requests.extend(found.iter().map(|request| request.iter().map(<[u8]>::to_vec).collect()));
                }
                Err(error) => return (requests, Some(error)),
            }
        }
        buffer.drain(..consumed);
        consumed = 0;
        assert!(parser.reserve_hint(buffer.len()) <= buffer.len().max(64 << 10));
    }
    (requests, None)
}
