//! A reply that owns its parts.

/// One reply of either dialect, as [`Decoder`](crate::Decoder) builds it.
///
/// Strings stay bytes: a server promises no encoding.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `+`: a line without CR and LF.
    Simple(Vec<u8>),
    /// `-` or `!`: an error, its code first.
    Error(Vec<u8>),
    /// `:`
    Integer(i64),
    /// `$`: any bytes. A streamed string arrives here whole.
    Bulk(Vec<u8>),
    /// `_`, or `$-1` and `*-1` of RESP2.
    Null,
    /// `*`
    Array(Vec<Value>),
    /// `%`: pairs in the order of the server, repeated keys included.
    Map(Vec<(Value, Value)>),
    /// `~`: elements in the order of the server, repeated ones included.
    Set(Vec<Value>),
    /// `>`: a message out of turn; it answers no request.
    Push(Vec<Value>),
    /// `,`
    Double(f64),
    /// `#`
    Boolean(bool),
    /// `(`: the digits, with a sign if there was one.
    BigNumber(Vec<u8>),
    /// `=`: a text for people.
    Verbatim {
        /// Three bytes such as `txt` or `mkd`.
        format: [u8; 3],
        /// The text behind the colon.
        text: Vec<u8>,
    },
    /// `|`: a value with remarks of the server on it.
    Attributed {
        /// The remarks.
        attributes: Vec<(Value, Value)>,
        /// What they are about: the reply proper.
        value: Box<Value>,
    },
}

impl Value {
    /// Appends the value in RESP3 to `out`.
    ///
    /// Recurses as deep as the value is nested, which for decoded values the decoder bounds.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut writer = crate::Writer::new(out, crate::Protocol::Resp3);
        match self {
            Self::Simple(text) => writer.simple(text),
            Self::Error(message) if message.iter().any(|byte| matches!(byte, b'\r' | b'\n')) => {
                writer.bulk_error(message);
            }
            Self::Error(message) => writer.error(message),
            Self::Integer(value) => writer.integer(*value),
            Self::Bulk(bytes) => writer.bulk(bytes),
            Self::Null => writer.null(),
            Self::Double(value) => writer.double(*value),
            Self::Boolean(value) => writer.boolean(*value),
            Self::BigNumber(digits) => writer.big_number(digits),
            Self::Verbatim { format, text } => writer.verbatim(*format, text),
            Self::Array(elements) => {
                writer.array(elements.len());
                encode_all(elements, out);
            }
            Self::Set(elements) => {
                writer.set(elements.len());
                encode_all(elements, out);
            }
            Self::Push(elements) => {
                writer.push(elements.len());
                encode_all(elements, out);
            }
            Self::Map(pairs) => {
                writer.map(pairs.len());
                encode_pairs(pairs, out);
            }
            Self::Attributed { attributes, value } => {
                writer.attribute(attributes.len());
                encode_pairs(attributes, out);
                value.encode(out);
            }
        }
    }
}

fn encode_all(elements: &[Value], out: &mut Vec<u8>) {
    for element in elements {
        element.encode(out);
    }
}

fn encode_pairs(pairs: &[(Value, Value)], out: &mut Vec<u8>) {
    for (key, value) in pairs {
        key.encode(out);
        value.encode(out);
    }
}
