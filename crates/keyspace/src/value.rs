//! A value as it lies in memory and in the log.

use std::{str, sync::Arc};

/// What a key holds: bytes, and for those that came with one, their media type. Cheap to clone.
///
/// In memory and in the log alike a value is one run of bytes: a tag that tells its kind, what that kind needs, and the
/// payload. So a write to the log copies nothing twice, and a read from it nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(Arc<[u8]>);

/// The payload follows.
const BYTES: u8 = 0;
/// The length of a media type in one byte, the media type and the payload follow.
const DOCUMENT: u8 = 1;

impl Value {
    /// The most bytes that a media type may have.
    pub const CONTENT_TYPE_LEN_MAX: usize = u8::MAX as usize;
    /// The most bytes that a value's payload may have: 512 MiB, less what a media type takes in the log's record.
    pub const LEN_MAX: usize = nuthatch_log::VALUE_BYTES_MAX - 2 - Self::CONTENT_TYPE_LEN_MAX;

    /// The value with payload `bytes`. One allocation.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self::concat(&[&[BYTES], bytes])
    }

    /// The value with payload `bytes` of the media type `content_type`, or `None` if that is longer than
    /// [`CONTENT_TYPE_LEN_MAX`](Self::CONTENT_TYPE_LEN_MAX).
    #[must_use]
    pub fn document(content_type: &str, bytes: &[u8]) -> Option<Self> {
        let len = u8::try_from(content_type.len()).ok()?;
        Some(Self::concat(&[&[DOCUMENT, len], content_type.as_bytes(), bytes]))
    }

    /// This value with `tail` at its end.
    #[must_use]
    pub fn append(&self, tail: &[u8]) -> Self {
        Self::concat(&[&self.0, tail])
    }

    /// The payload.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0[payload_start(&self.0).unwrap_or(0)..]
    }

    /// The media type that the value came with.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        match *self.0 {
            [DOCUMENT, len, ref rest @ ..] => str::from_utf8(rest.get(..len.into())?).ok(),
            _ => None,
        }
    }

    /// The value as it is kept in the log.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.0
    }

    /// The value that the log kept, or `None` if this version does not know its kind.
    pub(crate) fn decode(encoded: Arc<[u8]>) -> Option<Self> {
        payload_start(&encoded).map(|_| Self(encoded))
    }

    fn concat(parts: &[&[u8]]) -> Self {
        // An iterator of exactly known length makes one allocation, which a Vec turned into an Arc would not.
        match parts {
            [[tag], bytes] => Self(std::iter::once(*tag).chain(bytes.iter().copied()).collect()),
            _ => Self(parts.concat().into()),
        }
    }
}

fn payload_start(encoded: &[u8]) -> Option<usize> {
    let start = match *encoded {
        [BYTES, ..] => 1,
        [DOCUMENT, len, ..] => 2 + usize::from(len),
        _ => return None,
    };
    (start <= encoded.len()).then_some(start)
}
