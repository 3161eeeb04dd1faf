//! Errors as RFC 9457 problem documents.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use nuthatch_keyspace::KeyspaceError;
use nuthatch_log::LogError;

/// An error for a person and for a program: a status, and one line that says what is wrong and the way out.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        (self.status, [(CONTENT_TYPE, "application/problem+json")], document.to_string()).into_response()
    }
}

impl From<KeyspaceError> for Problem {
    fn from(error: KeyspaceError) -> Self {
        let status = match error {
            KeyspaceError::KeyTooLong { .. } => StatusCode::URI_TOO_LONG,
            KeyspaceError::ValueTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            KeyspaceError::LargerThanMemory { .. } => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("it is not known whether this write is durable: {error}"),
        )
    }
}
