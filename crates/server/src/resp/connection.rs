//! One connection: reads what came, runs every complete request, makes the writes durable, answers.

use std::{io, sync::Arc};

use nuthatch_resp::{ProtocolError, RequestParser, Writer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

use super::session::Session;
use crate::context::Context;

/// Room for at least this much is made before each read: a pipeline of requests comes in at once.
const READ_RESERVE: usize = 16 << 10;
/// Buffers larger than this are given back once they are empty, so that one large value does not cost memory for ever.
const BUFFER_KEPT: usize = 64 << 10;
/// Replies beyond this are sent before further requests of the same read are run.
const REPLIES_HELD: usize = 1 << 20;

/// Serves `stream` until its client leaves, breaks the protocol, or the server drains.
pub(crate) async fn serve(mut stream: TcpStream, context: Arc<Context>, mut draining: watch::Receiver<bool>) {
    let Some(_place) = context.admit() else {
        let _ = stream.write_all(b"-ERR max number of clients reached\r\n").await;
        return;
    };
    let mut connection = Connection::new(Session::new(&context));
    let stopping = draining.clone();
    // Made once: a request costs one poll of it, not a registration.
    let drained = async move { drop(draining.wait_for(|draining| *draining).await) };
    tokio::pin!(drained);
    loop {
        let received = tokio::select! {
            biased;
            received = connection.receive(&mut stream) => received,
            () = &mut drained => break,
        };
        match received {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a client is gone");
                break;
            }
        }
        match connection.answer(&mut stream, &context).await {
            // A client that never stops sending would never let the wait above see that the server drains.
            Ok(Next::Read) if stopping.has_changed().unwrap_or(true) => break,
            Ok(Next::Read) => {}
            Ok(Next::Close) => break,
            Err(error) => {
                tracing::debug!(%error, "a client is gone");
                break;
            }
        }
    }
    let _ = stream.shutdown().await;
}

struct Connection {
    session: Session,
    parser: RequestParser,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// What to do once the requests at hand are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Read,
    Close,
}

impl Connection {
    fn new(session: Session) -> Self {
        let mut parser = RequestParser::default();
        parser.set_authenticated(session.is_authenticated());
        Self { session, parser, input: Vec::new(), output: Vec::new() }
    }

    /// Reads once. Cancelling it loses nothing.
    async fn receive(&mut self, stream: &mut TcpStream) -> io::Result<usize> {
        self.input.reserve(self.parser.reserve_hint(self.input.len()).max(READ_RESERVE));
        stream.read_buf(&mut self.input).await
    }

    /// Runs and answers every complete request in the input.
    async fn answer(&mut self, stream: &mut TcpStream, context: &Context) -> io::Result<Next> {
        let mut consumed = 0;
        let next = loop {
            let stopped = self.run(&mut consumed, context);
            let next = match stopped {
                Stopped::Starved | Stopped::Full => Next::Read,
                Stopped::Quit => Next::Close,
                Stopped::Broken(error) => {
                    let message = format!("ERR {error}");
                    Writer::new(&mut self.output, self.session.protocol()).error(message);
                    Next::Close
                }
            };
            if self.make_durable(context).await == Next::Close {
                break Next::Close;
            }
            stream.write_all(&self.output).await?;
            self.output.clear();
            if stopped != Stopped::Full {
                break next;
            }
        };
        // What is unfinished moves to the front; most often that is nothing.
        self.input.drain(..consumed);
        give_back(&mut self.input);
        give_back(&mut self.output);
        if next == Next::Close {
            stream.write_all(&self.output).await?;
        }
        Ok(next)
    }

    fn run(&mut self, consumed: &mut usize, context: &Context) -> Stopped {
        loop {
            match self.parser.parse(&self.input, consumed) {
                Ok(Some(request)) => {
                    self.session.run(request, context, &mut self.output);
                    if self.session.quits() {
                        return Stopped::Quit;
                    }
                }
                Ok(None) => return Stopped::Starved,
                Err(error) => return Stopped::Broken(error),
            }
            if self.session.takes_authentication_change() {
                self.parser.set_authenticated(self.session.is_authenticated());
            }
            if self.output.len() >= REPLIES_HELD {
                return Stopped::Full;
            }
        }
    }

    /// Waits until the writes that the replies acknowledge are as durable as the log promises. If that fails, the
    /// replies must not be sent: one error takes their place, and the connection ends.
    async fn make_durable(&mut self, context: &Context) -> Next {
        if !self.session.takes_written() {
            return Next::Read;
        }
        let Some(write) = context.keyspace.last_write() else { return Next::Read };
        // First let the worker's other connections that are ready run: one write() then serves them all.
        tokio::task::yield_now().await;
        let Err(error) = context.keyspace.committed(write).await else { return Next::Read };
        tracing::error!(%error, "writes could not be made durable");
        self.output.clear();
        let message = format!("ERR it is not known whether the last writes are durable: {error}");
        Writer::new(&mut self.output, self.session.protocol()).error(message);
        Next::Close
    }
}

/// Why no further request was run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Starved,
    Full,
    Quit,
    Broken(ProtocolError),
}

fn give_back(buffer: &mut Vec<u8>) {
    if buffer.is_empty() && buffer.capacity() > BUFFER_KEPT {
        *buffer = Vec::new();
    }
}
