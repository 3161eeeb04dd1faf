//! Our codec against that of the `redis-protocol` crate, both ways, in both dialects.

mod values;

use nuthatch_resp::{Decoder, Protocol, Value, Writer, encode_command};
use proptest::prelude::*;
use redis_protocol::resp2::types::{OwnedFrame as Resp2Frame, Resp2Frame as _};
use redis_protocol::resp3::types::{OwnedFrame as Resp3Frame, Resp3Frame as _, VerbatimStringFormat};
use redis_protocol::{resp2, resp3};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_peer_reads_what_we_write_in_resp3(value in values::value().prop_filter("peer", peer_can_read)) {
        let mut wire = Vec::new();
        value.encode(&mut wire);
        let (frame, used) = resp3::decode::complete::decode(&wire).unwrap().unwrap();
        prop_assert_eq!(used, wire.len());
        prop_assert_eq!(canonical(from_resp3(frame)), canonical(value));
    }

    #[test]
    fn we_read_what_the_peer_writes_in_resp3(value in values::value().prop_filter("peer", peer_can_read)) {
        // The peer's own reading is the way to one of its frames.
        let mut wire = Vec::new();
        value.encode(&mut wire);
        let (frame, _) = resp3::decode::complete::decode(&wire).unwrap().unwrap();
        let mut theirs = vec![0; frame.encode_len(false)];
        let used = resp3::encode::complete::encode(&mut theirs, &frame, false).unwrap();
        let mut consumed = 0;
        let read = Decoder::default().decode(&theirs[..used], &mut consumed).unwrap().unwrap();
        prop_assert_eq!(consumed, used);
        prop_assert_eq!(canonical(read), canonical(value));
    }

    #[test]
    fn both_read_and_write_the_same_resp2(frame in resp2_frame()) {
        let mut ours = Vec::new();
        write_resp2(&frame, &mut Writer::new(&mut ours, Protocol::Resp2));
        let mut theirs = vec![0; frame.encode_len(false)];
        let used = resp2::encode::encode(&mut theirs, &frame, false).unwrap();
        prop_assert_eq!(&ours, &theirs[..used]);
        prop_assert_eq!(resp2::decode::decode(&ours).unwrap(), Some((frame.clone(), ours.len())));
        prop_assert_eq!(Decoder::default().decode(&theirs[..used], &mut 0), Ok(Some(from_resp2(frame))));
    }

    #[test]
    fn requests_are_arrays_of_bulk_strings_to_the_peer(
        arguments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
    ) {
        let mut wire = Vec::new();
        encode_command(&mut wire, &arguments);
        let expected = Resp2Frame::Array(arguments.into_iter().map(Resp2Frame::BulkString).collect());
        prop_assert_eq!(resp2::decode::decode(&wire).unwrap(), Some((expected, wire.len())));
    }
}

/// The peer keeps no attributes on a null nor on a value that has some already.
fn peer_can_read(value: &Value) -> bool {
    let all = |values: &[Value]| values.iter().all(peer_can_read);
    let all_pairs = |pairs: &[(Value, Value)]| {
        pairs.iter().all(|(key, value)| peer_can_read(key) && peer_can_read(value))
    };
    match value {
        Value::Attributed { attributes, value } => {
            !matches!(**value, Value::Null | Value::Attributed { .. })
                && all_pairs(attributes)
                && peer_can_read(value)
        }
        Value::Array(values) | Value::Set(values) | Value::Push(values) => all(values),
        Value::Map(pairs) => all_pairs(pairs),
        _ => true,
    }
}

/// Sets and maps in one order, since the peer keeps none.
fn canonical(value: Value) -> Value {
    let sorted_pairs = |pairs: Vec<(Value, Value)>| {
        let mut pairs: Vec<_> =
            pairs.into_iter().map(|(key, value)| (canonical(key), canonical(value))).collect();
        pairs.sort_by_cached_key(|pair| format!("{pair:?}"));
        pairs
    };
    match value {
        Value::Array(values) => Value::Array(values.into_iter().map(canonical).collect()),
        Value::Push(values) => Value::Push(values.into_iter().map(canonical).collect()),
        Value::Set(values) => {
            let mut values: Vec<_> = values.into_iter().map(canonical).collect();
            values.sort_by_cached_key(|value| format!("{value:?}"));
            Value::Set(values)
        }
        Value::Map(pairs) => Value::Map(sorted_pairs(pairs)),
        Value::Attributed { attributes, value } => {
            Value::Attributed { attributes: sorted_pairs(attributes), value: Box::new(canonical(*value)) }
        }
        scalar => scalar,
    }
}

