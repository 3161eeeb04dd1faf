//! How replies are compared.

use nuthatch_resp::Value;

/// How a reply of ours must agree with that of Redis.
#[derive(Clone, Copy)]
pub(crate) enum Agreement {
    Exact,
    /// Numbers that lie at most a minute apart, whichever unit they count in.
    Near,
    /// The same type, and for maps the same keys among ours.
    Shape,
}

pub(crate) fn parse(line: &str) -> (Agreement, Vec<Vec<u8>>) {
    let (kind, line) = match line.as_bytes() {
        [b'~', ..] => (Agreement::Near, &line[1..]),
        [b'?', ..] => (Agreement::Shape, &line[1..]),
        _ => (Agreement::Exact, line),
    };
    (kind, line.split(' ').map(|word| unescape(word.trim_matches('"'))).collect())
}

fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let (byte, len) = match rest.get(..2) {
            Some("\\x") => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
            Some("\\r") => (b'\r', 2),
            Some("\\n") => (b'\n', 2),
            _ => (u8::try_from(first).unwrap(), 1),
        };
        bytes.push(byte);
        rest = &rest[len..];
    }
    bytes
}

pub(crate) fn agree(kind: Agreement, expected: &[u8], got: &[u8]) -> bool {
    match kind {
        Agreement::Exact => expected == got,
        Agreement::Near => match (decode(expected), decode(got)) {
            (Value::Integer(a), Value::Integer(b)) => a == b || (a > 0 && b > 0 && a.abs_diff(b) <= 60_000),
            _ => expected == got,
        },
        Agreement::Shape => match (decode(expected), decode(got)) {
            (Value::Map(a), Value::Map(b)) => a.iter().map(|(key, _)| key).eq(b.iter().map(|(key, _)| key)),
            (Value::Array(a), Value::Array(b)) => {
                a.iter().step_by(2).eq(b.iter().step_by(2)) && a.len() == b.len()
            }
            _ => expected.first() == got.first(),
        },
    }
}

pub(crate) fn decode(reply: &[u8]) -> Value {
    nuthatch_resp::Decoder::default().decode(reply, &mut 0).unwrap().unwrap()
}
