//! A worker: one thread, one event loop, the connections that were dealt to it.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::{
    net::TcpStream,
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    task::JoinSet,
};

use crate::{ServerError, context::Context, http, resp};

/// Where to send a worker its connections.
pub(crate) struct Worker {
    pub(crate) resp: UnboundedSender<std::net::TcpStream>,
    pub(crate) http: UnboundedSender<std::net::TcpStream>,
    pub(crate) thread: JoinHandle<()>,
}

impl Worker {
    /// Starts worker number `index`. It ends once `draining` turns true and its connections have been served out.
    pub(crate) fn start(
        index: usize,
        context: &Arc<Context>,
        draining: &watch::Receiver<bool>,
    ) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Worker { source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (resp, resp_inbox) = unbounded_channel();
        let (http, http_inbox) = unbounded_channel();
        let (context, draining) = (Arc::clone(context), draining.clone());
        let work = async move {
            let http = http::serve(Dealt(http_inbox), Arc::clone(&context), draining.clone());
            tokio::join!(serve_resp(Dealt(resp_inbox), context, draining), http);
        };
        let thread = thread::Builder::new()
            .name(format!("nuthatch-worker-{index}"))
            .spawn(move || runtime.block_on(work))
            .map_err(failed)?;
        Ok(Self { resp, http, thread })
    }
}

/// The connections dealt to one worker.
pub(crate) struct Dealt(UnboundedReceiver<std::net::TcpStream>);

impl Dealt {
    /// The next connection, `None` when no more will come.
    pub(crate) async fn next(&mut self) -> Option<TcpStream> {
        loop {
            let registered = self.0.recv().await.map(|stream| {
                stream.set_nodelay(true)?;
                TcpStream::from_std(stream)
            })?;
            match registered {
                Ok(stream) => return Some(stream),
                Err(error) => tracing::debug!(%error, "a connection was gone before it was served"),
            }
        }
    }
}

impl axum::serve::Listener for Dealt {
    type Io = TcpStream;
    type Addr = ();

    async fn accept(&mut self) -> (TcpStream, ()) {
        match self.next().await {
            Some(stream) => (stream, ()),
            // The server stops: it will ask for no more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

async fn serve_resp(mut dealt: Dealt, context: Arc<Context>, draining: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut drained = draining.clone();
    loop {
        tokio::select! {
            stream = dealt.next() => match stream {
                Some(stream) => drop(connections.spawn(resp::serve(stream, Arc::clone(&context), draining.clone()))),
                None => break,
            },
            // Ended connections are taken off as they end, lest the set grow for ever.
            Some(_) = connections.join_next() => {}
            _ = drained.wait_for(|draining| *draining) => break,
        }
    }
    while connections.join_next().await.is_some() {}
}
