//! Listening: binds an address, accepts, and deals the connections out to the workers.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{net::TcpListener, sync::mpsc::UnboundedSender};

use crate::ServerError;

/// Connections that the kernel holds for us while we are busy.
const BACKLOG: i32 = 1024;
/// How long to wait when the process has no file descriptor left for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Starts to listen at once, so that a busy port is known before anything else is started.
pub(crate) fn bind(address: SocketAddr, door: &'static str) -> Result<TcpListener, ServerError> {
    let listen = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restarted server need not wait for the connections of its predecessor to be forgotten.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    listen().map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::AddressInUse { address, door },
        _ => ServerError::Listen { address, door, source },
    })
}

/// Accepts for ever, one connection to each of `workers` in turn.
pub(crate) async fn deal(listener: TcpListener, workers: Vec<UnboundedSender<std::net::TcpStream>>) {
    for worker in workers.iter().cycle() {
        let stream = loop {
            // Into a standard stream: the worker registers it with its own event loop.
            match listener.accept().await.and_then(|(stream, _)| stream.into_std()) {
                Ok(stream) => break stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection; trying again");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            }
        };
        // A worker that is gone is shutting down, and so are we.
        if worker.send(stream).is_err() {
            return;
        }
    }
}
