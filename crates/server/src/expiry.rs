//! Reclaims the room of keys that expired and that nobody asks for.

use std::{sync::Arc, time::Duration};

use crate::context::Context;

/// How often to look, and at how many entries of each shard of memory (of the log at 32 times as many in all): a million
/// idle keys are gone through in a few minutes.
const PERIOD: Duration = Duration::from_millis(100);
const KEYS_PER_LOOK: u32 = 32;
const RETRY: Duration = Duration::from_secs(10);

pub(crate) async fn sweep(context: Arc<Context>) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        ticks.tick().await;
        if let Err(error) = context.keyspace.sweep(KEYS_PER_LOOK) {
            tracing::warn!(%error, "cannot look for expired keys; trying again");
            // Damage does not mend by itself: not ten lines a second.
            tokio::time::sleep(RETRY).await;
        }
    }
}
