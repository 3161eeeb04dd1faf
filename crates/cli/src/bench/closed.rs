//! The closed loop: each connection sends a batch, waits for its replies, and sends the next.

use std::rc::Rc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::connection::{Answer, Connection};
use super::keys::{key_text, value_bytes};
use super::load::{Load, Requests, encode_set};
use super::tally::Tally;
use super::target::Target;

/// Sends `load` over all its connections until the tally's goal is reached.
pub(crate) async fn run(load: &Load, target: &Target, tally: Rc<Tally>) -> anyhow::Result<()> {
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        connections.push(target.connect().await?);
    }
    tally.start();
    let mut lanes = JoinSet::new();
    for (lane, connection) in (1..).zip(connections) {
        lanes.spawn_local(drive(connection, load.requests(lane), load.pipeline.into(), Rc::clone(&tally)));
    }
    join(lanes).await
}

/// Writes every key of `load` once.
pub(crate) async fn preload(load: &Load, target: &Target, tally: Rc<Tally>) -> anyhow::Result<()> {
    let mut connection = target.connect().await?;
    let value = value_bytes(load.value_bytes);
    let batch = (PRELOAD_BATCH_BYTES / (value.len() + 64)).clamp(1, 1000) as u64;
    tally.start();
    let mut key = 0;
    loop {
        let count = tally.take(batch, Instant::now());
        if count == 0 {
            return Ok(());
        }
        for key in key..key + count {
            tally.sent_set();
            encode_set(&mut connection.out, &key_text(key), &value);
        }
        key += count;
        exchange(&mut connection, count, &tally).await?;
    }
}

/// Waits for all tasks; the first to fail ends the others.
pub(crate) async fn join(mut lanes: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = lanes.join_next().await {
        ended??;
    }
    Ok(())
}

async fn drive(
    mut connection: Connection,
    mut requests: Requests,
    pipeline: u64,
    tally: Rc<Tally>,
) -> anyhow::Result<()> {
    let mut now = Instant::now();
    loop {
        let count = tally.take(pipeline, now);
        if count == 0 {
            return Ok(());
        }
        for _ in 0..count {
            requests.encode_next(&mut connection.out, &tally);
        }
        now = exchange(&mut connection, count, &tally).await?;
    }
}

/// Sends what is encoded and waits for its `count` replies; returns when the last came.
async fn exchange(connection: &mut Connection, count: u64, tally: &Tally) -> anyhow::Result<Instant> {
    let sent = Instant::now();
    connection.flush().await?;
    let mut left = count;
    loop {
        let (mut replies, mut hits) = (0, 0);
        while replies < left
            && let Some(answer) = connection.next_reply()?
        {
            replies += 1;
            hits += u64::from(matches!(answer, Answer::Value(_)));
        }
        // One look at the clock for all replies that one read brought.
        let now = Instant::now();
        if replies > 0 {
            tally.measured(now - sent, replies);
            tally.hits(hits);
            left -= replies;
        }
        if left == 0 {
            return Ok(now);
        }
        connection.receive().await?;
    }
}

const PRELOAD_BATCH_BYTES: usize = 256 << 10;
