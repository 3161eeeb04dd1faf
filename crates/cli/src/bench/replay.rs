//! A trace as the traffic of a cache in front of a database: GET, and on a miss SET.
//!
//! The hit ratio is the point, so order is kept: one connection sends the trace in its order, and a SET goes out before
//! the next GET, in the same write. With several connections, or a pipeline, requests of *different* keys may pass each
//! other by a little; two requests of one key never do, since a key belongs to one connection and a batch ends before it
//! would hold a key twice.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use anyhow::bail;
use nuthatch_trace::{Format, Request, Trace};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::DEFAULT_VALUE_BYTES;
use super::closed::join;
use super::connection::{Answer, Connection};
use super::keys::value_bytes;
use super::load::{encode_get, encode_set};
use super::tally::Tally;
use super::target::Target;

/// What to replay and how.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) limit: u64,
    pub(crate) value_bytes: Option<usize>,
    pub(crate) value_bytes_max: usize,
    pub(crate) connections: u16,
    pub(crate) pipeline: u16,
}

impl Replay {
    pub(crate) fn open(&self) -> anyhow::Result<Trace> {
        Ok(Trace::open(&self.path, self.format)?)
    }

    /// Replays `trace` to its end or limit.
    pub(crate) async fn run(&self, trace: Trace, target: &Target, tally: Rc<Tally>) -> anyhow::Result<()> {
        let values = Rc::new(Values::new(self.value_bytes, self.value_bytes_max));
        let (mut feeds, mut lanes) = (Vec::new(), JoinSet::new());
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(target.connect().await?);
        }
        for connection in connections {
            let (feed, requests) = mpsc::channel(FEED_BATCHES);
            feeds.push(feed);
            let lane = Lane {
                connection,
                requests,
                batch: Vec::new().into_iter(),
                pipeline: self.pipeline.into(),
                values: Rc::clone(&values),
                tally: Rc::clone(&tally),
            };
            lanes.spawn_local(lane.run());
        }
        tally.start();
        // Reading stops when a lane fails, whose error is the cause; the lanes stop when reading does.
        let read = feed_lanes(trace, self.limit, feeds, &tally).await;
        join(lanes).await?;
        read
    }

    /// For the report.
    pub(crate) fn describe(&self) -> String {
        let Self { path, connections, pipeline, .. } = self;
        format!("replay of {}, connections {connections}, pipeline {pipeline}", path.display())
    }
}

/// Reads the trace and deals its requests out by key.
async fn feed_lanes(
    mut trace: Trace,
    limit: u64,
    feeds: Vec<mpsc::Sender<Vec<Request>>>,
    tally: &Tally,
) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(FEED_REQUESTS);
    let mut left = limit;
    while left > 0 {
        trace.read_batch(&mut batch, FEED_REQUESTS.min(usize::try_from(left).unwrap_or(usize::MAX)))?;
        if batch.is_empty() {
            break;
        }
        left -= batch.len() as u64;
        tally.progress(
            trace.length_bytes().map(|length| trace.position_bytes() as f64 / length.max(1) as f64),
        );
        let mut shares = vec![Vec::new(); feeds.len()];
        for request in &batch {
            shares[lane_of(request.key, feeds.len())].push(*request);
        }
        for (feed, share) in feeds.iter().zip(shares) {
            if feed.send(share).await.is_err() {
                return Ok(()); // the lane failed and says why
            }
        }
    }
    Ok(())
}

fn lane_of(key: u64, lanes: usize) -> usize {
    // Multiplying mixes towards the high bits, so those choose.
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((u128::from(mixed) * lanes as u128) >> 64) as usize
}

/// One connection and its share of the trace.
struct Lane {
    connection: Connection,
    requests: mpsc::Receiver<Vec<Request>>,
    batch: std::vec::IntoIter<Request>,
    pipeline: usize,
    values: Rc<Values>,
    tally: Rc<Tally>,
}