fn from_resp3(frame: Resp3Frame) -> Value {
    let pairs = |map: redis_protocol::resp3::types::OwnedAttributes| {
        map.into_iter().map(|(key, value)| (from_resp3(key), from_resp3(value))).collect()
    };
    let all = |frames: Vec<Resp3Frame>| frames.into_iter().map(from_resp3).collect();
    let (value, attributes) = match frame {
        Resp3Frame::SimpleString { data, attributes } => (Value::Simple(data), attributes),
        Resp3Frame::SimpleError { data, attributes } => (Value::Error(data.into_bytes()), attributes),
        Resp3Frame::BlobError { data, attributes } => (Value::Error(data), attributes),
        Resp3Frame::Number { data, attributes } => (Value::Integer(data), attributes),
        Resp3Frame::BlobString { data, attributes } => (Value::Bulk(data), attributes),
        Resp3Frame::Null => (Value::Null, None),
        Resp3Frame::Double { data, attributes } => (Value::Double(data), attributes),
        Resp3Frame::Boolean { data, attributes } => (Value::Boolean(data), attributes),
        Resp3Frame::BigNumber { data, attributes } => (Value::BigNumber(data), attributes),
        Resp3Frame::VerbatimString { data, format, attributes } => {
            let format = match format {
                VerbatimStringFormat::Text => *b"txt",
                VerbatimStringFormat::Markdown => *b"mkd",
            };
            (Value::Verbatim { format, text: data }, attributes)
        }
        Resp3Frame::Array { data, attributes } => (Value::Array(all(data)), attributes),
        Resp3Frame::Push { data, attributes } => (Value::Push(all(data)), attributes),
        Resp3Frame::Set { data, attributes } => (Value::Set(all(data.into_iter().collect())), attributes),
        Resp3Frame::Map { data, attributes } => (Value::Map(pairs(data)), attributes),
        other => unreachable!("we wrote no such frame: {other:?}"),
    };
    match attributes {
        Some(attributes) => Value::Attributed { attributes: pairs(attributes), value: Box::new(value) },
        None => value,
    }
}

fn resp2_frame() -> impl Strategy<Value = Resp2Frame> {
    let scalar = prop_oneof![
        "[^\r\n]{0,20}".prop_map(|text| Resp2Frame::SimpleString(text.into_bytes())),
        "[^\r\n]{0,20}".prop_map(Resp2Frame::Error),
        any::<i64>().prop_map(Resp2Frame::Integer),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Resp2Frame::BulkString),
        Just(Resp2Frame::Null),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| prop::collection::vec(inner, 0..6).prop_map(Resp2Frame::Array))
}

fn write_resp2(frame: &Resp2Frame, writer: &mut Writer<'_>) {
    match frame {
        Resp2Frame::SimpleString(text) => writer.simple(text),
        Resp2Frame::Error(message) => writer.error(message),
        Resp2Frame::Integer(value) => writer.integer(*value),
        Resp2Frame::BulkString(bytes) => writer.bulk(bytes),
        Resp2Frame::Null => writer.null(),
        Resp2Frame::Array(frames) => {
            writer.array(frames.len());
            for frame in frames {
                write_resp2(frame, writer);
            }
        }
    }
}

fn from_resp2(frame: Resp2Frame) -> Value {
    match frame {
        Resp2Frame::SimpleString(text) => Value::Simple(text),
        Resp2Frame::Error(message) => Value::Error(message.into_bytes()),
        Resp2Frame::Integer(value) => Value::Integer(value),
        Resp2Frame::BulkString(bytes) => Value::Bulk(bytes),
        Resp2Frame::Null => Value::Null,
        Resp2Frame::Array(frames) => Value::Array(frames.into_iter().map(from_resp2).collect()),
    }
}
