//! What a server is told when it starts.

use std::net::SocketAddr;

/// How a server shall listen and whom it shall serve.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Redis clients connect. Port 0 picks a free one.
    pub resp: Option<SocketAddr>,
    /// Where browsers and `curl` connect. Port 0 picks a free one.
    pub http: Option<SocketAddr>,
    /// Threads that serve connections, at least one. Default: one per processor, but for one that is left to the kernel, the
    /// log's threads and everything else.
    pub workers: usize,
    /// What RESP clients must say with `AUTH`, and HTTP clients as a bearer token. Default: nothing.
    pub password: Option<String>,
    /// RESP connections served at a time; one more is turned away. Default: 10,000.
    pub connections_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resp: None,
            http: None,
            workers: std::thread::available_parallelism()
                .map_or(1, |processors| usize::from(processors).max(2) - 1),
            password: None,
            connections_max: 10_000,
        }
    }
}
