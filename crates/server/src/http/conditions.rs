//! Entity tags, and the conditions that requests put on them (RFC 9110, section 13).

use std::hash::BuildHasher;

use axum::http::{HeaderMap, HeaderName, header};
use nuthatch_keyspace::Value;

/// The entity tag of `value`: the same for the same bytes and media type, whenever they were written.
pub(crate) fn entity_tag(value: &Value) -> String {
    let content = (value.content_type(), value.bytes());
    format!("\"{:016x}\"", foldhash::quality::FixedState::default().hash_one(content))
}

/// Whether a write may go ahead over the value that is `held`.
pub(crate) fn write_may_go(headers: &HeaderMap, held: Option<&Value>) -> bool {
    let tag = held.map(entity_tag);
    let listed = |name| lists(headers, name, tag.as_deref());
    listed(header::IF_MATCH) != Some(false) && listed(header::IF_NONE_MATCH) != Some(true)
}

/// Whether the reader has the value already.
pub(crate) fn reader_has(headers: &HeaderMap, tag: &str) -> bool {
    lists(headers, header::IF_NONE_MATCH, Some(tag)) == Some(true)
}

/// Whether the header lists the tag, or is `*` and there is one; `None` if there is no such header.
fn lists(headers: &HeaderMap, name: HeaderName, tag: Option<&str>) -> Option<bool> {
    let mut values = headers.get_all(&name).iter().peekable();
    values.peek()?;
    let mut candidates = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    Some(candidates.any(|candidate| match candidate.trim() {
        "*" => tag.is_some(),
        // A weak tag does not promise the same bytes, which a write over them relies on (section 13.1.1).
        candidate if name == header::IF_MATCH => Some(candidate) == tag,
        candidate => Some(candidate.strip_prefix("W/").unwrap_or(candidate)) == tag,
    }))
}
