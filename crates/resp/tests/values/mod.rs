//! Random values for several test files.

use nuthatch_resp::Value;
use proptest::prelude::*;

/// Any scalar but NaN, which is not equal to itself.
pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        line().prop_map(Value::Simple),
        line().prop_map(Value::Error),
        any::<i64>().prop_map(Value::Integer),
        bytes().prop_map(Value::Bulk),
        Just(Value::Null),
        any::<f64>().prop_filter("NaN", |value| !value.is_nan()).prop_map(Value::Double),
        any::<bool>().prop_map(Value::Boolean),
        "-?[0-9]{1,40}".prop_map(|digits| Value::BigNumber(digits.into_bytes())),
        (prop::sample::select(vec![*b"txt", *b"mkd"]), "\\PC{0,20}")
            .prop_map(|(format, text)| Value::Verbatim { format, text: text.into_bytes() }),
    ]
}

/// Scalars nested in every aggregate. Keys and elements of sets are scalars, each once, which peers insist on.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 64, 6, |inner| {
        let elements = || prop::collection::vec(inner.clone(), 0..6);
        let pairs = || prop::collection::vec((scalar(), inner.clone()), 0..6).prop_map(unique_keys);
        prop_oneof![
            elements().prop_map(Value::Array),
            elements().prop_map(Value::Push),
            prop::collection::vec(scalar(), 0..6).prop_map(|elements| Value::Set(unique(elements))),
            pairs().prop_map(Value::Map),
            (pairs(), inner.clone())
                .prop_map(|(attributes, value)| Value::Attributed { attributes, value: Box::new(value) }),
        ]
    })
}

/// Text without line ends that is valid UTF-8, as peers want errors to be.
fn line() -> impl Strategy<Value = Vec<u8>> {
    "[^\r\n]{0,20}".prop_map(String::into_bytes)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn unique(mut elements: Vec<Value>) -> Vec<Value> {
    elements.sort_by_cached_key(|value| format!("{value:?}"));
    elements.dedup();
    elements
}

fn unique_keys(mut pairs: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    pairs.sort_by_cached_key(|(key, _)| format!("{key:?}"));
    pairs.dedup_by(|a, b| a.0 == b.0);
    pairs
}
