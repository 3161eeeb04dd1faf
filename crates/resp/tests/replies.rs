//! Replies as servers send them: written, cut into pieces, read back; and what is refused.

mod values;

use nuthatch_resp::{DecodeError, DecodeLimits, Decoder, Protocol, Token, Value, Writer};
use proptest::prelude::*;

fn decode(wire: &[u8]) -> Result<Option<Value>, DecodeError> {
    Decoder::default().decode(wire, &mut 0)
}

/// Feeds `pieces` as a connection does, dropping consumed bytes after each.
fn decode_in_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
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

fn written(protocol: Protocol, write: impl FnOnce(&mut Writer<'_>)) -> String {
    let mut out = Vec::new();
    write(&mut Writer::new(&mut out, protocol));
    out.escape_ascii().to_string()
}

#[test]
fn each_type_is_written_in_its_dialect() {
    type Write = fn(&mut Writer<'_>);
    let cases: &[(Write, &str, &str)] = &[
        (|w| w.ok(), r"+OK\r\n", r"+OK\r\n"),
        (|w| w.simple("PONG"), r"+PONG\r\n", r"+PONG\r\n"),
        (|w| w.error("ERR a\r\n+OK\r\nb"), r"-ERR a  +OK  b\r\n", r"-ERR a  +OK  b\r\n"),
        (|w| w.bulk_error("ERR a\nb"), r"-ERR a b\r\n", r"!7\r\nERR a\nb\r\n"),
        (|w| w.integer(-42), r":-42\r\n", r":-42\r\n"),
        (|w| w.bulk(b"\r\n"), r"$2\r\n\r\n\r\n", r"$2\r\n\r\n\r\n"),
        (|w| w.bulk(""), r"$0\r\n\r\n", r"$0\r\n\r\n"),
        (
            |w| w.bulk_integer(i64::MIN),
            r"$20\r\n-9223372036854775808\r\n",
            r"$20\r\n-9223372036854775808\r\n",
        ),
        (|w| w.null(), r"$-1\r\n", r"_\r\n"),
        (|w| w.null_array(), r"*-1\r\n", r"_\r\n"),
        (|w| w.array(12), r"*12\r\n", r"*12\r\n"),
        (|w| w.map(6), r"*12\r\n", r"%6\r\n"),
        (|w| w.set(3), r"*3\r\n", r"~3\r\n"),
        (|w| w.push(3), r"*3\r\n", r">3\r\n"),
        (|w| w.double(-1.5e300), r"$9\r\n-1.5e+300\r\n", r",-1.5e+300\r\n"),
        (|w| w.double(f64::INFINITY), r"$3\r\ninf\r\n", r",inf\r\n"),
        (|w| w.boolean(true), r":1\r\n", r"#t\r\n"),
        (|w| w.boolean(false), r":0\r\n", r"#f\r\n"),
        (|w| w.big_number("123"), r"$3\r\n123\r\n", r"(123\r\n"),
        (|w| w.verbatim(*b"txt", "hi"), r"$2\r\nhi\r\n", r"=6\r\ntxt:hi\r\n"),
    ];
    for (write, resp2, resp3) in cases {
        assert_eq!(written(Protocol::Resp2, write), *resp2);
        assert_eq!(written(Protocol::Resp3, write), *resp3);
    }
}

#[test]
fn nulls_of_both_dialects_are_one() {
    for wire in [&b"$-1\r\n"[..], b"*-1\r\n", b"_\r\n"] {
        assert_eq!(decode(wire), Ok(Some(Value::Null)));
    }
}

#[test]
fn streamed_values_arrive_whole() {
    let wire = b"*?\r\n:1\r\n$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n%?\r\n+k\r\n~?\r\n.\r\n.\r\n|?\r\n+a\r\n:2\r\n.\r\n#t\r\n.\r\n";
    let expected = Value::Array(vec![
        Value::Integer(1),
        Value::Bulk(b"abc".to_vec()),
        Value::Map(vec![(Value::Simple(b"k".to_vec()), Value::Set(vec![]))]),
        Value::Attributed {
            attributes: vec![(Value::Simple(b"a".to_vec()), Value::Integer(2))],
            value: Box::new(Value::Boolean(true)),
        },
    ]);
    assert_eq!(decode(wire), Ok(Some(expected)));
}

#[test]
fn malformed_replies_are_refused() {
    let cases: &[(&[u8], DecodeError)] = &[
        (b"?", DecodeError::UnknownType { got: b'?' }),
        (b"+a\rb\r\n", DecodeError::InvalidLine),
        (b"+a\nb\r\n", DecodeError::InvalidLine),
        (b"_x\r\n", DecodeError::InvalidLine),
        (b":1.5\r\n", DecodeError::InvalidNumber),
        (b":\r\n", DecodeError::InvalidNumber),
        (b",infinity\r\n", DecodeError::InvalidNumber),
        (b"(12a\r\n", DecodeError::InvalidNumber),
        (b"#true\r\n", DecodeError::InvalidBoolean),
        (b"$-2\r\n", DecodeError::InvalidLength),
        (b"$x\r\n", DecodeError::InvalidLength),
        (b"%-1\r\n", DecodeError::InvalidLength),
        (b"!?\r\n", DecodeError::InvalidLength),
        (b"$536870913\r\n", DecodeError::BulkTooLong { len: 536_870_913 }),
        (b"$1\r\nab\r\n", DecodeError::UnterminatedBulk),
        (b"=3\r\ntxt\r\n", DecodeError::InvalidVerbatim),
        (b"*9223372036854775807\r\n", DecodeError::TooLarge),
        (b".\r\n", DecodeError::Misplaced),
        (b"*1\r\n.\r\n", DecodeError::Misplaced),
        (b";1\r\na\r\n", DecodeError::Misplaced),
        (b"$?\r\n+a\r\n", DecodeError::Misplaced),
        (b"%?\r\n+a\r\n.\r\n", DecodeError::Misplaced),
        (b"|?\r\n+a\r\n.\r\n", DecodeError::Misplaced),
    ];
    for (wire, error) in cases {
        assert_eq!(decode(wire), Err(*error), "{}", wire.escape_ascii());
    }
}

#[test]
fn nesting_is_bounded_and_uses_no_thread_stack() {
    let nested = |depth: usize| [b"*1\r\n".repeat(depth), b":1\r\n".to_vec()].concat();
    assert!(decode(&nested(128)).unwrap().is_some());
    assert_eq!(decode(&nested(129)), Err(DecodeError::TooDeep { max: 128 }));
    assert_eq!(decode(&b"|1\r\n".repeat(1_000_000)), Err(DecodeError::TooDeep { max: 128 }));
}

#[test]
fn a_reply_is_bounded_in_values_and_bytes() {
    let mut limits = DecodeLimits::default();
    limits.values_max = 10;
    let mut decoder = Decoder::new(limits);
    assert_eq!(decoder.decode(b"*11\r\n", &mut 0), Err(DecodeError::TooLarge));
    assert_eq!(decoder.decode(b"+OK\r\n", &mut 0), Err(DecodeError::TooLarge), "an error is final");
    let mut decoder = Decoder::new(limits);
    assert_eq!(
        decoder.decode(&[&b"*?\r\n"[..], &b":1\r\n".repeat(10)].concat(), &mut 0),
        Err(DecodeError::TooLarge)
    );
    // Each reply has the whole budget.
    let replies = b"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n".repeat(5);
    let (values, error) = decode_in_pieces([&replies[..]], limits);
    assert_eq!((values.len(), error), (5, None));

    let mut limits = DecodeLimits::default();
    limits.reply_bytes_max = 20;
    let mut decoder = Decoder::new(limits);
    assert_eq!(decoder.decode(b"*3\r\n$4\r\nabcd\r\n$4\r\nabcd\r\n", &mut 0), Err(DecodeError::TooLarge));
    limits.bulk_bytes_max = 3;
    assert!(Decoder::new(limits).decode(b"$3\r\nabc\r\n", &mut 0).unwrap().is_some());
    let streamed = b"$?\r\n;2\r\nab\r\n;2\r\ncd\r\n";
    limits.reply_bytes_max = 100;
    assert_eq!(Decoder::new(limits).decode(streamed, &mut 0), Err(DecodeError::BulkTooLong { len: 4 }));
    limits.line_bytes_max = 5;
    assert_eq!(Decoder::new(limits).decode(b"+123456", &mut 0), Err(DecodeError::LineTooLong));
    assert!(Decoder::new(limits).decode(b"+12345\r\n", &mut 0).unwrap().is_some());
}

#[test]
fn a_million_elements_in_small_pieces_are_read_once() {
    let mut wire = Vec::new();
    let mut writer = Writer::new(&mut wire, Protocol::Resp2);
    writer.array(1_000_000);
    for i in 0..1_000_000 {
        writer.bulk_integer(i);
    }
    let (values, error) = decode_in_pieces(wire.chunks(64), DecodeLimits::default());
    assert_eq!(error, None);
    assert!(matches!(&values[..], [Value::Array(elements)] if elements.len() == 1_000_000));
}

#[test]
fn a_token_is_read_in_place() {
    let limits = DecodeLimits::default();
    assert_eq!(Token::read(b"$2\r\nhi\r\n+", &limits), Ok(Some((Token::Bulk(b"hi"), 8))));
    assert_eq!(Token::read(b"$2\r\nhi\r", &limits), Ok(None));
    assert_eq!(Token::read(b"", &limits), Ok(None));
}

fn nearly_replies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => values::value().prop_map(|value| {
            let mut out = Vec::new();
            value.encode(&mut out);
            out
        }),
        2 => prop::sample::select(vec!["*?\r\n", "%?\r\n", "|?\r\n", ".\r\n", "$?\r\n", ";2\r\nab\r\n", ";0\r\n", "*2\r\n", "$9\r\n", "\r\n", ":1\r\n"])
            .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_is_read_back(value in values::value()) {
        let mut wire = Vec::new();
        value.encode(&mut wire);
        prop_assert_eq!(decode(&wire), Ok(Some(value)));
    }

    #[test]
    fn cutting_the_input_changes_nothing(input in nearly_replies(), piece in 1..40_usize) {
        let mut limits = DecodeLimits::default();
        limits.depth_max = 4;
        limits.bulk_bytes_max = 30;
        limits.line_bytes_max = 20;
        limits.values_max = 30;
        let whole = decode_in_pieces([&input[..]], limits);
        // A debug string, since a NaN may have come in.
        let whole = format!("{whole:?}");
        prop_assert_eq!(&format!("{:?}", decode_in_pieces(input.chunks(piece), limits)), &whole);
        prop_assert_eq!(&format!("{:?}", decode_in_pieces(input.chunks(1), limits)), &whole);
    }
}