impl Lane {
    async fn run(mut self) -> anyhow::Result<()> {
        let (mut window, mut misses) = (Vec::new(), Vec::new());
        loop {
            self.fill(&mut window).await;
            if window.is_empty() && misses.is_empty() {
                return Ok(());
            }
            // What the last batch missed is in the cache before this batch asks.
            for missed in misses.iter() {
                self.encode_set(missed);
            }
            for request in &window {
                self.encode_get(request);
            }
            let sets = misses.len();
            misses.clear();
            self.exchange(sets, &window, &mut misses).await?;
            window.clear();
        }
    }

    /// The next requests, as many as may be sent at once: no key twice.
    async fn fill(&mut self, window: &mut Vec<Request>) {
        while window.len() < self.pipeline {
            match self.batch.as_slice().first() {
                Some(next) if window.iter().any(|earlier| earlier.key == next.key) => return,
                Some(_) => window.extend(self.batch.next()),
                None => {
                    // Send what there is rather than wait for more.
                    let more = if window.is_empty() {
                        self.requests.recv().await
                    } else {
                        self.requests.try_recv().ok()
                    };
                    match more {
                        Some(batch) => self.batch = batch.into_iter(),
                        None => return,
                    }
                }
            }
        }
    }

    /// Sends what is encoded; takes the replies to `sets` SETs and then to the GETs of `window`.
    async fn exchange(
        &mut self,
        sets: usize,
        window: &[Request],
        misses: &mut Vec<Request>,
    ) -> anyhow::Result<()> {
        let sent = Instant::now();
        self.connection.flush().await?;
        let total = sets + window.len();
        let mut answered = 0;
        loop {
            let (mut replies, mut hits) = (0, 0);
            while answered < total
                && let Some(answer) = self.connection.next_reply()?
            {
                match (answered.checked_sub(sets), answer) {
                    (None, Answer::Line(_)) => self.tally.answered(1),
                    (Some(_), Answer::Value(_)) => {
                        hits += 1;
                        replies += 1;
                    }
                    (Some(index), Answer::Nothing) => {
                        misses.push(window[index]);
                        replies += 1;
                    }
                    (_, other) => bail!("the server sent an unexpected reply: {other:?}"),
                }
                answered += 1;
            }
            if replies > 0 {
                self.tally.measured(sent.elapsed(), replies);
                self.tally.hits(hits);
            }
            if answered == total {
                return Ok(());
            }
            self.connection.receive().await?;
        }
    }

    fn encode_get(&mut self, request: &Request) {
        self.tally.sent_get();
        let mut text = [0; KEY_BYTES_MAX];
        encode_get(&mut self.connection.out, key_text(request.key, &mut text));
    }

    fn encode_set(&mut self, request: &Request) {
        self.tally.sent_set();
        let mut text = [0; KEY_BYTES_MAX];
        encode_set(&mut self.connection.out, key_text(request.key, &mut text), self.values.of(request));
    }
}

/// The bytes that objects consist of: a prefix of the same random bytes.
struct Values {
    bytes: Vec<u8>,
    /// The one length of all, if they have one.
    len: Option<usize>,
}

impl Values {
    fn new(len: Option<usize>, len_max: usize) -> Self {
        Self { bytes: value_bytes(len.unwrap_or(len_max.max(DEFAULT_VALUE_BYTES))), len }
    }

    fn of(&self, request: &Request) -> &[u8] {
        let len = match (self.len, request.size) {
            (Some(len), _) => len,
            // Formats without sizes say 1, and a trace that has sizes says 0 where it does not know.
            (None, 0 | 1) => DEFAULT_VALUE_BYTES,
            (None, size) => usize::try_from(size).unwrap_or(usize::MAX),
        };
        &self.bytes[..len.min(self.bytes.len())]
    }
}

/// Writes the number of a key in decimal.
fn key_text(key: u64, text: &mut [u8; KEY_BYTES_MAX]) -> &[u8] {
    let mut start = text.len();
    let mut rest = key;
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return &text[start..];
        }
    }
}

const KEY_BYTES_MAX: usize = 20;
/// How many requests are read from the trace at once.
const FEED_REQUESTS: usize = 4096;
/// How many such shares wait for a connection: as far as one may run ahead of another.
const FEED_BATCHES: usize = 2;
