//! What a client did wrong, in the words Redis uses.

/// A request that cannot be parsed. The stream has lost its framing: send `-ERR ` and this text, then close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// `*` is followed by something that is no count, or by a count above [`Limits::arguments_max`](crate::Limits).
    #[error("Protocol error: invalid multibulk length")]
    InvalidMultibulkLength,

    /// More than ten arguments before authentication.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedMultibulkLength,

    /// The line of a count does not end within [`Limits::line_bytes_max`](crate::Limits).
    #[error("Protocol error: too big mbulk count string")]
    TooBigMultibulkCount,

    /// An argument does not start with `$`.
    #[error("Protocol error: expected '$', got '{}'", Printable(*got))]
    ExpectedBulk {
        /// The byte in its place.
        got: u8,
    },

    /// `$` is followed by something that is no length, or by one above [`Limits::bulk_bytes_max`](crate::Limits).
    #[error("Protocol error: invalid bulk length")]
    InvalidBulkLength,

    /// An argument of more than 16 KiB before authentication.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedBulkLength,

    /// The line of a length does not end within [`Limits::line_bytes_max`](crate::Limits).
    #[error("Protocol error: too big bulk count string")]
    TooBigBulkCount,

    /// An argument is longer than it announced. Redis skips two bytes here whatever they are; refusing them catches a
    /// client that has lost count before its data is run as commands.
    #[error("Protocol error: expected CRLF after bulk")]
    UnterminatedBulk,

    /// An inline request does not end within [`Limits::line_bytes_max`](crate::Limits).
    #[error("Protocol error: too big inline request")]
    TooBigInline,

    /// An inline request has a quote that is not closed, or one that is closed in the middle of a word.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,

    /// The whole request exceeds [`Limits::request_bytes_max`](crate::Limits). Redis closes without a word here.
    #[error("Protocol error: too big request")]
    TooBigRequest,
}

/// A byte as Redis prints it with `%c`, except that control bytes are escaped.
struct Printable(u8);

impl std::fmt::Display for Printable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_ascii_graphic() || self.0 == b' ' {
            write!(f, "{}", char::from(self.0))
        } else {
            write!(f, "\\x{:02x}", self.0)
        }
    }
}
