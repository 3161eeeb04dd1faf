//! The load: one thread, many connections, each with one batch of requests on its way at a time.
//!
//! It must cost far less than a server, so it makes nothing and parses nothing: requests are slices of bytes made
//! before, replies are counted by their length. The first byte of each batch of replies is looked at, so that an error
//! is not taken for a fast answer.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::area_server::requests::Requests;

/// A server that says nothing for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 64 * 1024;
/// Longer latencies are counted as this long.
const LATENCY_NANOS_MAX: u64 = 60_000_000_000;

/// What a load brought.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) operations: u64,
    pub(crate) wall: Duration,
    /// Nanoseconds from the first byte of a batch sent to the last byte of its replies received.
    pub(crate) latencies: Histogram<u64>,
}

/// When to send no more.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Elapsed(Duration),
    /// Each request once.
    Exhausted,
}

pub(crate) struct Client {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    read_buffer: Box<[u8]>,
    /// Batches sent so far, which chooses the next one.
    batches: usize,
}

struct Connection {
    stream: TcpStream,
    flight: Flight,
}

/// A batch on its way.
struct Flight {
    sent_at: Instant,
    batch: usize,
    /// Bytes of the batch that were sent.
    written: usize,
    /// Bytes of replies to come; zero when the connection is idle.
    awaited: usize,
    /// Whether the next byte read is the first of the replies.
    at_start: bool,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> anyhow::Result<Self> {
        let poll = Poll::new().context("cannot wait for sockets")?;
        let mut client = Self {
            poll,
            events: Events::with_capacity(connections),
            connections: Vec::with_capacity(connections),
            read_buffer: vec![0; READ_BYTES].into_boxed_slice(),
            batches: 0,
        };
        for number in 0..connections {
            client.connections.push(
                client
                    .open(address, Token(number))
                    .with_context(|| format!("cannot connect to {address}"))?,
            );
        }
        Ok(client)
    }

    fn open(&self, address: SocketAddr, token: Token) -> io::Result<Connection> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let flight = Flight { sent_at: Instant::now(), batch: 0, written: 0, awaited: 0, at_start: true };
        Ok(Connection { stream, flight })
    }

    /// Keeps every connection busy with batches of `pipeline` requests, and returns when the last reply has come.
    pub(crate) fn run(
        &mut self,
        requests: &Requests,
        pipeline: usize,
        until: Until,
    ) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let mut outcome = Outcome {
            operations: 0,
            wall: Duration::ZERO,
            latencies: Histogram::new_with_max(LATENCY_NANOS_MAX, 3).context("no histogram")?,
        };
        if matches!(until, Until::Exhausted) {
            self.batches = 0;
        }
        let mut load = Load { requests, pipeline, until, began, busy: 0 };
        for connection in &mut self.connections {
            load.send_next(connection, &mut self.batches)?;
        }
        while load.busy > 0 {
            self.poll.poll(&mut self.events, Some(PATIENCE)).context("cannot wait for sockets")?;
            if self.events.is_empty() {
                bail!("{} connections wait in vain for {} s", load.busy, PATIENCE.as_secs());
            }
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                if connection.flight.awaited == 0 {
                    continue;
                }
                load.write(connection)?;
                if load.read(connection, &mut self.read_buffer)? {
                    let nanos =
                        u64::try_from(connection.flight.sent_at.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    outcome.latencies.saturating_record(nanos);
                    let batch = requests.batch(connection.flight.batch, pipeline);
                    outcome.operations += requests.in_bytes(batch.len()) as u64;
                    load.busy -= 1;
                    load.send_next(connection, &mut self.batches)?;
                }
            }
        }
        outcome.wall = began.elapsed();
        Ok(outcome)
    }
}

/// One run of the client.
struct Load<'a> {
    requests: &'a Requests,
    pipeline: usize,
    until: Until,
    began: Instant,
    /// Connections with a batch on its way.
    busy: usize,
}

impl Load<'_> {
    /// Sends the next batch, unless it is time to stop.
    fn send_next(&mut self, connection: &mut Connection, batches: &mut usize) -> anyhow::Result<()> {
        let now = Instant::now();
        let is_over = match self.until {
            Until::Elapsed(limit) => now - self.began >= limit,
            Until::Exhausted => *batches * self.pipeline >= self.requests.len(),
        };
        if is_over {
            return Ok(());
        }
        let requests = self.requests.batch(*batches, self.pipeline);
        connection.flight = Flight {
            sent_at: now,
            batch: *batches,
            written: 0,
            awaited: self.requests.in_bytes(requests.len()) * self.requests.reply_bytes,
            at_start: true,
        };
        *batches += 1;
        self.busy += 1;
        self.write(connection)
    }

    /// Writes what the socket takes of the batch.
    fn write(&self, connection: &mut Connection) -> anyhow::Result<()> {
        let Connection { stream, flight } = connection;
        let batch = self.requests.batch(flight.batch, self.pipeline);
        while flight.written < batch.len() {
            match stream.write(&batch[flight.written..]) {
                Ok(written) => flight.written += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot send requests"),
            }
        }
        Ok(())
    }

    /// Reads what has come, and says whether that completes the batch.
    fn read(&self, connection: &mut Connection, buffer: &mut [u8]) -> anyhow::Result<bool> {
        let Connection { stream, flight } = connection;
        while flight.awaited > 0 {
            let read = match stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("cannot receive replies"),
            };
            let is_expected = !flight.at_start || buffer[0] == self.requests.reply_start;
            if !is_expected || read > flight.awaited {
                let said = String::from_utf8_lossy(&buffer[..read.min(100)]);
                bail!("the server said something else than expected: {}", said.escape_debug());
            }
            flight.at_start = false;
            flight.awaited -= read;
        }
        Ok(true)
    }
}
