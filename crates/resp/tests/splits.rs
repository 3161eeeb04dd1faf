//! However bytes are cut on their way, the same requests and errors come out.

use nuthatch_resp::{Limits, ProtocolError, RequestParser, encode_command};
use proptest::prelude::*;

type Parsed = (Vec<Vec<Vec<u8>>>, Option<ProtocolError>);

/// Feeds `pieces` as a connection does: appended to one buffer from which consumed bytes are dropped.
fn parse_in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits, batch: usize) -> Parsed {
    let mut parser = RequestParser::new(limits);
    let (mut buffer, mut consumed, mut requests) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let found = match parser.parse_batch(&buffer, &mut consumed, batch) {
                Ok(found) => found,
                Err(error) => return (requests, Some(error)),
            };
            if found.is_empty() {
                break;
            }
            requests.extend(found.iter().map(|request| request.iter().map(<[u8]>::to_vec).collect()));
        }
        buffer.drain(..consumed);
        consumed = 0;
    }
    (requests, None)
}

/// Cuts `bytes` at `cuts`, which are taken modulo the length.
fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut start = 0;
    for place in places {
        pieces.push(&bytes[start..place]);
        start = place;
    }
    pieces.push(&bytes[start..]);
    pieces
}

fn small_limits() -> Limits {
    let mut limits = Limits::default();
    limits.arguments_max = 20;
    limits.bulk_bytes_max = 200;
    limits.line_bytes_max = 40;
    limits.request_bytes_max = 400;
    limits
}

/// Bytes that often are almost a request.
fn nearly_requests() -> impl Strategy<Value = Vec<u8>> {
    let arguments = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..6);
    let piece = prop_oneof![
        6 => arguments.prop_map(|arguments| {
            let mut out = Vec::new();
            encode_command(&mut out, &arguments);
            out
        }),
        2 => "[ a-z'\"\\\\x0-9]{0,44}\r?\n".prop_map(String::into_bytes),
        1 => prop::sample::select(vec!["*0\r\n", "*-1\r\n", "\r\n", "*3\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*", "$", "\r", "*21\r\n", "$201\r\n"])
            .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn cutting_the_input_changes_nothing(
        input in nearly_requests(),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        batch in 1..5_usize,
    ) {
        let whole = parse_in_pieces([&input[..]], small_limits(), 1);
        prop_assert_eq!(&parse_in_pieces(cut(&input, &cuts), small_limits(), batch), &whole);
        prop_assert_eq!(&parse_in_pieces(input.chunks(1), small_limits(), batch), &whole);
    }

    #[test]
    fn what_is_encoded_is_parsed_back(
        requests in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8), 0..8),
    ) {
        let mut wire = Vec::new();
        for request in &requests {
            encode_command(&mut wire, request);
        }
        prop_assert_eq!(parse_in_pieces(wire.chunks(7), Limits::default(), 3), (requests, None));
    }
}

/// A quadratic parser would look at 2^37 bytes here.
#[test]
fn a_large_argument_in_small_pieces_is_read_once() {
    let mut parser = RequestParser::default();
    let mut buffer = b"*2\r\n$4\r\nECHO\r\n$67108864\r\n".to_vec();
    let header = buffer.len();
    let total = header + (64 << 20) + 2;
    buffer.resize(total, b'x');
    buffer[total - 2..].copy_from_slice(b"\r\n");
    for end in (header..total).step_by(16 << 10) {
        assert!(parser.parse(&buffer[..end], &mut 0).unwrap().is_none());
        assert_eq!(parser.missing(), total - end);
    }
    let mut consumed = 0;
    assert_eq!(parser.parse(&buffer, &mut consumed).unwrap().unwrap()[1].len(), 64 << 20);
    assert_eq!(consumed, total);
}

#[test]
fn a_million_arguments_in_small_pieces_are_read_once() {
    let arguments = vec![b"x"; 1024 * 1024];
    let mut wire = Vec::new();
    encode_command(&mut wire, &arguments);
    let mut parser = RequestParser::default();
    for end in (0..wire.len()).step_by(64) {
        assert!(parser.parse(&wire[..end], &mut 0).unwrap().is_none());
    }
    assert_eq!(parser.parse(&wire, &mut 0).unwrap().unwrap().len(), arguments.len());
}
