//! How much a client may ask the server to hold.

/// Bounds on one request. The defaults are those of Redis.
///
/// They bound what the parser accepts, not what it reserves: it never reserves on an announced count or length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Arguments of one request, its name included.
    pub arguments_max: usize,
    /// Length of one argument.
    pub bulk_bytes_max: usize,
    /// Length of a header line and of a whole inline request.
    pub line_bytes_max: usize,
    /// Length of a whole request on the wire, which the caller's buffer has to hold. At most 4 GiB.
    pub request_bytes_max: usize,
}

impl Limits {
    /// Arguments of one request before the client has authenticated.
    pub const UNAUTHENTICATED_ARGUMENTS_MAX: usize = 10;
    /// Length of one argument before the client has authenticated.
    pub const UNAUTHENTICATED_BULK_BYTES_MAX: usize = 16 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            arguments_max: 1024 * 1024,
            bulk_bytes_max: 512 << 20,
            line_bytes_max: 64 << 10,
            request_bytes_max: 1 << 30,
        }
    }
}
