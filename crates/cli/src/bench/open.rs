//! The open loop: requests are sent when they are due, whether or not replies came.
//!
//! A closed loop slows down with the server, so that a stall of a second shows as one slow batch per connection and not
//! as the thousands of requests that would have come in that second. Here every one of them is sent late and counted
//! from when it was due.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::{JoinSet, yield_now};

use super::connection::{Answer, Replies, lost};
use super::load::{Load, Requests};
use super::tally::Tally;
use super::target::Target;

/// Sends `rate` requests per second, in turn over all connections, until the tally's goal is reached.
pub(crate) async fn run(load: &Load, rate: f64, target: &Target, tally: Rc<Tally>) -> anyhow::Result<()> {
    let (mut channels, mut readers) = (Vec::new(), JoinSet::new());
    for _ in 0..load.connections {
        let (reader, writer, replies) = target.connect().await?.into_split();
        let due = Rc::new(RefCell::new(VecDeque::new()));
        channels.push(Channel { writer, out: Vec::new(), sent: 0, due: Rc::clone(&due) });
        readers.spawn_local(take_replies(reader, replies, due, Rc::clone(&tally)));
    }
    let sending = send_when_due(channels, load.requests(1), rate, &tally);
    tokio::select! {
        sent = sending => sent,
        // Readers end only when they fail.
        Some(ended) = readers.join_next() => ended?,
    }
}

/// The sending half of a connection.
struct Channel {
    writer: OwnedWriteHalf,
    out: Vec<u8>,
    /// How much of `out` the socket took.
    sent: usize,
    /// When the requests whose replies are awaited were due, oldest first.
    due: Rc<RefCell<VecDeque<Instant>>>,
}

impl Channel {
    /// Gives the socket what it takes now.
    fn flush(&mut self) -> anyhow::Result<()> {
        while self.sent < self.out.len() {
            match self.writer.try_write(&self.out[self.sent..]) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(lost(error)),
            }
        }
        self.out.clear();
        self.sent = 0;
        Ok(())
    }

    /// Whether the socket is so far behind that sending has to wait. What is due meanwhile is sent later, and counted
    /// from when it was due.
    fn is_full(&self) -> bool {
        self.out.len() - self.sent > BACKLOG_BYTES_MAX
    }
}

async fn send_when_due(
    mut channels: Vec<Channel>,
    mut requests: Requests,
    rate: f64,
    tally: &Tally,
) -> anyhow::Result<()> {
    let start = tally.start();
    let due_at = |index: u64| start + Duration::from_secs_f64(index as f64 / rate);
    let mut index = 0;
    let lanes = channels.len() as u64;
    'sending: loop {
        let now = Instant::now();
        for _ in 0..BURST_MAX {
            let due = due_at(index);
            let channel = &mut channels[(index % lanes) as usize];
            if due > now || channel.is_full() {
                break;
            }
            if tally.take(1, now) == 0 {
                break 'sending;
            }
            requests.encode_next(&mut channel.out, tally);
            channel.due.borrow_mut().push_back(due);
            index += 1;
        }
        for channel in &mut channels {
            channel.flush()?;
        }
        // The runtime's timer ticks in milliseconds; what is nearer is waited for awake, while replies are taken in.
        let wait = due_at(index).saturating_duration_since(Instant::now());
        if wait > TIMER_TICK * 2 {
            tokio::time::sleep(wait - TIMER_TICK).await;
        } else {
            yield_now().await;
        }
    }
    drain(channels, tally).await
}

/// Waits for the replies that are still due.
async fn drain(mut channels: Vec<Channel>, tally: &Tally) -> anyhow::Result<()> {
    let deadline = Instant::now() + DRAIN_TIMEOUT;
    while tally.is_waiting() {
        if Instant::now() > deadline {
            bail!(
                "the server left requests unanswered for {} s after the last was sent",
                DRAIN_TIMEOUT.as_secs()
            );
        }
        for channel in &mut channels {
            channel.flush()?;
        }
        tokio::time::sleep(TIMER_TICK).await;
    }
    Ok(())
}

async fn take_replies(
    mut reader: OwnedReadHalf,
    mut replies: Replies,
    due: Rc<RefCell<VecDeque<Instant>>>,
    tally: Rc<Tally>,
) -> anyhow::Result<()> {
    loop {
        replies.receive(&mut reader).await?;
        let now = Instant::now();
        let mut due = due.borrow_mut();
        while let Some(answer) = replies.next()? {
            let Some(due) = due.pop_front() else { bail!("the server sent a reply that nothing asked for") };
            tally.hits(u64::from(matches!(answer, Answer::Value(_))));
            tally.measured(now.saturating_duration_since(due), 1);
        }
    }
}

const BACKLOG_BYTES_MAX: usize = 256 << 10;
/// Requests sent before replies are looked at.
const BURST_MAX: usize = 1024;
const TIMER_TICK: Duration = Duration::from_millis(1);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
