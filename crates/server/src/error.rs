//! Why a server could not start.

use std::{io, net::SocketAddr};

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address is taken.
    #[error(
        "cannot listen on {address}: another program does already; stop it, or choose another port with --{door}"
    )]
    AddressInUse {
        /// The address asked for.
        address: SocketAddr,
        /// The option that names it: `resp` or `http`.
        door: &'static str,
    },

    /// The operating system refused the address for another reason.
    #[error(
        "cannot listen on {address}; choose an address of this machine and a port that you may use with --{door}"
    )]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The option that names it: `resp` or `http`.
        door: &'static str,
        /// Why.
        source: io::Error,
    },

    /// The operating system refused a thread or an event loop.
    #[error("cannot start a worker thread; fewer --workers may help")]
    Worker {
        /// Why.
        source: io::Error,
    },
}
