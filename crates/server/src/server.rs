//! The server as a whole: starts the workers and the doors, and drains them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use nuthatch_keyspace::Keyspace;
use nuthatch_log::LogError;
use tokio::{sync::watch, task::JoinSet};

use crate::{ServerError, Settings, context::Context, expiry, listener, worker::Worker};

/// How long connections may take to finish what they are at once the server drains.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// A server whose doors are open. It serves until [`Shutdown::drain`].
pub struct Server {
    context: Arc<Context>,
    workers: Vec<Worker>,
    resp: Option<SocketAddr>,
    http: Option<SocketAddr>,
    drain: Arc<watch::Sender<bool>>,
    doors: JoinSet<()>,
}

/// Asks a server to stop, from anywhere.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Has the server take no more connections and requests, finish those at hand, and end.
    pub fn drain(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Opens the doors that `settings` names and starts the workers behind them.
    ///
    /// Must be called within a Tokio runtime with I/O and time, on which connections are accepted.
    ///
    /// # Errors
    ///
    /// An address is taken or not to be had, or the system refuses a thread. Nothing is left running then.
    pub fn start(keyspace: Keyspace, settings: Settings) -> Result<Self, ServerError> {
        let resp = settings.resp.map(|address| listener::bind(address, "resp")).transpose()?;
        let http = settings.http.map(|address| listener::bind(address, "http")).transpose()?;
        let address = |listener: &Option<tokio::net::TcpListener>| listener.as_ref()?.local_addr().ok();
        let (resp_address, http_address) = (address(&resp), address(&http));

        let (drain, draining) = watch::channel(false);
        let count = settings.workers.max(1);
        let context = Arc::new(Context::new(Arc::new(keyspace), settings));
        let workers = (0..count)
            .map(|index| Worker::start(index, &context, &draining))
            .collect::<Result<Vec<_>, _>>()?;

        let mut doors = JoinSet::new();
        if let Some(listener) = resp {
            doors.spawn(listener::deal(listener, workers.iter().map(|worker| worker.resp.clone()).collect()));
        }
        if let Some(listener) = http {
            doors.spawn(listener::deal(listener, workers.iter().map(|worker| worker.http.clone()).collect()));
        }
        doors.spawn(expiry::sweep(Arc::clone(&context)));
        Ok(Self { context, workers, resp: resp_address, http: http_address, drain: Arc::new(drain), doors })
    }

    /// Where Redis clients connect.
    #[must_use]
    pub const fn resp(&self) -> Option<SocketAddr> {
        self.resp
    }

    /// Where browsers and `curl` connect.
    #[must_use]
    pub const fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// The handle that stops this server.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        Shutdown(Arc::clone(&self.drain))
    }

    /// Serves until [`Shutdown::drain`], then finishes the requests at hand, for at most ten seconds, and flushes the log.
    ///
    /// # Errors
    ///
    /// The log could not be flushed.
    pub async fn run(mut self) -> Result<(), LogError> {
        // The sender lives in `self`, so waiting ends only with the wanted value.
        let _ = self.drain.subscribe().wait_for(|draining| *draining).await;
        self.doors.shutdown().await;
        let workers = self.workers.into_iter().map(|worker| worker.thread).collect::<Vec<_>>();
        let served_out = tokio::task::spawn_blocking(move || {
            let panicked = workers.into_iter().filter_map(|worker| worker.join().err()).count();
            if panicked > 0 {
                tracing::error!(panicked, "worker threads ended by a panic");
            }
        });
        if tokio::time::timeout(DRAIN_MAX, served_out).await.is_err() {
            tracing::warn!(seconds = DRAIN_MAX.as_secs(), "connections were still busy; closing them");
        }
        self.context.keyspace.log().map_or(Ok(()), nuthatch_log::Log::flush)
    }
}
