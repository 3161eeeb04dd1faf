//! One connection: batches out, replies in, nothing allocated per request.

use std::io;

use anyhow::{Context as _, anyhow, bail};
use nuthatch_resp::{DecodeLimits, Token, encode_command};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A connection and its buffers.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Requests to be sent by the next [`flush`](Self::flush).
    pub(crate) out: Vec<u8>,
    replies: Replies,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, out: Vec::new(), replies: Replies::default() }
    }

    /// Sends what is in `out` and empties it.
    ///
    /// Replies are taken in meanwhile: a server that stops reading until its replies are taken would wait for us while
    /// we wait for it.
    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        let (mut reader, mut writer) = self.stream.split();
        let mut sent = 0;
        while sent < self.out.len() {
            tokio::select! {
                biased; // nearly always the write ends at once
                written = writer.write(&self.out[sent..]) => sent += written.map_err(lost)?,
                received = self.replies.receive(&mut reader) => received?,
            }
        }
        self.out.clear();
        Ok(())
    }

    /// Waits for more bytes of replies.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<()> {
        self.replies.receive(&mut self.stream).await
    }

    /// The next reply, if it is complete.
    pub(crate) fn next_reply(&mut self) -> anyhow::Result<Option<Answer<'_>>> {
        self.replies.next()
    }

    /// One command and its reply, for what comes before and after the measurement.
    pub(crate) async fn ask(&mut self, command: &[&str]) -> anyhow::Result<Vec<u8>> {
        encode_command(&mut self.out, command);
        self.flush().await?;
        loop {
            if let Some(answer) = self.replies.next()? {
                return Ok(match answer {
                    Answer::Value(text) | Answer::Line(text) => text.to_vec(),
                    Answer::Number(number) => number.to_string().into_bytes(),
                    Answer::Nothing => Vec::new(),
                });
            }
            self.replies.receive(&mut self.stream).await?;
        }
    }

    /// The two directions apart, for a sender that does not wait for replies.
    pub(crate) fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf, Replies) {
        let (reader, writer) = self.stream.into_split();
        (reader, writer, self.replies)
    }
}

/// A reply to one of the few commands that are sent here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// A GET that hit.
    Value(&'a [u8]),
    /// A GET that missed.
    Nothing,
    /// A SET.
    Line(&'a [u8]),
    Number(i64),
}

/// The received bytes that were not looked at yet.
#[derive(Default)]
pub(crate) struct Replies {
    input: Vec<u8>,
    consumed: usize,
    limits: DecodeLimits,
}

impl Replies {
    pub(crate) async fn receive(&mut self, reader: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<()> {
        self.input.drain(..self.consumed);
        self.consumed = 0;
        self.input.reserve(READ_BYTES);
        match reader.read_buf(&mut self.input).await {
            Ok(0) => bail!("the server closed the connection"),
            Ok(_) => Ok(()),
            Err(error) => Err(lost(error)),
        }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Answer<'_>>> {
        let Self { input, consumed, limits } = self;
        let read = Token::read(&input[*consumed..], limits).context("the server's reply is no RESP")?;
        let Some((token, len)) = read else { return Ok(None) };
        *consumed += len;
        Ok(Some(match token {
            Token::Bulk(value) => Answer::Value(value),
            Token::Null => Answer::Nothing,
            Token::Simple(line) => Answer::Line(line),
            Token::Integer(number) => Answer::Number(number),
            Token::Error(message) => {
                let message = String::from_utf8_lossy(message).replace(char::is_control, "?");
                bail!("the server replied with an error: {message}");
            }
            other => bail!("the server sent an unexpected reply: {other:?}"),
        }))
    }
}

/// Whichever call notices first that the server is gone, the user reads the same.
pub(crate) fn lost(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            anyhow!("the server closed the connection")
        }
        _ => anyhow::Error::from(error).context("the connection to the server failed"),
    }
}

const READ_BYTES: usize = 32 << 10;
