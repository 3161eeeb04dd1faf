//! `/cache/{key}`: bytes in, bytes out.

use std::error::Error;

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::{OriginalUri, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use nuthatch_keyspace::{Ttl, Value};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{
    Door,
    conditions::{entity_tag, reader_has, write_may_go},
    parse_ttl,
    problem::Problem,
};

const PREFIX: &str = "/cache/";
/// What a value is said to be if it did not come with a media type.
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// GET and, with the body left out by the server, HEAD.
pub(super) async fn get(
    State(door): State<Door>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = key(uri.path())?;
    let Some(value) = door.context.keyspace.get(key.as_bytes())? else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "there is no value under this key"));
    };
    let tag = entity_tag(&value);
    let mut response = if reader_has(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content_type = value.content_type().and_then(|text| HeaderValue::from_str(text).ok());
        ([(header::CONTENT_TYPE, content_type.unwrap_or(BYTES))], value.bytes().to_vec()).into_response()
    };
    let fields = response.headers_mut();
    fields.insert(header::ETAG, tag_value(&tag));
    if let Ttl::At(at) = door.context.keyspace.ttl(key.as_bytes())? {
        let seconds = at.saturating_sub(door.context.keyspace.unix_millis()) / 1000;
        if let Ok(max_age) = HeaderValue::from_str(&format!("max-age={seconds}")) {
            fields.insert(header::CACHE_CONTROL, max_age);
        }
    }
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PutQuery {
    ttl: Option<String>,
}

pub(super) async fn put(
    State(door): State<Door>,
    OriginalUri(uri): OriginalUri,
    query: Result<Query<PutQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let key = key(uri.path())?;
    let Query(PutQuery { ttl }) =
        query.map_err(|error| bad(format!("{error}; only ttl is known, as in ?ttl=30s")))?;
    let ttl = ttl
        .map(|text| {
            let wrong = || {
                bad(format!("ttl \"{text}\" is no time to live; write for instance 500ms, 30s, 5m, 2h or 1d"))
            };
            parse_ttl(&text).ok_or_else(wrong)
        })
        .transpose()?;
    let too_large = || {
        let detail =
            format!("the body is larger than {} bytes, the most that a value may have", Value::LEN_MAX);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    // Refused on its announcement: neither side need move half a gigabyte to learn that it was in vain.
    if body.size_hint().lower() > Value::LEN_MAX as u64 {
        return Err(too_large());
    }
    let body = to_bytes(body, Value::LEN_MAX).await.map_err(|error| match error.source() {
        Some(cause) if cause.is::<LengthLimitError>() => too_large(),
        _ => bad("the body broke off; send it again".to_owned()),
    })?;
    let value = match headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) {
        None => Value::new(&body),
        Some(content_type) => content_type
            .ok()
            .and_then(|content_type| Value::document(content_type, &body))
            .ok_or_else(|| {
                bad(format!("Content-Type must be ASCII of at most {} bytes", Value::CONTENT_TYPE_LEN_MAX))
            })?,
    };
    let tag = entity_tag(&value);
    let keyspace = &door.context.keyspace;
    let expires_at = ttl
        .map(|ttl| keyspace.unix_millis().saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)));
    let mut existed = false;
    let written = keyspace.set_if(key.as_bytes(), value, expires_at, |held| {
        existed = held.is_some();
        write_may_go(&headers, held)
    })?;
    if !written {
        return Err(condition_failed());
    }
    durable(&door).await?;
    let status = if existed { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
    Ok((status, [(header::ETAG, tag_value(&tag))]).into_response())
}

pub(super) async fn delete(
    State(door): State<Door>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = key(uri.path())?;
    let mut existed = false;
    let removed = door.context.keyspace.remove_if(key.as_bytes(), |held| {
        existed = held.is_some();
        write_may_go(&headers, held)
    })?;
    match (removed, existed) {
        (true, _) => {
            durable(&door).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        (false, true) => Err(condition_failed()),
        (false, false) if headers.contains_key(header::IF_MATCH) => Err(condition_failed()),
        (false, false) => Err(Problem::new(StatusCode::NOT_FOUND, "there is no value under this key")),
    }
}

/// Waits until the writes so far are as durable as the log promises.
async fn durable(door: &Door) -> Result<(), Problem> {
    if let Some(write) = door.context.keyspace.last_write() {
        door.context.keyspace.committed(write).await?;
    }
    Ok(())
}

/// The key in `path`: what follows `/cache/`, percent-decoded.
fn key(path: &str) -> Result<std::borrow::Cow<'_, str>, Problem> {
    let encoded = path.strip_prefix(PREFIX).unwrap_or_default();
    percent_decode_str(encoded).decode_utf8().map_err(|error| {
        let detail = format!(
            "the key is not UTF-8 after percent-decoding (byte {}); binary keys can be reached over RESP",
            error.valid_up_to()
        );
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

fn condition_failed() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "the value is not the one that If-Match or If-None-Match asks for; read it again and decide anew",
    )
}

fn tag_value(tag: &str) -> HeaderValue {
    // Quotes and hexadecimal digits: always a valid header.
    HeaderValue::from_str(tag).unwrap_or(HeaderValue::from_static("\"\""))
}
